#!/usr/bin/env bash
# Checks a demo repository with stock tools only: git, ssh-keygen, sha256sum, b3sum, python3.
#
# usage: test_without_gatos.sh REPOSITORY     (GATOS names the command, for one export; default `gatos`)
#
# Then it changes one byte of a copy and expects every judge to object, so that a check which
# accepts anything is itself found out.
set -euo pipefail

repository=${1:?usage: test_without_gatos.sh REPOSITORY}
gatos=${GATOS:-gatos}
python=${PYTHON:-python3}
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

say() { printf 'without gatos: %s\n' "$*"; }
die() { say "FAILED: $*"; exit 1; }
refuses() { if "$@" >"$scratch/refused" 2>&1; then return 1; fi; }

say "git fsck --strict"
git -C "$repository" fsck --strict --no-dangling

say "a mirror clone has every ref"
git clone --quiet --mirror "$repository" "$scratch/mirror"
refs() { git -C "$1" for-each-ref --format='%(refname) %(objectname)' refs/gatos/ ; }
diff <(refs "$repository" | grep -v ' refs/gatos/cache/') <(refs "$scratch/mirror") || die "the mirror differs"

# Every namespace that has a checkpoint.
namespaces=$(git -C "$scratch/mirror" for-each-ref --format='%(refname)' 'refs/gatos/state/' |
    sed -n 's,^refs/gatos/state/\(.*\)/head$,\1,p')
[ -n "$namespaces" ] || die "no namespace has a checkpoint"

for namespace in $namespaces; do
    say "roots of $namespace, from the mirror"
    "$python" "$here/recompute_roots.py" "$scratch/mirror" "$namespace"

    say "one event of $namespace by hand"
    journal=$(git -C "$scratch/mirror" for-each-ref --format='%(refname)' --count=1 "refs/gatos/journal/$namespace/")
    git -C "$scratch/mirror" log -1 --format=%B "$journal" >"$scratch/message"
    sed -n 3p "$scratch/message" | tr -d '\n' >"$scratch/envelope"
    stated=$(sed -n 's/^Event-Id: blake3://p' "$scratch/message")
    [ "$(b3sum --no-names "$scratch/envelope")" = "$stated" ] || die "b3sum says another event id"

    say "the same event, exported, under ssh-keygen"
    rm -rf "$scratch/export"
    "$gatos" -C "$repository" event export "blake3:$stated" -o "$scratch/export" >/dev/null
    cmp "$scratch/envelope" "$scratch/export/event.json" || die "the export is not what was signed"
    signer=$(ssh-keygen -Y find-principals -s "$scratch/export/event.json.sig" -f "$scratch/export/allowed_signers")
    judge() {
        ssh-keygen -Y verify -n gatos-event -I "$signer" -f "$scratch/export/allowed_signers" \
            -s "$scratch/export/event.json.sig" <"$1"
    }
    judge "$scratch/export/event.json"

    say "one changed byte is refused"
    sed 's/"v":1/"v":2/' "$scratch/export/event.json" >"$scratch/forged"
    ! cmp -s "$scratch/forged" "$scratch/export/event.json" || die "the forgery changed nothing"
    refuses judge "$scratch/forged" || die "ssh-keygen accepted a forged event"
    head=$(git -C "$scratch/mirror" rev-parse "$journal")
    below=$(git -C "$scratch/mirror" rev-parse --verify --quiet "$journal~1" || true)
    if [ -n "$below" ]; then
        git -C "$scratch/mirror" update-ref "$journal" "$below" "$head"
        refuses "$python" "$here/recompute_roots.py" "$scratch/mirror" "$namespace" ||
            die "the script accepted a journal that lost its last event"
        git -C "$scratch/mirror" update-ref "$journal" "$head" "$below"
    fi
done
say "everything agrees"
