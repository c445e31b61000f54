#!/bin/sh
# gatos pre-push hook, version 1
#
# Installed by `gatos init`. Called by git with <remote> <url> before anything goes, with
# `<local ref> <local id> <remote ref> <remote id>` lines on standard input. To a remote inside everything may go.
# Towards any other the gatos program says what stays here; where it cannot be run, no ref of the ledger leaves.
# (`gatos sync` asks by itself and says so in GATOS_LEAVING_JUDGED. `git push --no-verify` asks nobody.)

[ -n "$GATOS_LEAVING_JUDGED" ] && exit 0
side=$(git config "remote.$1.gatosSide")
[ "$side" = internal ] && exit 0

program=$(git config --type=path gatos.program)
if [ -z "$program" ] || [ ! -x "$program" ]; then
    program=$(command -v gatos) || {
        while read -r line; do
            case $line in
            *refs/gatos/*)
                echo "GATE_CLOSED: $line: the gatos program cannot be run here, so nothing says whether it may leave" >&2
                echo "hint: set its path: git config gatos.program /path/to/gatos" >&2
                exit 1
                ;;
            esac
        done
        exit 0
    }
fi
if [ -z "$GATOS_HOME" ]; then
    home=$(git config --type=path gatos.home) && GATOS_HOME=$home && export GATOS_HOME
fi

exec "$program" hook pre-push "$1" "$2"
