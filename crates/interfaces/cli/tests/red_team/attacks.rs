//! The attacks: what is tried, what the pusher must read, and what the gate keeps of it.
//!
//! The first of a class is also tried over ssh and HTTP. Those of [`AFTER_ROTATION`] come when Bob's key was replaced
//! and revoked, and the thief has the old one. docs/red-team.md is this list.

use gatos_fold::checkpoint::Checkpoint;
use gatos_ledger::ObjectId;
use gatos_ledger::codec::{
    DocumentForm, encode_chained_commit, encode_document_commit, encode_event_commit,
};
use gatos_policy::epoch::Anchor;
use gatos_policy::governance::{
    ChangeOperation, CutEntry, GovernanceDocument, SignedDocument, change, change_with_cut,
};
use gatos_values::{
    Actor, Blake3Digest, EventType, GovernanceId, ResourceUri, SealedEvent, Sha256Digest,
    SigningKey, Ulid, merkle,
};

use crate::craft::sign;
use crate::scene::{INPUT_SIZE_MAX, Scene, git, ns};

/// What becomes of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// A signed record of its own.
    Recorded,
    /// A count.
    Counted,
    /// Git itself refused before it asked the gate.
    ByGit,
}

impl Kept {
    pub fn word(self) -> &'static str {
        match self {
            Kept::Recorded => "record",
            Kept::Counted => "count",
            Kept::ByGit => "nothing: Git refuses before the gate is asked",
        }
    }
}

/// One attack.
pub struct Attack {
    pub class: &'static str,
    pub name: &'static str,
    /// What the pusher must read: a code of ours, or words of Git.
    pub says: &'static str,
    pub kept: Kept,
    /// What is behind `git push origin`.
    pub make: fn(&Scene) -> Vec<String>,
}

macro_rules! attacks {
    ($(#[$about:meta])* $list:ident $($class:literal { $($name:literal => $says:literal $kept:ident $make:expr;)* })*) => {
        $(#[$about])*
        pub const $list: &[Attack] = &[$($(Attack {
            class: $class,
            name: $name,
            says: $says,
            kept: Kept::$kept,
            make: $make,
        },)*)*];
    };
}

attacks! {
    /// While both actors have their first keys.
    BEFORE_ROTATION
    "history of a journal" {
        "one key signs a second event in the place of the newest" => "EQUIVOCATION" Recorded second_event;
        "one key signs a second first event" => "EQUIVOCATION" Recorded second_first_event;
        "the journal is set back by one event" => "FF_VIOLATION" Counted |s| {
            let tip = s.tip(&s.bob).1;
            s.to_journal(&s.bob, s.before(tip))
        };
        "the journal is deleted" => "FF_VIOLATION" Counted |s| vec![format!(":{}", s.journal(&s.bob))];
        "two branches are merged" => "FF_VIOLATION" Recorded merge;
        "the journal is replaced by an unrelated commit" => "BAD_COMMIT" Counted |s| {
            let commit = git(&s.pusher(), &["commit-tree", "-m", "hello", EMPTY_TREE]);
            vec![format!("+{}:{}", commit.trim(), s.journal(&s.bob))]
        };
    }
    "signature" {
        "the signature is over other bytes" => "BAD_SIGNATURE" Counted |s|
            s.with_signature(&s.bob, "other bytes", |_| s.bob.key.sign("gatos-event", b"other bytes"));
        "the event is not signed" => "BAD_COMMIT" Counted |s| s.tampered(&s.bob, "unsigned", |content| {
            content.lines().filter(|line| !line.starts_with("Sig: ")).map(|line| format!("{line}\n")).collect()
        });
        "the signature is for another purpose" => "BAD_SIGNATURE" Counted |s|
            s.with_signature(&s.bob, "purpose", |bytes| s.bob.key.sign("gatos-grant", bytes));
        "another enrolled key signs" => "BAD_SIGNATURE" Counted |s|
            s.with_signature(&s.bob, "another key", |bytes| s.alice.key.sign("gatos-event", bytes));
        "the signature is noise" => "BAD_SIGNATURE" Counted |s| s.tampered(&s.bob, "noise", |content| {
            let (head, _) = content.split_once("Sig: ").expect("it is signed");
            format!("{head}Sig: U1NIU0lHAAAAAQ==\n")
        });
    }
    "canonical form" {
        "a space in the envelope, signed as it is" => "NOT_CANONICAL" Counted |s|
            s.with_envelope(&s.bob, "space", |plain| plain.replacen(':', ": ", 1));
        "an unknown field, signed as it is" => "BAD_EVENT" Counted |s|
            s.with_envelope(&s.bob, "field", |plain| plain.replacen("{\"actor\"", "{\"aaa\":1,\"actor\"", 1));
        "a key twice, signed as it is" => "BAD_JSON" Counted |s|
            s.with_envelope(&s.bob, "twice", |plain| plain.replacen("{\"actor\"", "{\"actor\":\"user:alice\",\"actor\"", 1));
        "a wrong event id in the trailer" => "BAD_COMMIT" Recorded |s| s.tampered(&s.bob, "wrong id", |content| {
            let at = content.find("Event-Id: blake3:").expect("it has an id") + "Event-Id: blake3:".len();
            format!("{}{}{}", &content[..at], "0".repeat(64), &content[at + 64..])
        });
        "another policy root than that of its version" => "BAD_EVENT" Recorded |s|
            s.signed(&s.bob, "policy root", |envelope| envelope.policy_root = Sha256Digest::of(b"mine"));
        "another fold root than that of its version" => "BAD_EVENT" Recorded |s|
            s.signed(&s.bob, "fold root", |envelope| envelope.fold_root = Sha256Digest::of(b"mine"));
    }
    "lifted from elsewhere" {
        "an event of another namespace" => "BAD_EVENT" Recorded |s| s.signed(&s.bob, "namespace", |envelope| {
            envelope.ns = ns("finance");
            envelope.resource = ResourceUri::parse("gatos://ledger/finance/journal").expect("a resource");
        });
        "an event of another repository" => "REPO_MISMATCH" Recorded |s|
            s.signed(&s.bob, "repository", |envelope| envelope.repo = GovernanceId::from_bytes([7; 32]));
        "an event of another actor" => "BAD_EVENT" Recorded |s| {
            let commit = s.commit(&sign(s.draft(&s.bob, "actor"), &s.bob.key), None);
            vec![format!("+{commit}:{}", s.journal(&s.alice))]
        };
        "an event of another key" => "BAD_EVENT" Recorded |s| {
            let mut draft = s.draft(&s.bob, "key");
            draft.prev = None;
            let commit = s.commit(&sign(draft, &s.bob.key), None);
            vec![format!("{commit}:refs/gatos/journal/ops/user/bob/0123456789abcdef")]
        };
        "an event of a session" => "BAD_EVENT" Recorded |s|
            s.signed(&s.bob, "session", |envelope| envelope.session = Some(envelope.ulid));
        "a resource outside the namespace" => "BAD_EVENT" Recorded |s| s.signed(&s.bob, "resource", |envelope| {
            envelope.resource = ResourceUri::parse("gatos://ledger/finance/invoice").expect("a resource");
        });
        "a reserved type" => "RESERVED_TYPE" Recorded |s| s.signed(&s.bob, "type", |envelope| {
            envelope.event_type = EventType::parse("governance.change").expect("a type");
        });
    }
    "order" {
        "an event pushed before is put on top again" => "PREV_MISMATCH" Counted |s| {
            let (tip, commit) = s.tip(&s.bob);
            s.to_journal(&s.bob, s.commit(&tip, Some(commit)))
        };
        "an event is put on another commit than it names" => "PREV_MISMATCH" Recorded |s| {
            let (_, tip) = s.tip(&s.bob);
            let event = sign(s.draft(&s.bob, "re-parented"), &s.bob.key);
            s.to_journal(&s.bob, s.commit(&event, Some(s.before(tip))))
        };
        "an event names one further back than it stands on" => "PREV_MISMATCH" Recorded |s| {
            let earlier = s.event_at(s.before(s.tip(&s.bob).1)).id();
            s.signed(&s.bob, "further back", |envelope| envelope.prev = Some(earlier))
        };
        "the ULID is dated back" => "ULID_NOT_RISING" Recorded |s| {
            let sealed = s.anchor().max_ulid;
            s.signed(&s.bob, "dated back", |envelope| envelope.ulid = sealed.next().expect("ULIDs are left"))
        };
        "the ULID is dated ahead" => "ULID_AHEAD" Recorded |s| s.signed(&s.bob, "dated ahead", |envelope| {
            envelope.ulid = Ulid::from_parts(envelope.ulid.time_ms() + 3_600_000, 0).expect("a ULID");
        });
        "an older governance version is named" => "POLICY_STALE" Recorded |s| {
            let enrolment = first_change(s);
            s.signed(&s.bob, "stale", |envelope| {
                envelope.gov = enrolment;
                envelope.fold_root = gatos_values::roots::EMPTY_FOLD_ROOT;
                envelope.policy_root = gatos_values::roots::EMPTY_POLICY_ROOT;
            })
        };
        "a governance version that nobody has is named" => "GOV_BEHIND" Recorded |s|
            s.signed(&s.bob, "unknown version", |envelope| envelope.gov = GovernanceId::from_bytes([9; 32]));
    }
    "wrapping" {
        "a header is added" => "BAD_COMMIT" Recorded |s| s.tampered(&s.bob, "header", |content| {
            content.replacen("\n\n", "\ngpgsig -----BEGIN SSH SIGNATURE-----\n -----END SSH SIGNATURE-----\n\n", 1)
        });
        "a file is smuggled in the tree" => "BAD_COMMIT" Recorded |s| {
            let blob = s.object("blob", b"smuggled");
            let tree = s.object("tree", &[b"100644 file\0".as_slice(), blob.as_bytes()].concat());
            s.tampered(&s.bob, "tree", |content| content.replacen(EMPTY_TREE, &tree.to_string(), 1))
        };
        "a line is added to the message" => "BAD_COMMIT" Recorded |s|
            s.tampered(&s.bob, "line", |content| content + "Reviewed-by: nobody\n");
        "the date is changed" => "BAD_COMMIT" Recorded |s|
            s.tampered(&s.bob, "date", |content| content.replace(" +0000\n", " +0100\n"));
    }
    "keys" {
        "a key that nobody enrolled, for an enrolled actor" => "UNKNOWN_KEY" Counted |s| own_key(s, &s.bob.actor);
        "an actor that nobody enrolled" => "UNKNOWN_ACTOR" Counted |s|
            own_key(s, &Actor::parse("user:mallory").expect("an actor"));
        "a stolen key in the name of another" => "UNKNOWN_KEY" Recorded |s| {
            let mut draft = s.draft(&s.bob, "stolen");
            draft.actor = s.alice.actor.clone();
            draft.prev = None;
            let commit = s.commit(&sign(draft, &s.bob.key), None);
            vec![format!("{commit}:refs/gatos/journal/ops/user/alice/{}", s.bob.key_id())]
        };
    }
    "names of refs" {
        "a replace ref" => "FF_VIOLATION" Counted |s| {
            let tip = s.tip(&s.bob).1;
            vec![format!("{}:refs/replace/{tip}", s.before(tip))]
        };
        "a cache" => "BAD_NAME" Counted |s| to_name(s, "refs/gatos/cache/index");
        "a quarantine" => "BAD_NAME" Counted |s| to_name(s, "refs/gatos/quarantine/equivocation/ops/user/bob/x");
        "a room of a remote" => "BAD_NAME" Counted |s| to_name(s, "refs/gatos/remotes/origin/governance");
        "the audit journal" => "BAD_NAME" Counted |s| to_name(s, "refs/gatos/audit/policy");
        "a journal with a name that is none" => "BAD_NAME" Counted |s| to_name(s, "refs/gatos/journal/OPS/user/bob/0123456789abcdef");
        "a folder of no kind" => "BAD_NAME" Counted |s| to_name(s, "refs/gatos/secret/x");
        "a second head of a state" => "BAD_NAME" Counted |s| to_name(s, "refs/gatos/state/ops/other");
        "notes" => "BAD_NAME" Counted |s| to_name(s, "refs/notes/commits");
        "a ref at the top" => "BAD_NAME" Counted |s| to_name(s, "refs/stash");
        "a ref with control characters for the terminal" => "BAD_NAME" Counted |s|
            to_name(s, "refs/gatos/\u{202e}x");
        "a journal that holds a file" => "FF_VIOLATION" Counted |s| {
            let blob = s.object("blob", b"a file");
            vec![format!("{blob}:refs/gatos/journal/ops/user/bob/0123456789abcdef")]
        };
        "a journal that holds a tag" => "FF_VIOLATION" Counted |s| {
            let tip = s.tip(&s.bob).1;
            let tag = format!("object {tip}\ntype commit\ntag x\ntagger m <m@example.org> 0 +0000\n\nx\n");
            let tag = s.object("tag", tag.as_bytes());
            vec![format!("{tag}:refs/gatos/journal/ops/user/bob/0123456789abcdef")]
        };
    }
    "objects" {
        "an envelope over the limit" => "TOO_LARGE" Counted |s| {
            let long = "x".repeat(100_000);
            s.with_envelope(&s.bob, "long", |plain| plain.replace("\"long\"", &format!("\"{long}\"")))
        };
        "a tree with a folder `.git`" => "rejected" ByGit |s| {
            let blob = s.object("blob", b"[core]\n");
            let inner = s.object("tree", &[b"100644 config\0".as_slice(), blob.as_bytes()].concat());
            let tree = s.object("tree", &[b"40000 .git\0".as_slice(), inner.as_bytes()].concat());
            let commit = git(&s.pusher(), &["commit-tree", "-m", "hostile", &tree.to_string()]);
            vec![format!("{}:refs/heads/hostile", commit.trim())]
        };
        "a commit with a zero byte" => "rejected" ByGit |s| {
            let commit = format!("tree {EMPTY_TREE}\nauthor m <m@x> 0 +0000\ncommitter m <m@x> 0 +0000\n\n\0\n");
            vec![format!("{}:refs/heads/zero", s.object("commit", commit.as_bytes()))]
        };
        "a push over the limit" => "exceeds maximum allowed size" ByGit |s| {
            let blob = s.object("blob", &noise(INPUT_SIZE_MAX + 1));
            let tree = s.object("tree", &[b"100644 big\0".as_slice(), blob.as_bytes()].concat());
            let commit = git(&s.pusher(), &["commit-tree", "-m", "big", &tree.to_string()]);
            vec![format!("{}:refs/heads/big", commit.trim())]
        };
        "a history cut short" => "shallow update not allowed" ByGit |s| {
            // The pusher forgets what stands before one commit of a branch, as a shallow clone does.
            let first = git(&s.pusher(), &["commit-tree", "-m", "first", EMPTY_TREE]).trim().to_owned();
            let second = git(&s.pusher(), &["commit-tree", "-m", "second", "-p", &first, EMPTY_TREE]).trim().to_owned();
            let third = git(&s.pusher(), &["commit-tree", "-m", "third", "-p", &second, EMPTY_TREE]).trim().to_owned();
            std::fs::write(s.pusher().join("shallow"), format!("{second}\n")).expect("writable");
            vec![format!("{third}:refs/heads/short")]
        };
    }
    "governance" {
        "a second successor of an older version, signed by a governor" => "GOV_FORK" Recorded governance_fork;
        "the chain is set back" => "FF_VIOLATION" Counted |s| {
            let head = s.at("refs/gatos/governance");
            vec![format!("+{}:refs/gatos/governance", s.before(head))]
        };
        "the chain is deleted" => "FF_VIOLATION" Counted |_| vec![":refs/gatos/governance".to_owned()];
        "a change signed by an actor who does not govern" => "BAD_SIGNATURE" Recorded |s|
            governance_change(s, &s.bob.key);
        "a change signed by a stranger" => "BAD_SIGNATURE" Counted |s|
            governance_change(s, &SigningKey::from_seed([42; 32]));
        "the chain of another repository" => "REPO_MISMATCH" Counted other_genesis;
        "the chain is replaced by an unrelated commit" => "BAD_COMMIT" Counted |s| {
            let commit = git(&s.pusher(), &["commit-tree", "-m", "v9", EMPTY_TREE]);
            vec![format!("+{}:refs/gatos/governance", commit.trim())]
        };
    }
    "changes that the policy judges" {
        "an operation that the policy denies, signed by enough governors" => "POLICY_DENY" Recorded |s| {
            let levels = vec![level(4)];
            governed(s, &[(levels, Vec::new())])
        };
        "a denied operation among others that are allowed" => "POLICY_DENY" Recorded |s| {
            let actor = Actor::parse("user:mallory").expect("an actor");
            governed(s, &[(vec![ChangeOperation::ActorEnrol { actor }, level(4)], Vec::new())])
        };
        "a denied version with one behind it that is allowed" => "POLICY_DENY" Recorded |s|
            governed(s, &[(vec![level(5)], Vec::new()), (vec![level(1)], Vec::new())]);
        "a mark for export that the policy denies" => "POLICY_DENY" Recorded |s|
            governed(s, &[(vec![for_export("vault")], Vec::new())]);
        "a policy under which nobody could change anything again" => "BAD_GOVERNANCE" Recorded lock_out;
        "the empty policy is activated" => "BAD_GOVERNANCE" Recorded |s|
            rewritten_change(s, activate_other(), |text| text.replace(&other_root(), &empty_root()));
        "a change says that the empty policy is in force again" => "BAD_GOVERNANCE" Recorded |s|
            rewritten_change(s, level(1), |text| text.replace(&s.policy_root().to_string(), &empty_root()));
        "a policy comes with a change that keeps quiet about the cut" => "BAD_GOVERNANCE" Recorded |s|
            rewritten_change(s, activate_other(), |text| text.replacen("\"cut\":[],", "", 1));
        "a branch is chosen that does not stand here" => "EQUIVOCATION" Recorded other_branch;
    }
    "labels" {
        "a label that limits export, where everything may leave" => "POLICY_DENY" Recorded |s|
            s.signed(&s.bob, "label", |envelope| envelope.labels = vec![label("pii")]);
        "a label below one that limits export" => "POLICY_DENY" Recorded |s|
            s.signed(&s.bob, "label below", |envelope| envelope.labels = vec![label("harmless"), label("secret.minor")]);
        "the label is stripped and the signature kept" => "BAD_SIGNATURE" Counted stripped_label;
        "the event is signed again without its label" => "EQUIVOCATION" Recorded |s| {
            let kept = s.event_at(s.at(&kept_journal(s)));
            let mut envelope = kept.envelope().clone();
            envelope.labels.clear();
            vec![format!("+{}:{}", s.commit(&sign(envelope, &s.bob.key), None), kept_journal(s))]
        };
        "a kept event goes where everything may leave" => "BAD_EVENT" Counted |s|
            s.to_journal(&s.bob, s.at(&kept_journal(s)));
        "a kept event is signed for a journal that may leave" => "POLICY_DENY" Recorded |s| {
            let kept = s.event_at(s.at(&kept_journal(s)));
            s.signed(&s.bob, "moved", |envelope| {
                envelope.labels = kept.envelope().labels.clone();
                envelope.payload = kept.envelope().payload.clone();
            })
        };
    }
    "bundles" {
        "a bundle in the place of a policy" => "BAD_POLICY" Counted |s| to_policies(s, &[("policy.rgc", bundle(s))]);
        "a policy cut short" => "BAD_POLICY" Counted |s| {
            let mut rgc = other_policy();
            rgc.pop();
            to_policies(s, &[("policy.rgc", rgc)])
        };
        "a policy whose digest is another's" => "BAD_POLICY" Counted |s| {
            let wrong = format!("policy_root = {}\n", s.policy_root());
            to_policies(s, &[("policy.rgc", other_policy()), ("policy.rgc.sha", wrong.into_bytes())])
        };
        "a policy with a bundle smuggled beside it" => "BAD_POLICY" Counted |s| {
            let root = format!("policy_root = {}\n", Sha256Digest::of(&other_policy()));
            to_policies(s, &[
                ("policy.rgc", other_policy()),
                ("policy.rgc.sha", root.into_bytes()),
                ("policy.bundle", bundle(s)),
            ])
        };
    }
    "policy" {
        "an event that the policy denies, past its writer's own gate" => "POLICY_DENY" Recorded |s|
            s.signed(&s.bob, "forbidden", |_| {});
        "an event of a kind that no rule allows" => "POLICY_DENY" Recorded finance_event;
        "something else in the place of a policy" => "BAD_POLICY" Counted no_policy;
        "the policy is taken away" => "FF_VIOLATION" Counted |_| vec![":refs/gatos/policies/active".to_owned()];
        "a policy is activated without its bytes" => "BAD_POLICY" Recorded blind_activation;
    }
    "epochs" {
        "an event dated into a sealed epoch" => "EPOCH_SEALED" Recorded |s| {
            let sealed = s.anchor().max_ulid;
            s.signed(&s.bob, "sealed", |envelope| envelope.ulid = sealed)
        };
        "an anchor that lies about its events, signed by a governor" => "EPOCH_BROKEN" Recorded |s|
            next_anchor(s, &s.alice.key, |anchor| anchor.inputs_root = Blake3Digest::of(b"a lie"));
        "an anchor signed by an actor who does not govern" => "BAD_SIGNATURE" Recorded |s|
            next_anchor(s, &s.bob.key, |_| {});
        "an anchor that skips one" => "EPOCH_BROKEN" Recorded |s| next_anchor(s, &s.alice.key, |anchor| anchor.epoch += 1);
        "a second anchor of a sealed epoch" => "FF_VIOLATION" Recorded second_anchor;
        "the anchors are deleted" => "FF_VIOLATION" Counted |_| vec![":refs/gatos/epoch/ops/head".to_owned()];
    }
    "state" {
        "a state file that does not follow from the events, signed" => "STATE_DIFFERS" Recorded lying_state;
        "a state file that its own checkpoint does not know" => "CHECKPOINT_INVALID" Counted |s| {
            let commit = s.checkpoint_with(&[("state/ops/counts.json", b"{\"a\":9}".to_vec())]);
            to_state(commit)
        };
        "a checkpoint signed by a stranger" => "CHECKPOINT_INVALID" Counted |s| {
            let document = s.checkpoint_file("checkpoint.json");
            let signature = SigningKey::from_seed([42; 32]).sign("gatos-checkpoint", &document);
            to_state(s.checkpoint_with(&[("checkpoint.json.sig", signature.armored().into_bytes())]))
        };
        "a file that belongs to no checkpoint" => "CHECKPOINT_INVALID" Counted |s|
            to_state(s.checkpoint_with(&[("payload.bin", b"smuggled".to_vec())]));
        "the checkpoint of another namespace" => "CHECKPOINT_INVALID" Counted |s|
            vec![format!("{}:refs/gatos/state/finance/head", s.at("refs/gatos/state/ops/head"))];
        "the state is set back" => "FF_VIOLATION" Counted |s| {
            let head = s.at("refs/gatos/state/ops/head");
            vec![format!("+{}:refs/gatos/state/ops/head", s.before(head))]
        };
        "a fold that governance never named" => "BAD_FOLD" Counted unnamed_fold;
    }
}

const EMPTY_TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

fn to_name(scene: &Scene, name: &str) -> Vec<String> {
    vec![format!("+{}:{name}", scene.tip(&scene.bob).1)]
}

fn to_state(commit: ObjectId) -> Vec<String> {
    vec![format!("+{commit}:refs/gatos/state/ops/head")]
}

/// Bytes that do not compress.
fn noise(size: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(size + 32);
    let mut block = Blake3Digest::of(b"noise");
    while bytes.len() < size {
        bytes.extend_from_slice(block.as_bytes());
        block = Blake3Digest::of(block.as_bytes());
    }
    bytes
}

fn second_event(scene: &Scene) -> Vec<String> {
    let (tip, commit) = scene.tip(&scene.bob);
    let before = scene.before(commit);
    let mut envelope = tip.envelope().clone();
    envelope.ulid = envelope.ulid.next().expect("ULIDs are left");
    let event = sign(envelope, &scene.bob.key);
    scene.to_journal(&scene.bob, scene.commit(&event, Some(before)))
}

fn second_first_event(scene: &Scene) -> Vec<String> {
    let mut draft = scene.draft(&scene.bob, "first again");
    draft.prev = None;
    scene.to_journal(&scene.bob, scene.commit(&sign(draft, &scene.bob.key), None))
}

fn merge(scene: &Scene) -> Vec<String> {
    let (_, tip) = scene.tip(&scene.bob);
    let event = sign(scene.draft(&scene.bob, "merge"), &scene.bob.key);
    let content = String::from_utf8(encode_event_commit(&event, Some(tip))).expect("text");
    let parent = format!("parent {tip}\n");
    let both = format!("{parent}parent {}\n", scene.tip(&scene.alice).1);
    let merged = scene.object("commit", content.replacen(&parent, &both, 1).as_bytes());
    scene.to_journal(&scene.bob, merged)
}

/// A journal of a key of the attacker's own.
fn own_key(scene: &Scene, actor: &Actor) -> Vec<String> {
    let key = SigningKey::from_seed([42; 32]);
    let mut draft = scene.draft(&scene.bob, "own key");
    draft.actor = actor.clone();
    draft.key = key.public().key_id();
    draft.prev = None;
    let event: SealedEvent = sign(draft, &key);
    let name = event.envelope().journal().ref_name();
    vec![format!("{}:{name}", scene.commit(&event, None))]
}

fn chain_until(scene: &Scene, back: usize) -> (gatos_policy::governance::Chain, ObjectId) {
    let mut head = scene.at("refs/gatos/governance");
    for _ in 0..back {
        head = scene.before(head);
    }
    let hub = gatos_ledger::Repository::open(&scene.hub()).expect("the hub opens");
    let chain = gatos_node::governance::load(&hub, head).expect("it verifies");
    (chain, head)
}

/// The id of version 1: bob is enrolled, no fold is installed.
fn first_change(scene: &Scene) -> GovernanceId {
    let (chain, _) = chain_until(scene, 0);
    chain.id_of(1).expect("there is one")
}

fn change_on(scene: &Scene, back: usize, key: &SigningKey) -> ObjectId {
    let (chain, head) = chain_until(scene, back);
    let actor = Actor::parse("user:mallory").expect("an actor");
    let ulid = chain.ulid().next().expect("ULIDs are left");
    let bytes =
        change(&chain, ulid, vec![ChangeOperation::ActorEnrol { actor }]).expect("a change");
    let signature = key.sign("gatos-grant", &bytes);
    let content = encode_document_commit(&bytes, &[signature], Some(head)).expect("a commit");
    scene.object("commit", &content)
}

fn governance_change(scene: &Scene, key: &SigningKey) -> Vec<String> {
    vec![format!(
        "+{}:refs/gatos/governance",
        change_on(scene, 0, key)
    )]
}

fn governance_fork(scene: &Scene) -> Vec<String> {
    vec![format!(
        "+{}:refs/gatos/governance",
        change_on(scene, 1, &scene.alice.key)
    )]
}

fn other_genesis(scene: &Scene) -> Vec<String> {
    let key = SigningKey::from_seed([42; 32]);
    let actor = Actor::parse("user:mallory").expect("an actor");
    let name = gatos_values::Segment::parse("ledger").expect("a name");
    let actors = vec![gatos_policy::governance::GenesisActor {
        actor: actor.clone(),
        keys: vec![key.public()],
    }];
    let ulid = scene.tip(&scene.bob).0.envelope().ulid;
    let bytes =
        gatos_policy::governance::genesis(name, ulid, actors, vec![actor], 1).expect("a genesis");
    assert!(GovernanceDocument::decode(&bytes).is_ok());
    let document = SignedDocument {
        signatures: vec![key.sign("gatos-grant", &bytes)],
        bytes,
    };
    let content =
        encode_document_commit(&document.bytes, &document.signatures, None).expect("a commit");
    vec![format!(
        "+{}:refs/gatos/governance",
        scene.object("commit", &content)
    )]
}

/// A checkpoint that agrees with itself and is signed by an enrolled key, but not with its events.
fn lying_state(scene: &Scene) -> Vec<String> {
    let lie = b"{\"a\":9}".to_vec();
    let document = scene.checkpoint_file("checkpoint.json");
    let mut checkpoint = Checkpoint::decode(&document).expect("a checkpoint");
    checkpoint.state_root =
        merkle::state_root(vec![("state/ops/counts.json", Blake3Digest::of(&lie))]);
    let document = checkpoint.encode().expect("a checkpoint");
    let signature = scene.bob.key.sign("gatos-checkpoint", &document);
    to_state(scene.checkpoint_with(&[
        ("state/ops/counts.json", lie),
        ("checkpoint.json", document),
        ("checkpoint.json.sig", signature.armored().into_bytes()),
    ]))
}

fn unnamed_fold(scene: &Scene) -> Vec<String> {
    let fold = "version: 1\nreducers:\n  - kind: count-by\n    key: \"$.x\"\nemit:\n  - path: \"state/ops/x.json\"\n";
    let compiled = gatos_fold::compile_yaml(fold).expect("the fold compiles");
    let blob = scene.object("blob", &compiled.rgf);
    let tree = scene.object(
        "tree",
        &[b"100644 fold.rgf\0".as_slice(), blob.as_bytes()].concat(),
    );
    let head = scene.at("refs/gatos/folds/ops/head");
    let commit = git(
        &scene.pusher(),
        &[
            "commit-tree",
            "-m",
            "fold",
            "-p",
            &head.to_string(),
            &tree.to_string(),
        ],
    );
    vec![format!("{}:refs/gatos/folds/ops/head", commit.trim())]
}

attacks! {
    /// When Bob's key was replaced, in a gate that takes events of any governance version.
    AFTER_ROTATION
    "rotated keys" {
        "the old key goes on under the version that knew it" => "STALE_GOV" Recorded |s|
            s.signed(&s.bob, "behind the cut", |_| {});
        "the old key opens a journal under the version that knew it" => "STALE_GOV" Recorded |s| first_event_in(s, "ops/side");
        "the old key goes on under the version that revoked it" => "UNKNOWN_KEY" Recorded |s| {
            let (chain, _) = chain_until(s, 0);
            s.signed(&s.bob, "after all", |envelope| envelope.gov = chain.head())
        };
        "the change that revoked the key is taken back" => "FF_VIOLATION" Counted |s| {
            let before = s.before(s.at("refs/gatos/governance"));
            vec![format!("+{before}:refs/gatos/governance")]
        };
    }
}

/// All of them.
pub fn attacks() -> impl Iterator<Item = &'static Attack> {
    BEFORE_ROTATION.iter().chain(AFTER_ROTATION)
}

/// Bob's first event in a namespace that no rule of the policy is about.
fn finance_event(scene: &Scene) -> Vec<String> {
    first_event_in(scene, "finance")
}

fn first_event_in(scene: &Scene, namespace: &str) -> Vec<String> {
    let mut draft = scene.draft(&scene.bob, "first");
    draft.ns = ns(namespace);
    let resource = format!("gatos://ledger/{namespace}/journal");
    draft.resource = ResourceUri::parse(&resource).expect("a resource");
    draft.fold_root = gatos_values::roots::EMPTY_FOLD_ROOT;
    draft.prev = None;
    let event = sign(draft, &scene.bob.key);
    let name = event.envelope().journal().ref_name();
    vec![format!("{}:{name}", scene.commit(&event, None))]
}

fn other_policy() -> Vec<u8> {
    let source =
        "version: 1\nrules:\n  - id: all\n    when: { intent: write }\n    allow_if: [\"true\"]\n";
    gatos_policy::language::compile(source)
        .expect("the policy compiles")
        .rgc
}

fn no_policy(scene: &Scene) -> Vec<String> {
    let blob = scene.object("blob", &[other_policy(), b"and more".to_vec()].concat());
    let tree = scene.object(
        "tree",
        &[b"100644 policy.rgc\0".as_slice(), blob.as_bytes()].concat(),
    );
    let head = scene.at("refs/gatos/policies/active").to_string();
    let commit = git(
        &scene.pusher(),
        &[
            "commit-tree",
            "-m",
            "policy",
            "-p",
            &head,
            &tree.to_string(),
        ],
    );
    vec![format!("{}:refs/gatos/policies/active", commit.trim())]
}

/// A valid change of governance that would leave nothing to judge by.
fn blind_activation(scene: &Scene) -> Vec<String> {
    let (chain, head) = chain_until(scene, 0);
    let policy_root = Sha256Digest::of(&other_policy());
    let ulid = chain.ulid().next().expect("ULIDs are left");
    let operations = vec![ChangeOperation::PolicyActivate { policy_root }];
    let bytes = change_with_cut(&chain, ulid, operations, Vec::new()).expect("a change");
    let signature = scene.alice.key.sign("gatos-grant", &bytes);
    let content = encode_document_commit(&bytes, &[signature], Some(head)).expect("a commit");
    vec![format!(
        "{}:refs/gatos/governance",
        scene.object("commit", &content)
    )]
}

/// Version after version with these operations and cuts, signed by Alice, who governs alone.
fn governed(scene: &Scene, versions: &[(Vec<ChangeOperation>, Vec<CutEntry>)]) -> Vec<String> {
    let (mut chain, mut head) = chain_until(scene, 0);
    for (operations, cut) in versions {
        let ulid = chain.ulid().next().expect("ULIDs are left");
        let bytes = change_with_cut(&chain, ulid, operations.clone(), cut.clone());
        let document = signed_by_alice(scene, bytes.expect("it fits the chain"));
        chain.apply(&document).expect("the chain takes it");
        head = document_commit(scene, &document, head);
    }
    vec![format!("{head}:refs/gatos/governance")]
}

fn signed_by_alice(scene: &Scene, bytes: Vec<u8>) -> SignedDocument {
    SignedDocument {
        signatures: vec![scene.alice.key.sign("gatos-grant", &bytes)],
        bytes,
    }
}

fn document_commit(scene: &Scene, document: &SignedDocument, head: ObjectId) -> ObjectId {
    let content = encode_document_commit(&document.bytes, &document.signatures, Some(head));
    scene.object("commit", &content.expect("a commit"))
}

/// The next version with this operation, its text changed before it is signed.
fn rewritten_change(
    scene: &Scene,
    operation: ChangeOperation,
    rewrite: impl FnOnce(String) -> String,
) -> Vec<String> {
    let (chain, head) = chain_until(scene, 0);
    let ulid = chain.ulid().next().expect("ULIDs are left");
    let bytes = change_with_cut(&chain, ulid, vec![operation], Vec::new()).expect("a change");
    let text = String::from_utf8(bytes).expect("text");
    let rewritten = rewrite(text.clone());
    assert_ne!(text, rewritten);
    let document = signed_by_alice(scene, rewritten.into_bytes());
    let commit = document_commit(scene, &document, head);
    vec![format!("{commit}:refs/gatos/governance")]
}

fn activate_other() -> ChangeOperation {
    ChangeOperation::PolicyActivate {
        policy_root: Sha256Digest::of(&other_policy()),
    }
}

fn other_root() -> String {
    Sha256Digest::of(&other_policy()).to_string()
}

fn empty_root() -> String {
    gatos_values::roots::EMPTY_POLICY_ROOT.to_string()
}

fn level(level: u64) -> ChangeOperation {
    ChangeOperation::ActorLevel {
        actor: Actor::parse("user:alice").expect("an actor"),
        level,
    }
}

fn for_export(namespace: &str) -> ChangeOperation {
    ChangeOperation::NamespaceSet {
        ns: ns(namespace),
        export: true,
    }
}

fn label(text: &str) -> EventType {
    EventType::parse(text).expect("a label")
}

/// Bob's journal in the namespace that is kept.
fn kept_journal(scene: &Scene) -> String {
    scene.journal(&scene.bob).replace("/ops/", "/vault/")
}

/// Bob's first event of the vault as it would read without its label, under the signature of the one with it.
fn stripped_label(scene: &Scene) -> Vec<String> {
    let kept = scene.event_at(scene.at(&kept_journal(scene)));
    let mut bare = kept.envelope().clone();
    bare.labels.clear();
    let bare = sign(bare, &scene.bob.key);
    let content = String::from_utf8(encode_event_commit(&bare, None)).expect("text");
    let (own, other) = (
        bare.signature().to_base64_line(),
        kept.signature().to_base64_line(),
    );
    let commit = scene.object("commit", content.replace(&own, &other).as_bytes());
    vec![format!("+{commit}:{}", kept_journal(scene))]
}

/// A choice of a second event of Bob's that the gate never let in.
fn other_branch(scene: &Scene) -> Vec<String> {
    let (tip, commit) = scene.tip(&scene.bob);
    let mut rival = tip.envelope().clone();
    rival.ulid = rival.ulid.next().expect("ULIDs are left");
    let event = sign(rival, &scene.bob.key).id();
    let journal = tip.envelope().journal();
    let count = git(&scene.hub(), &["rev-list", "--count", &commit.to_string()]);
    let count = count.trim().parse().expect("a number");
    let choice = ChangeOperation::JournalChoose {
        journal: journal.clone(),
        count,
        event,
    };
    let kept = CutEntry {
        journal,
        count,
        event,
    };
    governed(scene, &[(vec![choice], vec![kept])])
}

/// A policy whose rule about `govern` nobody meets, with the version that activates it.
fn lock_out(scene: &Scene) -> Vec<String> {
    let source = "version: 1\nrules:\n  - id: nobody\n    when: { intent: govern }\n    allow_if: [\"caps includes 'a key that nobody has'\"]\n";
    let rgc = gatos_policy::language::compile(source)
        .expect("it compiles")
        .rgc;
    let policy_root = Sha256Digest::of(&rgc);
    let root = format!("policy_root = {policy_root}\n");
    let mut push = governed(
        scene,
        &[(
            vec![ChangeOperation::PolicyActivate { policy_root }],
            Vec::new(),
        )],
    );
    push.extend(to_policies(
        scene,
        &[("policy.rgc", rgc), ("policy.rgc.sha", root.into_bytes())],
    ));
    push
}

/// The bundle that the gate's own repository makes of its policy.
fn bundle(scene: &Scene) -> Vec<u8> {
    let hub = crate::judge::hub_node(scene);
    hub.policy_bundle(None).expect("a bundle").bytes
}

/// A next commit of the policies with these files.
fn to_policies(scene: &Scene, files: &[(&str, Vec<u8>)]) -> Vec<String> {
    let mut tree = Vec::new();
    for (name, content) in files {
        let blob = scene.object("blob", content);
        tree.push((*name, blob));
    }
    tree.sort();
    let entries = tree
        .iter()
        .map(|(name, blob)| [format!("100644 {name}\0").as_bytes(), blob.as_bytes()].concat());
    let tree = scene
        .object("tree", &entries.collect::<Vec<_>>().concat())
        .to_string();
    let head = scene.at("refs/gatos/policies/active").to_string();
    let commit = git(
        &scene.pusher(),
        &["commit-tree", "-m", "policy", "-p", &head, &tree],
    );
    vec![format!("{}:refs/gatos/policies/active", commit.trim())]
}

fn to_epochs(
    scene: &Scene,
    anchor: &Anchor,
    key: &SigningKey,
    parent: Option<ObjectId>,
) -> Vec<String> {
    let bytes = anchor.encode().expect("an anchor");
    let signature = key.sign("gatos-anchor", &bytes);
    let content = encode_chained_commit(DocumentForm::Anchor, &bytes, &[signature], parent);
    let commit = scene.object("commit", &content.expect("a commit"));
    vec![format!("+{commit}:refs/gatos/epoch/ops/head")]
}

/// The next anchor over what the newest already covers and Bob's event behind it, after this change.
fn next_anchor(scene: &Scene, key: &SigningKey, change: impl FnOnce(&mut Anchor)) -> Vec<String> {
    let mut anchor = scene.anchor();
    anchor.prev = Some(Blake3Digest::of(&anchor.encode().expect("an anchor")));
    anchor.epoch += 1;
    anchor.ulid = anchor.ulid.next().expect("ULIDs are left");
    let (tip, _) = scene.tip(&scene.bob);
    anchor.max_ulid = tip.envelope().ulid;
    let name = tip.envelope().journal().short();
    let head = anchor
        .heads
        .get_mut(&name)
        .expect("bob's journal is sealed");
    (head.count, head.event) = (head.count + 1, tip.id());
    anchor.count += 1;
    change(&mut anchor);
    to_epochs(
        scene,
        &anchor,
        key,
        Some(scene.at("refs/gatos/epoch/ops/head")),
    )
}

fn second_anchor(scene: &Scene) -> Vec<String> {
    let mut anchor = scene.anchor();
    anchor.ulid = anchor.ulid.next().expect("ULIDs are left");
    to_epochs(scene, &anchor, &scene.alice.key, None)
}
