#!/bin/sh
# gatos pre-receive hook, version 1
#
# Installed by `gatos init --profile push-gate`. Called by git once for a push, before any ref moves, with
# `<old id> <new id> <ref>` lines on standard input. The gatos program judges them and keeps the record; where it
# cannot be run, nothing is let in.

program=$(git config --type=path gatos.program)
if [ -z "$program" ] || [ ! -x "$program" ]; then
    program=$(command -v gatos) || {
        echo "GATE_CLOSED: the gatos program cannot be run here, so nothing can be judged or let in" >&2
        echo "hint: the operator sets its path: git config gatos.program /path/to/gatos" >&2
        exit 1
    }
fi
home=$(git config --type=path gatos.home) && GATOS_HOME=$home && export GATOS_HOME

exec "$program" hook pre-receive
