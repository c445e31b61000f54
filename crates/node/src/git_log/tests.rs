//! Histories, ordinary and hostile, against what stock Git says about them.

mod environment;
mod hostile;
mod parts;

use std::path::Path;

use gatos_testkit::git_fixture::{FixtureGit, GitFixture};
use gatos_values::{Value, json};

use super::*;

use super::diff::{BLOCK_COMMITS, Change, change};
use super::order::id_from_hex;
use super::payload::{MESSAGE_SIZE_MAX, NAME_SIZE_MAX, OMITTED_SIZE, PARENTS_MAX, PATH_SIZE_MAX};
use super::source::OBJECT_SIZE_READ_MAX;

/// All payloads of a history as JSON lines.
fn lines(path: &Path, options: &GitLogOptions) -> Vec<String> {
    let log = GitLog::open(path, options).unwrap();
    let count = log.commit_count() as usize;
    let lines: Vec<String> = log.map(|record| line(&record.unwrap())).collect();
    assert_eq!(lines.len(), count);
    lines
}

fn line(record: &GitCommitRecord) -> String {
    let bytes = json::encode_canonical(&record.payload).unwrap();
    assert!(bytes.len() <= PAYLOAD_SIZE_MAX, "{} bytes", bytes.len());
    String::from_utf8(bytes).unwrap()
}

fn read(fixture: &GitFixture) -> Vec<Value> {
    let log = GitLog::open(fixture.path(), &GitLogOptions::default()).unwrap();
    log.map(|record| record.unwrap().payload).collect()
}

/// The payload of a history of one commit.
fn only(fixture: &GitFixture) -> Value {
    let [payload] = <[Value; 1]>::try_from(read(fixture)).unwrap();
    payload
}

fn text<'a>(payload: &'a Value, field: &str) -> &'a str {
    payload
        .get(field)
        .and_then(Value::as_str)
        .unwrap_or_else(|| panic!("{field}: {payload:?}"))
}

fn paths(payload: &Value) -> Vec<String> {
    let list = payload.get("paths").and_then(Value::as_list).unwrap();
    let count = |change: &Value, field| match change.get(field).unwrap() {
        Value::Null => "-".to_owned(),
        count => count.as_integer().unwrap().to_string(),
    };
    let show = |change: &Value| {
        format!(
            "{}\t{}\t{}",
            count(change, "added"),
            count(change, "deleted"),
            text(change, "path")
        )
    };
    list.iter().map(show).collect()
}

fn messages(payloads: &[Value]) -> Vec<&str> {
    payloads
        .iter()
        .map(|payload| text(payload, "message").trim_end())
        .collect()
}

/// Feeds `fast-import`, keeping the objects in one pack.
fn import(fixture: &GitFixture, stream: impl AsRef<[u8]>) {
    let arguments = [
        "-c",
        "fastimport.unpackLimit=0",
        "fast-import",
        "--quiet",
        "--force",
    ];
    fixture.feed(&arguments, stream.as_ref());
}

/// Writes an object as it stands, valid or not, and gives its id.
fn write_object(fixture: &GitFixture, kind: &str, content: &[u8]) -> String {
    fixture.feed(
        &["hash-object", "-t", kind, "-w", "--stdin", "--literally"],
        content,
    )
}

/// A history of one commit object with this content behind the tree line.
fn with_commit(rest: &[u8]) -> GitFixture {
    let fixture = GitFixture::new();
    let tree = fixture.feed(&["mktree"], b"");
    let content = [format!("tree {tree}\n").as_bytes(), rest].concat();
    let commit = write_object(&fixture, "commit", &content);
    fixture.run(&["update-ref", "refs/heads/main", &commit]);
    fixture
}

/// Commits of a few files in a few shapes, with a merge; every line is told by Git itself below.
fn ordinary() -> GitFixture {
    let fixture = GitFixture::new();
    import(
        &fixture,
        "commit refs/heads/main\nmark :1\nauthor Ann <ann@example.org> 1700000000 +0100\n\
         committer Bob <bob@example.org> 1700000100 -0500\ndata 14\nfirst\n\ndetail\n\n\
         M 100644 inline a.txt\ndata 6\n1\n2\n3\n\nM 100644 inline dir/b.txt\ndata 2\nx\n\n\
         M 100644 inline image\ndata 4\n\0\x01\x02\n\n\
         commit refs/heads/side\nmark :2\ncommitter Ann <ann@example.org> 1700000200 +0000\n\
         data 5\nside\n\nfrom :1\nM 100644 inline a.txt\ndata 4\n1\n3\n\n\
         commit refs/heads/main\nmark :3\ncommitter Ann <ann@example.org> 1700000150 +0000\n\
         data 5\nmain\n\nfrom :1\nD dir/b.txt\nM 100755 inline run\ndata 3\n#!\n\n\
         M 120000 inline link\ndata 3\nrun\nM 160000 1111111111111111111111111111111111111111 module\n\n\
         commit refs/heads/main\nmark :4\ncommitter Ann <ann@example.org> 1700000300 +0000\n\
         data 6\nmerge\n\nfrom :3\nmerge :2\nM 100644 inline a.txt\ndata 4\n1\n3\n\n",
    );
    fixture
}

#[test]
fn a_payload_reads_like_this() {
    let fixture = ordinary();
    let first = fixture.run(&["rev-list", "--max-parents=0", "HEAD"]);
    let expected = format!(
        concat!(
            r#"{{"author":{{"email":"ann@example.org","name":"Ann"}},"author_time":"2023-11-14T22:13:20Z","#,
            r#""commit":"{}","committer":{{"email":"bob@example.org","name":"Bob"}},"#,
            r#""message":"first\n\ndetail\n","parents":[],"paths":["#,
            r#"{{"added":3,"deleted":0,"path":"a.txt"}},{{"added":1,"deleted":0,"path":"dir/b.txt"}},"#,
            r#"{{"added":null,"deleted":null,"path":"image"}}],"time":"2023-11-14T22:15:00Z"}}"#
        ),
        first
    );
    assert_eq!(
        lines(fixture.path(), &GitLogOptions::default())[0],
        expected
    );
}

/// The payloads of the history above, byte for byte. `GATOS_BLESS=1` writes them anew; only a change of the
/// format may need that.
#[test]
fn the_payloads_are_these_bytes() {
    let found = lines(ordinary().path(), &GitLogOptions::default()).join("\n") + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/git-commit/history.jsonl");
    if std::env::var_os("GATOS_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &found).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(kept, found);
}

#[test]
fn commits_come_by_commit_time_not_by_descent() {
    let fixture = ordinary();
    let payloads = read(&fixture);
    assert_eq!(
        messages(&payloads),
        ["first\n\ndetail", "main", "side", "merge"]
    );
    // A child older than its parent, and three of one second in order of their ids.
    let fixture = GitFixture::new();
    let mut stream = String::new();
    for (number, time) in [(1, 500), (2, 100), (3, 300), (4, 300), (5, 300)] {
        stream.push_str(&format!(
            "commit refs/heads/main\ncommitter A <a@b> {time} +0000\ndata 2\n{number}\n\n"
        ));
    }
    import(&fixture, stream);
    let payloads = read(&fixture);
    let times: Vec<_> = payloads
        .iter()
        .map(|payload| text(payload, "time"))
        .collect();
    assert!(times.is_sorted());
    assert_eq!((messages(&payloads)[0], messages(&payloads)[4]), ("2", "1"));
    let middle: Vec<_> = payloads[1..4]
        .iter()
        .map(|payload| text(payload, "commit"))
        .collect();
    assert!(middle.is_sorted());
}

#[test]
fn paths_and_counts_are_those_of_git() {
    let fixture = ordinary();
    for payload in read(&fixture) {
        let commit = text(&payload, "commit");
        let show = [
            "show",
            "--format=",
            "--numstat",
            "--no-renames",
            "--first-parent",
            "-m",
            commit,
        ];
        let merge = payload.get("parents").unwrap().as_list().unwrap().len() > 1;
        let shown = if merge {
            String::new()
        } else {
            fixture.run(&show)
        };
        let shown: Vec<&str> = shown.lines().collect();
        assert_eq!(paths(&payload), shown, "{commit}");
        let parents: Vec<_> = payload
            .get("parents")
            .unwrap()
            .as_list()
            .unwrap()
            .iter()
            .collect();
        let parents: Vec<_> = parents
            .iter()
            .map(|parent| parent.as_str().unwrap())
            .collect();
        assert_eq!(
            parents.join(" "),
            fixture.run(&["show", "-s", "--format=%P", commit])
        );
    }
}

#[test]
fn an_octopus_has_parents_and_no_paths() {
    let fixture = GitFixture::new();
    let roots: Vec<String> = (0..5)
        .map(|number| fixture.commit(&[], &format!("{number}")))
        .collect();
    let parents: Vec<&str> = roots.iter().map(String::as_str).collect();
    let merge = fixture.commit(&parents, "octopus");
    fixture.run(&["update-ref", "refs/heads/main", &merge]);
    let payloads = read(&fixture);
    let octopus = payloads
        .iter()
        .find(|payload| text(payload, "commit") == merge)
        .unwrap();
    assert_eq!(octopus.get("parents").unwrap().as_list().unwrap().len(), 5);
    assert_eq!(paths(octopus), Vec::<String>::new());
}

#[test]
fn an_empty_repository_has_an_empty_history() {
    for fixture in [GitFixture::new(), GitFixture::new_bare()] {
        for all_refs in [false, true] {
            let options = GitLogOptions {
                all_refs,
                ..GitLogOptions::default()
            };
            assert_eq!(lines(fixture.path(), &options), Vec::<String>::new());
        }
    }
}

#[test]
fn all_refs_are_taken_but_our_own() {
    let fixture = ordinary();
    let loose = fixture.commit(&[], "tagged");
    fixture.run(&["tag", "-a", "-m", "tag", "v1", &loose]);
    fixture.run(&["tag", "blob", &write_object(&fixture, "blob", b"x")]);
    let ours = fixture.commit(&[], "ours");
    fixture.run(&[
        "update-ref",
        "refs/gatos/journal/x/user/a/0000000000000000",
        &ours,
    ]);
    assert_eq!(read(&fixture).len(), 4);
    let options = GitLogOptions {
        all_refs: true,
        ..GitLogOptions::default()
    };
    let all = lines(fixture.path(), &options);
    assert_eq!(all.len(), 5);
    assert!(all.iter().any(|line| line.contains("tagged")));
    assert!(!all.iter().any(|line| line.contains("\"ours")));
}

#[test]
fn known_commits_can_be_left_out_before_they_are_read() {
    let fixture = ordinary();
    let all = lines(fixture.path(), &GitLogOptions::default());
    let mut log = GitLog::open(fixture.path(), &GitLogOptions::default()).unwrap();
    let mut seen = 0;
    log.retain(|id| {
        seen += 1;
        assert_eq!(id.len(), 20);
        seen % 2 == 0
    });
    assert_eq!(log.commit_count(), 2);
    let first = log.next().unwrap().unwrap();
    log.retain(|_| false);
    let second = log.next().unwrap().unwrap();
    assert_eq!(
        [line(&first), line(&second)],
        [all[1].clone(), all[3].clone()]
    );
    assert!(log.next().is_none());
}

#[test]
fn a_record_gives_the_parts_of_a_ulid() {
    let fixture = ordinary();
    let mut log = GitLog::open(fixture.path(), &GitLogOptions::default()).unwrap();
    let record = log.next().unwrap().unwrap();
    assert_eq!(record.commit_hex(), text(&record.payload, "commit"));
    assert_eq!(record.time_ms(), 1_700_000_100_000);
    assert_eq!(
        format!("{:020x}", record.random_bits()),
        record.commit_hex()[..20]
    );
    assert!(gatos_values::Ulid::from_parts(record.time_ms(), record.random_bits()).is_some());
}

/// More commits than one diff process is given, over several processes, in every number of them.
#[test]
fn long_histories_cross_blocks_and_processes() {
    let fixture = GitFixture::new_bare();
    let count = 13 * BLOCK_COMMITS + 7;
    let mut stream = String::new();
    for number in 0..count {
        stream.push_str(&format!(
            "commit refs/heads/main\ncommitter A <a@b> {} +0000\ndata 0\n\nM 100644 inline f{}\n\
             data {}\n{number}\n",
            1_700_000_000 + number,
            number % 7,
            number.to_string().len()
        ));
    }
    import(&fixture, stream);
    let with = |diff_processes, process_blocks| {
        let options = GitLogOptions {
            diff_processes,
            process_blocks,
            ..GitLogOptions::default()
        };
        lines(fixture.path(), &options)
    };
    let one = with(1, 1000);
    assert_eq!(one.len(), count);
    for (number, line) in one.iter().enumerate() {
        assert!(
            line.contains(&format!("\"path\":\"f{}\"", number % 7)),
            "{number}: {line}"
        );
    }
    for (diff_processes, process_blocks) in [(1, 1), (1, 5), (2, 2), (3, 1), (4, 3), (0, 0)] {
        assert_eq!(
            one,
            with(diff_processes, process_blocks),
            "{diff_processes} {process_blocks}"
        );
    }
}

#[test]
fn a_log_that_is_dropped_early_leaves_no_process() {
    let fixture = GitFixture::new_bare();
    fixture.chain("refs/heads/main", "message", 3000);
    let mut log = GitLog::open(fixture.path(), &GitLogOptions::default()).unwrap();
    log.next().unwrap().unwrap();
    // Dropping waits for each process; this hangs if one is not ended.
    drop(log);
    drop(GitLog::open(fixture.path(), &GitLogOptions::default()).unwrap());
}
