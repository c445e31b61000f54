#!/usr/bin/env python3
"""Recompute the four roots of a GATOS checkpoint without GATOS.

usage: recompute_roots.py REPOSITORY NAMESPACE [REVISION]
REPOSITORY is any clone that has the refs below refs/gatos/ (`git clone --mirror` brings them all).
REVISION is a checkpoint commit; without it, the newest one of the namespace.
Needs git, ssh-keygen, and either `pip install blake3` or the command `b3sum` (slow, but the same).
Exit status: 0 everything agrees, 1 something differs (each line says what), 2 usage.
"""
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile

try:
    from blake3 import blake3

    def digest(data):
        return blake3(data).digest()
except ImportError:
    def digest(data):
        return bytes.fromhex(subprocess.check_output(["b3sum", "--no-names"], input=data).decode())

repository = "."
differences = 0


def git(*arguments, stdin=b""):
    # Replacement objects could show other bytes than the ones that are stored.
    return subprocess.check_output(["git", "--no-replace-objects", "-C", repository, *arguments], input=stdin)


def objects(names):
    """The bytes of each named object, in order, through one process."""
    out = git("cat-file", "--batch", stdin="".join(name + "\n" for name in names).encode())
    found, at = [], 0
    for name in names:
        end = out.index(b"\n", at)
        if out[at:end].endswith(b" missing"):
            raise SystemExit(f"no object {name}: is this a full clone?")
        at = end + 1 + int(out[at:end].split()[2]) + 1
        found.append(out[end + 1:at - 1])
    return found


def documents(ref):
    """The signed document of every commit of a ref, oldest first: the message's third line."""
    for commit in objects(git("rev-list", "--reverse", ref).decode().split()):
        yield commit.split(b"\n\n", 1)[1].split(b"\n")[2]


def named(raw):
    return "blake3:" + raw.hex()


def merkle_root(leaves):
    """RFC 9162, section 2.1, with BLAKE3: leaves after 0x00, nodes after 0x01, no padding."""
    level = [digest(b"\x00" + leaf) for leaf in leaves] or [digest(b"")]
    while len(level) > 1:
        pairs = [digest(b"\x01" + level[i] + level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = pairs + level[len(level) - len(level) % 2:]
    return named(level[0])


def compare(what, computed, stated, note=""):
    global differences
    differences += computed != stated
    verdict = "ok" if computed == stated else f"DIFFERS from {stated}:"
    print(f"{verdict:4} {what:11} {computed} {note}".rstrip())


def journal_events(journal, head):
    """(ulid, raw id) of the events a checkpoint saw in a journal; the chain is checked on the way."""
    found, previous = [], None
    for envelope in documents("refs/" + journal):
        if len(found) == head["count"]:
            break
        event, raw = json.loads(envelope), digest(envelope)
        if event["prev"] != previous:
            compare(f"event {len(found) + 1} of {journal} follows", previous, event["prev"])
        previous = named(raw)
        found.append((event["ulid"], raw))
    compare("journal", previous, head["event"], f"after {len(found)} events of {journal}")
    return found


def governance_until(version):
    """The chain of documents up to a version: their ids, the enrolled keys, the policy root."""
    ids, keys, policy = [], [], None
    for document in documents("refs/gatos/governance"):
        change = json.loads(document)
        if ids and change["prev"] != ids[-1]:
            compare("governance chain follows", ids[-1], change["prev"])
        ids.append(named(digest(document)))
        policy = change["policy_root"]
        keys += [(a["actor"], key["public"]) for a in change.get("actors", []) for key in a["keys"]]
        keys += [(op["actor"], op["public"]) for op in change.get("changes", []) if "public" in op]
        if ids[-1] == version:
            break
    return ids, keys, policy


def signature_by(keys, data, signature):
    """ssh-keygen is the judge; the keys are those of the governance chain."""
    with tempfile.TemporaryDirectory() as folder:
        signers, armored = pathlib.Path(folder, "allowed_signers"), pathlib.Path(folder, "sig")
        signers.write_text("".join(f"{actor} {public}\n" for actor, public in keys))
        armored.write_bytes(signature)
        files = ["-s", armored, "-f", signers]
        found = subprocess.run(["ssh-keygen", "-Y", "find-principals", *files], capture_output=True)
        signer = found.stdout.decode().strip() or "nobody enrolled"
        verify = ["ssh-keygen", "-Y", "verify", "-n", "gatos-checkpoint", "-I", signer, *files]
        good = subprocess.run(verify, input=data, capture_output=True).returncode == 0
    return "good" if good else "bad", signer


def main(namespace, revision):
    text, signature = objects([f"{revision}:checkpoint.json", f"{revision}:checkpoint.json.sig"])
    stated = json.loads(text)

    window = [e for name, head in stated["window"]["heads"].items() for e in journal_events(name, head)]
    root = merkle_root([raw for _, raw in sorted(window)])
    compare("inputs_root", root, stated["inputs_root"], f"over {len(window)} events")

    listing = git("ls-tree", "-r", "-z", "--full-tree", revision, "state/").split(b"\0")[:-1]
    files = sorted((entry.split(b"\t", 1)[1], entry.split()[2].decode()) for entry in listing)
    contents = objects([blob for _, blob in files])
    root = merkle_root([digest(data) + name for (name, _), data in zip(files, contents)])
    compare("state_root", root, stated["state_root"], f"over {len(files)} files")

    installed = git("rev-list", f"refs/gatos/folds/{namespace}/head").decode().split()
    folds = [hashlib.sha256(rgf).hexdigest() for rgf in objects([f"{fold}:fold.rgf" for fold in installed])]
    matching = [root for root in folds if "sha256:" + root == stated["fold_root"]] or folds
    compare("fold_root", "sha256:" + matching[0], stated["fold_root"])

    governance, keys, policy = governance_until(stated["gov"])
    compare("repository", governance[0], stated["repo"])
    compare("governance", governance[-1], stated["gov"], f"version {len(governance) - 1}")
    compare("policy_root", policy, stated["policy_root"])
    verdict, signer = signature_by(keys, text, signature)
    compare("signature", verdict, "good", f"by {signer}")
    return 1 if differences else 0


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(print(__doc__, file=sys.stderr) or 2)
    repository = sys.argv[1]
    sys.exit(main(sys.argv[2], sys.argv[3] if len(sys.argv) == 4 else f"refs/gatos/state/{sys.argv[2]}/head"))
