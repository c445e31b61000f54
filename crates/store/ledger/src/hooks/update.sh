#!/bin/sh
# gatos update hook, version 1
#
# Installed by `gatos init`; needs nothing but git. Called by git for every ref of a push with
# <ref> <old id> <new id>. Refs of the ledger only move forward: no deletion, no rewriting, and no
# merge into what is signed in order. `refs/replace/` is refused, since a replacement changes what
# a commit seems to say.
# (receive.denyNonFastForwards and receive.denyDeletes guard refs/heads/ alone.)

ref=$1
old=$2
new=$3

GIT_NO_REPLACE_OBJECTS=1
GIT_GRAFT_FILE=/dev/null/none
export GIT_NO_REPLACE_OBJECTS GIT_GRAFT_FILE

refuse() {
    echo "FF_VIOLATION: $ref: $1" >&2
    echo "hint: $2" >&2
    exit 1
}

merges=refused
case $ref in
refs/replace/*)
    refuse "replace refs are not accepted" "remove the refspec for refs/replace/ from the push"
    ;;
refs/gatos/state/* | refs/gatos/folds/* | refs/gatos/policies/*)
    # What two clones computed or installed side by side is joined by a sync.
    merges=allowed
    ;;
refs/gatos/journal/* | refs/gatos/sessions/* | refs/gatos/governance | refs/gatos/governance/*) ;;
refs/gatos/attest/* | refs/gatos/audit/* | refs/gatos/epoch/*) ;;
*)
    exit 0
    ;;
esac

case $new in
*[!0]*) ;;
*) refuse "it cannot be deleted" "the ledger keeps everything; open a new journal instead" ;;
esac

kind=$(git cat-file -t "$new") || refuse "$new cannot be read" "push again"
if [ "$kind" != commit ]; then
    refuse "it would hold a $kind, not a commit" "push the ref as gatos wrote it"
fi

case $old in
*[!0]*)
    git merge-base --is-ancestor "$old" "$new" ||
        refuse "it would be rewritten: $new does not continue $old" "run \`gatos sync\`, never \`git push --force\`"
    range=$old..$new
    ;;
*)
    range=$new
    ;;
esac

if [ $merges = refused ]; then
    merge=$(git rev-list --min-parents=2 --max-count=1 "$range" --) ||
        refuse "the history of $new cannot be read" "push again"
    if [ -n "$merge" ]; then
        refuse "$merge is a merge" "append on top of the tip instead of merging"
    fi
fi
exit 0
