use std::path::Path;

use gatos_testkit::git_fixture::GitFixture;
use gatos_values::roots::{EMPTY_FOLD_ROOT, EMPTY_POLICY_ROOT};
use gatos_values::{Envelope, EventType, GovernanceId, ResourceUri, SigningKey, Value};

use super::*;
use crate::object_id::ObjectKind;
use crate::objects::write_loose;
use crate::walk::Refusal;

/// What the index is held against is the journal itself, so every event may stand.
struct EveryEvent;

impl Admission for EveryEvent {
    fn admit(&self, _: &SealedEvent) -> Result<u64, Refusal> {
        Ok(0)
    }
}

fn journal() -> JournalName {
    let key = SigningKey::from_seed([1; 32]).public().key_id();
    JournalName::parse_short(&format!("gatos/journal/ops/user/alice/{key}")).unwrap()
}

fn idem(number: u64) -> IdempotencyKey {
    IdempotencyKey::parse(&format!("call-{number}")).unwrap()
}

fn event(number: u64, prev: Option<EventId>) -> SealedEvent {
    let signer = SigningKey::from_seed([1; 32]);
    let JournalName { ns, actor, key } = journal();
    let envelope = Envelope {
        repo: GovernanceId::from_bytes([1; 32]),
        resource: ResourceUri::parse("gatos://acme/ops/web").unwrap(),
        ns,
        actor,
        key,
        event_type: EventType::parse("deploy.done").unwrap(),
        ulid: Ulid::from_parts(1_767_225_600_000 + number, 7).unwrap(),
        prev,
        payload: Value::from(number),
        caps: Vec::new(),
        labels: Vec::new(),
        idem: Some(idem(number)),
        session: None,
        gov: GovernanceId::from_bytes([1; 32]),
        policy_root: EMPTY_POLICY_ROOT,
        fold_root: EMPTY_FOLD_ROOT,
    };
    SealedEvent::sign(envelope, &signer).unwrap()
}

/// A repository whose journal is made of loose commits, and the steps of all of them.
struct Scene {
    _fixture: GitFixture,
    repository: Repository,
    steps: Vec<Step>,
}

impl Scene {
    fn with(count: u64) -> Scene {
        let fixture = GitFixture::new_bare();
        let repository = Repository::open(fixture.path()).unwrap();
        write_loose(&repository, ObjectKind::Tree, b"").unwrap();
        let mut steps: Vec<Step> = Vec::new();
        for number in 1..=count {
            let before = steps.last();
            let event = event(number, before.map(|step| step.id));
            let content = codec::encode_event_commit(&event, before.map(|step| step.commit));
            let commit = write_loose(&repository, ObjectKind::Commit, &content).unwrap();
            steps.push(Step::of(&event, commit));
        }
        Scene {
            _fixture: fixture,
            repository,
            steps,
        }
    }

    fn tip(&self, count: usize) -> Option<ObjectId> {
        Some(self.steps[count - 1].commit)
    }

    fn directory(&self) -> PathBuf {
        self.repository.gatos_dir().join("index")
    }

    /// Opens the index and brings the journal up to its first `count` events.
    fn caught_up(&self, count: usize) -> Index {
        let mut index = Index::open_for_writing(&self.directory()).unwrap();
        let tip = index
            .catch_up(&self.repository, &journal(), self.tip(count), &EveryEvent)
            .unwrap();
        assert_eq!(tip.map(|tip| tip.count), Some(count as u64));
        index.sync().unwrap();
        index
    }

    /// Every event of the journal is found by all it can be asked for by.
    fn check(&self, index: &mut Index, count: usize) {
        let JournalName { ns, actor, .. } = journal();
        for (number, step) in (1..).zip(&self.steps[..count]) {
            let repository = &self.repository;
            let found = [
                index.find_id(repository, &step.id).unwrap(),
                index
                    .find_idempotency_key(repository, &ns, &actor, &idem(number))
                    .unwrap(),
                index.find_ulid(repository, &journal(), step.ulid).unwrap(),
            ];
            for stored in found {
                let stored = stored.unwrap_or_else(|| panic!("event {number} is not found"));
                assert_eq!((stored.commit, stored.event.id()), (step.commit, step.id));
            }
        }
        assert_eq!(
            index.lookup.covered(&journal()).unwrap(),
            count as u64,
            "coverage"
        );
    }
}

fn shorten(file: &Path, size: u64) {
    let file = std::fs::File::options().write(true).open(file).unwrap();
    file.set_len(file.metadata().unwrap().len().min(size))
        .unwrap();
}

fn file_that(directory: &Path, is_meant: impl Fn(&str) -> bool) -> PathBuf {
    let mut found = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| is_meant(&path.file_name().unwrap().to_string_lossy()));
    let path = found.next().unwrap();
    assert!(found.next().is_none());
    path
}

/// A power cut takes of each file what was not flushed: any prefix of either may be left, while the ref has
/// moved on. Whatever is left, everything is found afterwards.
#[test]
fn whatever_a_power_cut_leaves_of_table_and_look_up_every_event_is_found() {
    let scene = Scene::with(6);
    let directory = scene.directory();
    for known in [1, 3, 6] {
        let full = |suffix: &str| {
            let path = file_that(&directory, |name| name.ends_with(suffix));
            path.metadata().unwrap().len()
        };
        let _ = std::fs::remove_dir_all(&directory);
        drop(scene.caught_up(known));
        let (log_size, table_size) = (full(".log"), full(".table"));
        for log_left in [0, 24, log_size / 2, log_size - 1, log_size] {
            for table_left in [0, table_size / 2, table_size - 1, table_size] {
                // The state before the cut, then the cut, then a ref that is ahead of both files.
                std::fs::remove_dir_all(&directory).unwrap();
                drop(scene.caught_up(known));
                shorten(
                    &file_that(&directory, |name| name.ends_with(".log")),
                    log_left,
                );
                shorten(
                    &file_that(&directory, |name| name.ends_with(".table")),
                    table_left,
                );
                let mut index = scene.caught_up(6);
                scene.check(&mut index, 6);
                drop(index);
                let mut again = scene.caught_up(6);
                scene.check(&mut again, 6);
            }
        }
    }
}

#[test]
fn what_is_noted_above_a_gap_does_not_hide_the_gap() {
    let scene = Scene::with(5);
    let directory = scene.directory();
    drop(scene.caught_up(3));
    std::fs::remove_file(file_that(&directory, |name| name.ends_with(".log"))).unwrap();
    {
        // A caller that adds events without having caught up first.
        let mut index = Index::open_for_writing(&directory).unwrap();
        index.append(&journal(), &scene.steps[3..]).unwrap();
        index.sync().unwrap();
        assert_eq!(index.lookup.covered(&journal()).unwrap(), 0);
    }
    let mut index = scene.caught_up(5);
    scene.check(&mut index, 5);
}
