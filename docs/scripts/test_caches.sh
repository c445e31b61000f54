#!/usr/bin/env bash
# Shows that checkpoints and index files are caches: deleted, and computed again to the same bytes.
#
# usage: test_caches.sh REPOSITORY     (GATOS names the command; default `gatos`)
# Works on a copy; the repository is left alone.
set -euo pipefail

repository=${1:?usage: test_caches.sh REPOSITORY}
gatos=${GATOS:-gatos}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

cp -R "$repository" "$scratch/copy"
cd "$scratch/copy"
private=$(git rev-parse --git-common-dir)/gatos
events() { "$gatos" event log --json --ns "$1" | git hash-object --stdin; }

git for-each-ref --format='%(refname)' refs/gatos/state/ | sed -n 's,^refs/gatos/state/\(.*\)/head$,\1,p' >"$scratch/namespaces"
[ -s "$scratch/namespaces" ] || { echo "caches: FAILED: no namespace has a checkpoint"; exit 1; }
while read -r namespace; do
    head=$(git rev-parse "refs/gatos/state/$namespace/head^{tree}")
    log=$(events "$namespace")
    git update-ref -d "refs/gatos/state/$namespace/head"
    rm -rf "${private:?}/index"
    [ "$(events "$namespace")" = "$log" ] || { echo "caches: FAILED: $namespace lost events with its index"; exit 1; }
    "$gatos" fold run -q --ns "$namespace"
    again=$(git rev-parse "refs/gatos/state/$namespace/head^{tree}")
    [ "$again" = "$head" ] || { echo "caches: FAILED: $namespace has another state, $again instead of $head"; exit 1; }
    printf 'caches: %s is the same again, tree %s\n' "$namespace" "$again"
done <"$scratch/namespaces"
"$gatos" verify
