//! Folds in the repository: installing, running, verifying.
//!
//! Governance names the fold of a namespace by its root; `refs/gatos/folds/<ns>/head` keeps the bytes. A run
//! takes the events of all matching journals in canonical order, from the newest checkpoint that fits or
//! from the beginning, and leaves a checkpoint. Verifying always starts from the beginning and judges every
//! signature on the way.
//!
//! INVARIANT 1: an incremental run gives the same bytes as a full one.
//! INVARIANT 2: a checkpoint is a cache; deleting all of them loses nothing.
//! Tests: ../tests/it/folding.rs.

use std::collections::BTreeMap;

use gatos_fold::checkpoint::{Checkpoint, ENGINE, Edge, Head, Window};
use gatos_fold::{EncodedState, Fold, FoldEvent, FoldState, InputsRoot, StateFile};
use gatos_ledger::reading::{EventReader, JournalView, Selection};
use gatos_ledger::{ObjectId, StoredEvent};
use gatos_policy::governance::{Chain, ChangeOperation, JournalCuts};
use gatos_values::{
    Blake3Digest, ErrorCode, EventId, JournalName, Namespace, ResourceUri, Sha256Digest, Text,
    Ulid, Value, merkle,
};

use crate::append::lock;
use crate::cuts;
use crate::fault::{Fault, Outcome};
use crate::installed::Installed;
use crate::node::Node;
use crate::reply;
use crate::state::{CheckpointCommit, fold_ref, state_ref};

/// How many checkpoints back a run looks for one that fits.
const CHECKPOINT_SEARCH_COUNT_MAX: usize = 64;
/// The largest state, encoded, that stays in memory between two runs of one process.
const KEPT_STATE_SIZE_MAX: usize = 32 << 20;
/// Name of the file that keeps the lines and names of a fold written in Lua beside it.
pub const FOLD_MAP_FILE: &str = "fold.rgf.map";

/// The four roots of a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roots {
    /// Merkle root over the state files.
    pub state_root: Blake3Digest,
    /// Merkle root over the event ids of the window.
    pub inputs_root: Blake3Digest,
    /// Digest of the policy.
    pub policy_root: Sha256Digest,
    /// Digest of the fold.
    pub fold_root: Sha256Digest,
}

/// What a run did.
#[derive(Clone, Debug)]
pub struct RunReport {
    /// Namespace.
    pub ns: Namespace,
    /// The roots of the state as it is now.
    pub roots: Roots,
    /// Events in the window.
    pub event_count: u64,
    /// Events this run itself had to read.
    pub read_count: u64,
    /// Commit of the checkpoint that holds this state.
    pub checkpoint: ObjectId,
    /// True when the newest checkpoint already said all this, so that none was written.
    pub unchanged: bool,
    /// Events that did not fit a reducer, by reducer.
    pub skipped: BTreeMap<Text, u64>,
    /// State files.
    pub file_count: u64,
}

impl RunReport {
    /// The `--json` document.
    pub fn to_value(&self) -> Value {
        let mut entries = roots_entries(&self.roots);
        entries.extend([
            ("ok", Value::Bool(true)),
            ("ns", reply::text(self.ns.as_str())),
            ("events", reply::count(self.event_count)),
            ("events_read", reply::count(self.read_count)),
            ("files", reply::count(self.file_count)),
            ("checkpoint", reply::text(&self.checkpoint.to_string())),
            ("unchanged", Value::Bool(self.unchanged)),
            ("skipped", skipped_value(&self.skipped)),
        ]);
        reply::object(entries)
    }
}

/// The roots as reply fields.
pub fn roots_entries(roots: &Roots) -> Vec<(&'static str, Value)> {
    vec![
        ("state_root", roots.state_root.to_value()),
        ("inputs_root", roots.inputs_root.to_value()),
        ("policy_root", roots.policy_root.to_value()),
        ("fold_root", roots.fold_root.to_value()),
    ]
}

fn skipped_value(skipped: &BTreeMap<Text, u64>) -> Value {
    let mut map = gatos_values::Map::new();
    for (name, count) in skipped {
        map.insert(name.clone(), reply::count(*count));
    }
    Value::Map(map)
}

/// What installing did.
#[derive(Clone, Debug)]
pub struct InstallReport {
    /// Namespace.
    pub ns: Namespace,
    /// Root of the fold installed.
    pub fold_root: Sha256Digest,
    /// Governance version id that names it.
    pub gov: gatos_values::GovernanceId,
    /// True when governance named this fold already.
    pub unchanged: bool,
}

impl InstallReport {
    /// The `--json` document.
    pub fn to_value(&self) -> Value {
        reply::object(vec![
            ("ok", Value::Bool(true)),
            ("ns", reply::text(self.ns.as_str())),
            ("fold_root", self.fold_root.to_value()),
            ("gov", reply::text(&self.gov.to_string())),
            ("unchanged", Value::Bool(self.unchanged)),
        ])
    }
}

/// A state computed from events, with everything a checkpoint says of it.
pub(crate) struct Computed {
    /// Events that did not fit a reducer, by reducer.
    pub(crate) skipped: BTreeMap<Text, u64>,
    pub(crate) files: Vec<StateFile>,
    pub(crate) encoded: EncodedState,
    pub(crate) window: Window,
    pub(crate) roots: Roots,
    pub(crate) read_count: u64,
}

/// What a run starts from, and what it goes on from: the state of a window's events.
pub(crate) struct Start {
    state: FoldState,
    inputs: InputsRoot,
    window: Window,
}

/// The state that a checkpoint of this process holds, so that the next run need not read it back.
///
/// Only the last one is kept, and none that is large: a node must not grow with the number of namespaces.
pub(crate) struct Kept {
    ns: Namespace,
    checkpoint: ObjectId,
    fold_root: Sha256Digest,
    gov_version: u64,
    start: Start,
}

impl Start {
    fn empty(fold: &Fold) -> Start {
        Start {
            state: FoldState::new(fold),
            inputs: InputsRoot::new(),
            window: Window::default(),
        }
    }
}

impl Node {
    /// Installs a compiled fold: governance names its root, the fold's ref keeps its bytes.
    ///
    /// # Errors
    /// `BAD_FOLD` for bytes that are no fold, and what governance may say.
    pub fn fold_install(
        &self,
        ns: &Namespace,
        rgf: &[u8],
        source: Option<(&str, &[u8])>,
    ) -> Outcome<InstallReport> {
        let source = source.as_ref().map(core::slice::from_ref);
        self.fold_install_beside(ns, rgf, source.unwrap_or_default())
    }

    /// As [`Node::fold_install`], with any files to keep beside the fold: sources, and under [`FOLD_MAP_FILE`] the lines of
    /// a program.
    ///
    /// # Errors
    /// As [`Node::fold_install`].
    pub fn fold_install_beside(
        &self,
        ns: &Namespace,
        rgf: &[u8],
        beside: &[(&str, &[u8])],
    ) -> Outcome<InstallReport> {
        let fold = Fold::decode(rgf)?;
        let fold_root = fold.fold_root();
        let chain = self.governance()?;
        let named = chain.fold_root_at(ns, chain.version());
        let kept = self.installed_fold_bytes(ns)?;
        if named == fold_root && kept.as_deref() == Some(rgf) {
            return Ok(InstallReport {
                ns: ns.clone(),
                fold_root,
                gov: chain.head(),
                unchanged: true,
            });
        }
        // The bytes first: governance never names a fold that cannot be found.
        self.keep_installed(&Installed::fold(ns), rgf, fold_root, beside)?;
        let gov = if named == fold_root {
            chain.head()
        } else {
            self.govern(vec![ChangeOperation::FoldInstall {
                ns: ns.clone(),
                fold_root,
            }])?
        };
        Ok(InstallReport {
            ns: ns.clone(),
            fold_root,
            gov,
            unchanged: false,
        })
    }

    /// The fold governance names for a namespace.
    ///
    /// # Errors
    /// `BAD_FOLD` when none is installed, or when the bytes kept are not the ones named.
    pub fn installed_fold(&self, ns: &Namespace, chain: &Chain) -> Outcome<Fold> {
        let fold_root = chain.fold_root_at(ns, chain.version());
        if fold_root == gatos_values::roots::EMPTY_FOLD_ROOT {
            return Err(Fault::new(
                ErrorCode::BadFold,
                ns.as_str(),
                format!("no fold is installed for namespace `{ns}`"),
            )
            .with_hint(format!(
                "compile and install one: `gatos foldc FOLD.yaml -o FOLD.rgf && gatos fold install FOLD.rgf --ns {ns}`"
            )));
        }
        self.find_fold(ns, fold_root)
    }

    /// The fold with this root, with its lines where they were kept beside it.
    pub(crate) fn find_fold(&self, ns: &Namespace, fold_root: Sha256Digest) -> Outcome<Fold> {
        let fold = Fold::decode(&self.find_fold_bytes(ns, fold_root)?)?;
        if fold.kind() != "elc" {
            return Ok(fold);
        }
        let map = format!("source/{FOLD_MAP_FILE}");
        let map = self.installed_file(&Installed::fold(ns), fold_root, &map)?;
        // Lines make reports better and nothing else different: a map that does not fit is left out.
        Ok(match map {
            Some(map) => fold.clone().with_map(&map).unwrap_or(fold),
            None => fold,
        })
    }

    /// Brings the state of a namespace up to its journals.
    ///
    /// # Errors
    /// `BAD_FOLD`, `NUM_OVERFLOW` naming the reducer, the refusal of an event, I/O errors.
    pub fn fold_run(
        &self,
        ns: &Namespace,
        progress: &mut dyn FnMut(crate::Progress<'_>),
    ) -> Outcome<RunReport> {
        let writer = self.writer()?;
        writer.flush()?;
        let chain = self.governance()?;
        let fold = self.installed_fold(ns, &chain)?;
        let views = self.input_views(ns, &fold)?;
        let head = self.checkpoint_head(ns)?;
        let mut start = match self.take_kept(ns, &fold, &chain, &views, head) {
            Some(start) => start,
            None => self.start_of(ns, &fold, &chain, &views, head)?,
        };
        let governed = (&*chain, chain.version());
        let computed = self.compute(ns, &fold, governed, views, &mut start, progress)?;
        let (checkpoint, unchanged) = match head {
            Some(head) if self.says_all(head, &computed, &chain)? => (head, true),
            _ => {
                // A checkpoint over a branch that governance did not choose is left, not continued.
                let parent = self.newest_standing_checkpoint(head)?;
                let parents: Vec<ObjectId> = parent.into_iter().collect();
                let written = self.write_checkpoint(ns, &chain, &computed, &parents, head)?;
                (written, false)
            }
        };
        self.keep(ns, &fold, &computed, (checkpoint, chain.version()), start);
        Ok(self.report(ns, &computed, checkpoint, unchanged))
    }

    /// Whether a checkpoint says already what was computed.
    fn says_all(&self, checkpoint: ObjectId, computed: &Computed, chain: &Chain) -> Outcome<bool> {
        let newest = self.read_checkpoint(checkpoint)?.checkpoint;
        Ok(newest.window == computed.window
            && roots_of(&newest) == computed.roots
            && newest.gov == chain.head())
    }

    /// The kept state, if it is the one of the newest checkpoint and continues with these journals. It is
    /// taken out, so that a run that fails half-way leaves nothing behind.
    fn take_kept(
        &self,
        ns: &Namespace,
        fold: &Fold,
        chain: &Chain,
        views: &[JournalView],
        head: Option<ObjectId>,
    ) -> Option<Start> {
        let kept = lock(&self.kept).take()?;
        let fits = kept.ns == *ns
            && Some(kept.checkpoint) == head
            && kept.fold_root == fold.fold_root()
            && still_counts(&kept.start.window, chain, kept.gov_version)
            && is_prefix(&kept.start.window, views);
        fits.then_some(kept.start)
    }

    fn keep(
        &self,
        ns: &Namespace,
        fold: &Fold,
        computed: &Computed,
        (checkpoint, gov_version): (ObjectId, u64),
        start: Start,
    ) {
        if computed.encoded.size() <= KEPT_STATE_SIZE_MAX {
            *lock(&self.kept) = Some(Kept {
                ns: ns.clone(),
                checkpoint,
                fold_root: fold.fold_root(),
                gov_version,
                start,
            });
        }
    }

    fn report(
        &self,
        ns: &Namespace,
        computed: &Computed,
        checkpoint: ObjectId,
        unchanged: bool,
    ) -> RunReport {
        RunReport {
            ns: ns.clone(),
            roots: computed.roots,
            event_count: computed.window.count,
            read_count: computed.read_count,
            checkpoint,
            unchanged,
            skipped: computed.skipped.clone(),
            file_count: computed.files.len() as u64,
        }
    }

    /// The journals a fold reads: those its `inputs` name, else the namespace's own.
    pub(crate) fn input_views(&self, ns: &Namespace, fold: &Fold) -> Outcome<Vec<JournalView>> {
        match fold.inputs() {
            Some(globs) => self.journal_views(&|name| globs.iter().any(|glob| glob.matches(name))),
            None => {
                let prefix = format!("gatos/journal/{ns}/");
                let depth = prefix.matches('/').count() + 2;
                self.journal_views(&|name| {
                    name.starts_with(&prefix) && name.matches('/').count() == depth
                })
            }
        }
    }

    /// The newest checkpoint whose window is a prefix of today's order and whose fold and engine fit.
    fn start_of(
        &self,
        ns: &Namespace,
        fold: &Fold,
        chain: &Chain,
        views: &[JournalView],
        head: Option<ObjectId>,
    ) -> Outcome<Start> {
        let mut next = head;
        if fold.needs_all_events() {
            return Ok(Start::empty(fold));
        }
        for _ in 0..CHECKPOINT_SEARCH_COUNT_MAX {
            let Some(commit) = next else { break };
            // A checkpoint that cannot be read or trusted is no start; the events are what counts.
            let Ok(read) = self.read_checkpoint(commit) else {
                break;
            };
            next = read.parents.first().copied();
            if read.checkpoint.ns != *ns
                || read.checkpoint.fold_root != fold.fold_root()
                || read.checkpoint.engine.as_str() != ENGINE
                || self.judge_checkpoint(chain, &read).is_err()
                || chain
                    .version_of(&read.checkpoint.gov)
                    .is_none_or(|version| !still_counts(&read.checkpoint.window, chain, version))
                || !is_prefix(&read.checkpoint.window, views)
            {
                continue;
            }
            if let Ok((state, inputs)) = self.load_fold_state(fold, &read)
                && inputs.count() == read.checkpoint.window.count
                && inputs.root() == read.checkpoint.inputs_root
            {
                return Ok(Start {
                    state,
                    inputs,
                    window: read.checkpoint.window,
                });
            }
        }
        Ok(Start::empty(fold))
    }

    /// Computes the state from nothing, as of a governance version.
    pub(crate) fn compute_all(
        &self,
        ns: &Namespace,
        fold: &Fold,
        governed: (&Chain, u64),
        views: Vec<JournalView>,
        progress: &mut dyn FnMut(crate::Progress<'_>),
    ) -> Outcome<Computed> {
        let mut start = Start::empty(fold);
        self.compute(ns, fold, governed, views, &mut start, progress)
    }

    fn compute(
        &self,
        ns: &Namespace,
        fold: &Fold,
        (chain, version): (&Chain, u64),
        views: Vec<JournalView>,
        start: &mut Start,
        progress: &mut dyn FnMut(crate::Progress<'_>),
    ) -> Outcome<Computed> {
        let Start {
            state,
            inputs,
            window,
        } = start;
        let cuts: Vec<JournalCuts> = views
            .iter()
            .map(|view| chain.cuts_of(view.journal()).up_to(version))
            .collect();
        cuts::check_views(&views, &cuts)?;
        let total: u64 = views.iter().map(JournalView::count).sum();
        let names: Vec<String> = views.iter().map(|view| view.journal().short()).collect();
        let from: Vec<u64> = names
            .iter()
            .map(|name| window.heads.get(name).map_or(0, |head| head.count))
            .collect();
        let reader = EventReader::from_positions(self.repository(), views, &from, Selection::all());
        let mut read_count = 0;
        for read in reader.positioned() {
            let read = read?;
            let name = &names[read.view_index];
            let cuts = &cuts[read.view_index];
            if !cuts.is_empty() {
                let named = chain.version_of(&read.stored.event.envelope().gov);
                if cuts
                    .stale_since(read.position, named.unwrap_or(0))
                    .is_some()
                {
                    continue;
                }
                // Stale events before this one are passed over only now, so that a window ends with an event that
                // counts and the state with it.
                state.pass_to(name, read.position - 1)?;
            }
            apply(fold, state, name, read.position, &read.stored)?;
            let edge = Edge {
                event: read.stored.event.id(),
                ulid: read.stored.event.envelope().ulid,
            };
            inputs.push(edge.event.as_bytes());
            extend(window, name, read.position, edge);
            read_count += 1;
            if read_count % 1024 == 0 {
                progress(crate::Progress {
                    stage: "fold",
                    done: window.count,
                    total: Some(total),
                });
            }
        }
        progress(crate::Progress {
            stage: "fold",
            done: window.count,
            total: Some(total),
        });
        state.set_policy_root(chain.policy_root_at(version));
        let files = state.emit(fold)?;
        let encoded = state.encode(fold, inputs)?;
        let roots = Roots {
            state_root: state_root_of(&files),
            inputs_root: inputs.root(),
            policy_root: chain.policy_root_at(version),
            fold_root: chain.fold_root_at(ns, version),
        };
        Ok(Computed {
            skipped: state
                .skipped(fold)
                .into_iter()
                .map(|(name, count)| (reply::lossy(&name), count))
                .collect(),
            files,
            encoded,
            window: window.clone(),
            roots,
            read_count,
        })
    }

    /// Signs and writes a checkpoint on any parents (two when heads of two clones are joined), and moves the state's ref
    /// to it.
    pub(crate) fn write_checkpoint(
        &self,
        ns: &Namespace,
        chain: &Chain,
        computed: &Computed,
        parents: &[ObjectId],
        expected: Option<ObjectId>,
    ) -> Outcome<ObjectId> {
        let checkpoint = Checkpoint {
            repo: chain.repository_id(),
            resource: ResourceUri::state(chain.repository_name(), ns),
            ns: ns.clone(),
            gov: chain.head(),
            state_root: computed.roots.state_root,
            inputs_root: computed.roots.inputs_root,
            policy_root: computed.roots.policy_root,
            fold_root: computed.roots.fold_root,
            engine: Text::from_ascii(ENGINE),
            window: computed.window.clone(),
            skipped: computed.skipped.clone(),
            fold_state: Blake3Digest::of(&computed.encoded.manifest),
        };
        let acting = self.acting_key(chain, None, None)?;
        let date = computed.window.last.map_or(chain.ulid(), |edge| edge.ulid);
        let (written, kept) = CheckpointCommit {
            checkpoint: &checkpoint,
            files: &computed.files,
            encoded: &computed.encoded,
            parents,
            acting: &acting,
            date,
        }
        .write(self)?;
        self.writer()?.move_refs(&[gatos_ledger::RefChange {
            name: state_ref(ns),
            expected,
            new: written,
        }])?;
        kept.release()?;
        Ok(written)
    }

    fn installed_fold_bytes(&self, ns: &Namespace) -> Outcome<Option<Vec<u8>>> {
        let Some(head) = gatos_ledger::refs::read(self.repository(), &fold_ref(ns))? else {
            return Ok(None);
        };
        self.file_of_commit(head, "fold.rgf")
    }

    /// The bytes with this root: the newest kept, else an earlier one.
    pub(crate) fn find_fold_bytes(
        &self,
        ns: &Namespace,
        fold_root: Sha256Digest,
    ) -> Outcome<Vec<u8>> {
        if let Some(bytes) = self.installed_bytes(&Installed::fold(ns), fold_root)? {
            return Ok(bytes);
        }
        Err(Fault::new(
            ErrorCode::BadFold,
            fold_ref(ns),
            format!("governance names fold `{fold_root}` for `{ns}`, but its bytes are not here"),
        )
        .with_hint(format!(
            "install the same fold again (`gatos fold install FOLD.rgf --ns {ns}`) or `gatos sync`"
        )))
    }
}

/// Takes one more event into a window, in canonical order.
fn extend(window: &mut Window, journal: &str, position: u64, edge: Edge) {
    window.first.get_or_insert(edge);
    window.last = Some(edge);
    window.count += 1;
    let head = Head {
        event: edge.event,
        count: position,
    };
    match window.heads.get_mut(journal) {
        Some(known) => *known = head,
        None => {
            window.heads.insert(journal.to_owned(), head);
        }
    }
}

/// Feeds one stored event to a fold's state.
pub(crate) fn apply(
    fold: &Fold,
    state: &mut FoldState,
    journal: &str,
    position: u64,
    stored: &StoredEvent,
) -> Outcome<()> {
    let envelope = stored.event.envelope();
    state.apply(
        fold,
        &FoldEvent {
            id: stored.event.id(),
            ulid: envelope.ulid,
            event_type: envelope.event_type.as_str(),
            actor: envelope.actor.as_str(),
            journal,
            position,
            payload: &envelope.payload,
        },
    )?;
    Ok(())
}

/// The Merkle root over state files.
pub(crate) fn state_root_of(files: &[StateFile]) -> Blake3Digest {
    merkle::state_root(
        files
            .iter()
            .map(|file| (file.path.as_str(), Blake3Digest::of(&file.bytes))),
    )
}

/// The roots a checkpoint states.
pub(crate) fn roots_of(checkpoint: &Checkpoint) -> Roots {
    Roots {
        state_root: checkpoint.state_root,
        inputs_root: checkpoint.inputs_root,
        policy_root: checkpoint.policy_root,
        fold_root: checkpoint.fold_root,
    }
}

/// True when no version after `gov_version` cut a journal of the window before the window's end.
fn still_counts(window: &Window, chain: &Chain, gov_version: u64) -> bool {
    gov_version == chain.version()
        || window.heads.iter().all(|(name, head)| {
            let journal = JournalName::parse_short(name);
            journal.is_ok_and(|journal| !chain.cuts_of(&journal).disturb(gov_version, head.count))
        })
}

/// True when the window's journals still hold what it says at its positions, and everything beyond sorts
/// after its last event.
fn is_prefix(window: &Window, views: &[JournalView]) -> bool {
    let last: Option<(Ulid, EventId)> = window.last.map(|mark| (mark.ulid, mark.event));
    let known = views
        .iter()
        .filter(|view| window.heads.contains_key(&view.journal().short()))
        .count();
    if known != window.heads.len() {
        return false;
    }
    views.iter().all(|view| {
        let mark = window.heads.get(&view.journal().short());
        let inside = mark.map_or(0, |mark| mark.count);
        let stands = mark.is_none_or(
            |mark| matches!(view.step(mark.count), Ok(Some(step)) if step.id == mark.event),
        );
        let beyond = match view.step(inside + 1) {
            Ok(Some(step)) => last.is_none_or(|last| (step.ulid, step.id) > last),
            Ok(None) => true,
            Err(_) => false,
        };
        stands && beyond
    })
}
