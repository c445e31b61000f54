//! Histories nobody should have, and repositories that cannot be read.

use super::*;

fn base64(bytes: &[u8]) -> String {
    use base64ct::{Base64, Encoding};
    format!("base64:{}", Base64::encode_string(bytes))
}

fn open_error(path: &Path) -> GitLogError {
    match GitLog::open(path, &GitLogOptions::default()) {
        Ok(mut log) => log.find_map(Result::err).expect("an error somewhere"),
        Err(error) => error,
    }
}

const PEOPLE: &str = "author A <a@b> 1 +0000\ncommitter C <c@d> 2 +0000\n";

fn message(bytes: &[u8]) -> String {
    let payload = only(&with_commit(&[PEOPLE.as_bytes(), b"\n", bytes].concat()));
    text(&payload, "message").to_owned()
}

#[test]
fn what_is_no_text_is_base64() {
    for bytes in [
        &b"caf\xe9"[..],
        "e\u{301} decomposed".as_bytes(),
        "not assigned \u{378}".as_bytes(),
        b"base64:dGV4dA==",
        b"a\xf0\x9f",
    ] {
        assert_eq!(message(bytes), base64(bytes));
    }
    for plain in [
        "café",
        "",
        "\n\n",
        "tab\there",
        "bell\u{7}",
        "Base64:",
        "日本語 🎉\u{fdd0}",
    ] {
        assert_eq!(message(plain.as_bytes()), plain);
    }
}

#[test]
fn a_message_may_hold_nul() {
    assert_eq!(message(b"one\0two\n"), "one\0two\n");
}

#[test]
fn an_encoding_is_reported_and_not_obeyed() {
    let content = [PEOPLE.as_bytes(), b"encoding ISO-8859-1\n\ncaf\xe9\n"].concat();
    let payload = only(&with_commit(&content));
    assert_eq!(text(&payload, "encoding"), "ISO-8859-1");
    assert_eq!(text(&payload, "message"), base64(b"caf\xe9\n"));
}

#[test]
fn signatures_and_unknown_headers_are_passed_over() {
    let content = format!(
        "{PEOPLE}gpgsig -----BEGIN\n author no\n parent no\nauthor Z <z@z> 9 +0000\nx y\n\nm"
    );
    let payload = only(&with_commit(content.as_bytes()));
    assert_eq!(text(payload.get("author").unwrap(), "name"), "A");
    assert_eq!(text(&payload, "message"), "m");
}

/// (author line, name, email, time, raw time)
#[test]
fn odd_people_and_times_are_read_as_git_splits_them() {
    const EPOCH: &str = "1970-01-01T00:00:00Z";
    const LAST: &str = "2514-05-30T01:53:03Z";
    let rows: &[(&str, &str, &str, &str, Option<&str>)] = &[
        (
            "A B <a@b> 86400 +0000",
            "A B",
            "a@b",
            "1970-01-02T00:00:00Z",
            None,
        ),
        ("<a@b> 0 +0000", "", "a@b", EPOCH, None),
        ("A <> 0 +0000", "A", "", EPOCH, None),
        ("  A   <a> 0", "A", "a", EPOCH, None),
        ("A <a> <b> 7 +0000", "A", "a", "1970-01-01T00:00:07Z", None),
        ("A <a>b> 7 +0000", "A", "a", "1970-01-01T00:00:07Z", None),
        ("A <a@b> -1 +0000", "A", "a@b", EPOCH, Some("-1")),
        ("A <a@b> 17179869183 +0000", "A", "a@b", LAST, None),
        (
            "A <a@b> 17179869184 +0000",
            "A",
            "a@b",
            LAST,
            Some("17179869184"),
        ),
        (
            "A <a@b> 99999999999999999999999999 +0000",
            "A",
            "a@b",
            LAST,
            Some("99999999999999999999999999"),
        ),
        ("A <a@b> soon +0000", "A", "a@b", EPOCH, Some("soon")),
        (
            "A <a@b> 12x +0000",
            "A",
            "a@b",
            "1970-01-01T00:00:12Z",
            Some("12x"),
        ),
        ("A <a@b>", "A", "a@b", EPOCH, Some("")),
        ("nobody at all", "nobody at all", "", EPOCH, Some("")),
        ("A <a@b 7 +0000", "A", "a@b 7 +0000", EPOCH, Some("")),
        ("", "", "", EPOCH, Some("")),
    ];
    for (line, name, email, time, raw) in rows {
        let content = format!("author {line}\ncommitter C <c@d> 2 +0000\n\nm");
        let payload = only(&with_commit(content.as_bytes()));
        let author = payload.get("author").unwrap();
        assert_eq!(
            (text(author, "name"), text(author, "email")),
            (*name, *email),
            "{line}"
        );
        assert_eq!(text(&payload, "author_time"), *time, "{line}");
        let found = payload.get("author_time_raw").and_then(Value::as_str);
        assert_eq!(found, *raw, "{line}");
    }
}

#[test]
fn the_committers_time_orders_and_is_clamped() {
    let with = |time: &str| {
        with_commit(format!("author A <a> 1 +0000\ncommitter C <c> {time}\n\n").as_bytes())
    };
    for (time, seconds) in [
        ("-5 +0000", 0),
        ("18446744073709551616 +0000", (1 << 34) - 1),
        ("", 0),
    ] {
        let fixture = with(time);
        let mut log = GitLog::open(fixture.path(), &GitLogOptions::default()).unwrap();
        let record = log.next().unwrap().unwrap();
        assert_eq!(record.time_seconds, seconds, "{time}");
        assert!(record.payload.get("time_raw").is_some());
    }
}

#[test]
fn a_commit_without_people_is_still_a_commit() {
    let payload = only(&with_commit(b"\nmessage"));
    assert_eq!(text(payload.get("committer").unwrap(), "name"), "");
    assert_eq!(text(&payload, "author_time_raw"), "");
    assert_eq!(text(&payload, "message"), "message");
}

#[test]
fn odd_paths_are_kept_exactly() {
    let fixture = GitFixture::new();
    let blob = write_object(&fixture, "blob", b"1\n");
    let names: [&[u8]; 7] = [
        b"tab\there",
        b"line\nend",
        b"quote\"back\\",
        b"latin-\xe9",
        "e\u{301}".as_bytes(),
        b" ",
        b"base64:",
    ];
    let mut tree = Vec::new();
    for name in names {
        tree.extend_from_slice(format!("100644 blob {blob}\t").as_bytes());
        tree.extend_from_slice(name);
        tree.push(0);
    }
    let tree = fixture.feed(&["mktree", "-z"], &tree);
    let commit = fixture.run(&["commit-tree", &tree, "-m", "odd"]);
    fixture.run(&["update-ref", "refs/heads/main", &commit]);
    let found = paths(&only(&fixture));
    assert_eq!(found.len(), names.len());
    for name in ["tab\there", "line\nend", "quote\"back\\", " "] {
        assert!(
            found.contains(&format!("1\t0\t{name}")),
            "{name}: {found:?}"
        );
    }
    for name in [&b"latin-\xe9"[..], "e\u{301}".as_bytes(), b"base64:"] {
        assert!(
            found.contains(&format!("1\t0\t{}", base64(name))),
            "{found:?}"
        );
    }
}

#[test]
fn a_hundred_thousand_paths_are_cut_with_a_count() {
    let fixture = GitFixture::new_bare();
    let mut stream = String::from(
        "blob\nmark :1\ndata 2\nx\n\ncommit refs/heads/main\ncommitter A <a> 1 +0000\ndata 0\n\n",
    );
    for number in 0..100_000 {
        stream.push_str(&format!("M 100644 :1 d{}/f{number}\n", number % 100));
    }
    stream.push_str("\ncommit refs/heads/main\ncommitter A <a> 2 +0000\ndata 2\nb\n\nD d0/f0\n\n");
    import(&fixture, stream);
    let [first, second] = <[Value; 2]>::try_from(read(&fixture)).unwrap();
    let kept = paths(&first).len() as i128;
    assert!(kept > 1000);
    assert_eq!(
        first.get("paths_omitted").unwrap().as_integer(),
        Some(100_000 - kept)
    );
    let size = json::encode_canonical(&first).unwrap().len();
    assert!(
        (PAYLOAD_SIZE_MAX - 200..=PAYLOAD_SIZE_MAX).contains(&size),
        "{size}"
    );
    assert_eq!(paths(&second), ["0\t1\td0/f0"]);
    assert!(second.get("paths_omitted").is_none());
}

#[test]
fn a_path_too_long_ends_the_list() {
    let fixture = GitFixture::new();
    let blob = write_object(&fixture, "blob", b"1\n");
    let long = "x".repeat(PATH_SIZE_MAX + 1);
    let tree = fixture.feed(
        &["mktree", "-z"],
        format!("100644 blob {blob}\ta\0100644 blob {blob}\t{long}\0100644 blob {blob}\tz\0")
            .as_bytes(),
    );
    let commit = fixture.run(&["commit-tree", &tree, "-m", "long"]);
    fixture.run(&["update-ref", "refs/heads/main", &commit]);
    let payload = only(&fixture);
    assert_eq!(paths(&payload), ["1\t0\ta"]);
    assert_eq!(payload.get("paths_omitted").unwrap().as_integer(), Some(2));
}

#[test]
fn long_texts_are_cut_with_a_count() {
    let name = "n".repeat(5000);
    let body = "m".repeat(1_000_000);
    let content = format!("author {name} <{name}> 1 +0000\ncommitter C <c> 2 +0000\n\n{body}");
    let payload = only(&with_commit(content.as_bytes()));
    let author = payload.get("author").unwrap();
    for field in ["name", "email"] {
        assert_eq!(text(author, field).len(), NAME_SIZE_MAX);
        let omitted = author
            .get(&format!("{field}_omitted"))
            .unwrap()
            .as_integer();
        assert_eq!(omitted, Some((5000 - NAME_SIZE_MAX) as i128));
    }
    assert_eq!(text(&payload, "message").len(), MESSAGE_SIZE_MAX);
    let omitted = payload
        .get("message_omitted")
        .unwrap()
        .as_integer()
        .unwrap();
    assert_eq!(omitted, (1_000_000 - MESSAGE_SIZE_MAX) as i128);
}

#[test]
fn what_lies_beyond_the_read_limit_is_counted_too() {
    let body = vec![b'm'; OBJECT_SIZE_READ_MAX as usize + 1000];
    let content = [PEOPLE.as_bytes(), b"\n", &body].concat();
    let payload = only(&with_commit(&content));
    let kept = text(&payload, "message").len();
    let omitted = payload
        .get("message_omitted")
        .unwrap()
        .as_integer()
        .unwrap();
    assert_eq!(kept as i128 + omitted, body.len() as i128);
}

#[test]
fn a_header_without_end_is_refused() {
    let mut content = Vec::from(PEOPLE);
    content.extend(std::iter::repeat_n(
        b'x',
        OBJECT_SIZE_READ_MAX as usize + 1000,
    ));
    content.extend_from_slice(b"\n\nmessage");
    let error = open_error(with_commit(&content).path());
    assert!(matches!(error, GitLogError::BadCommit { .. }), "{error}");
}

#[test]
fn many_parents_are_cut_with_a_count() {
    let fixture = GitFixture::new();
    let mut stream = String::new();
    let count = PARENTS_MAX + 44;
    for number in 0..count {
        stream.push_str(&format!(
            "reset refs/heads/r{number}\ncommit refs/heads/r{number}\ncommitter A <a> {number} +0000\ndata 0\n\n"
        ));
    }
    import(&fixture, stream);
    let roots = fixture.run(&["for-each-ref", "--format=%(objectname)", "refs/heads/r*"]);
    let tree = fixture.feed(&["mktree"], b"");
    let mut content = format!("tree {tree}\n");
    roots
        .lines()
        .for_each(|root| content.push_str(&format!("parent {root}\n")));
    content.push_str("author A <a> 9999 +0000\ncommitter A <a> 9999 +0000\n\nall\n");
    let commit = write_object(&fixture, "commit", content.as_bytes());
    fixture.run(&["update-ref", "refs/heads/main", &commit]);
    let payloads = read(&fixture);
    assert_eq!(payloads.len(), count + 1);
    let merge = payloads.last().unwrap();
    assert_eq!(
        merge.get("parents").unwrap().as_list().unwrap().len(),
        PARENTS_MAX
    );
    assert_eq!(merge.get("parents_omitted").unwrap().as_integer(), Some(44));
}

#[test]
fn what_is_no_repository_is_said_so() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    for path in [folder.path(), &missing] {
        let error = open_error(path);
        assert!(
            matches!(error, GitLogError::NotARepository { .. }),
            "{error}"
        );
        assert_eq!(error.code(), ErrorCode::NoRepository);
    }
}

#[test]
fn a_missing_program_is_said_so() {
    let fixture = GitFixture::new();
    let options = GitLogOptions {
        program: "/nowhere/git".into(),
        ..GitLogOptions::default()
    };
    let error = GitLog::open(fixture.path(), &options)
        .map(|_| ())
        .unwrap_err();
    assert_eq!(error.code(), ErrorCode::GitMissing);
}

#[test]
fn a_scratch_folder_that_cannot_be_made_is_said_so() {
    let fixture = GitFixture::new();
    let options = GitLogOptions {
        scratch_parent: "/nowhere/at/all".into(),
        ..GitLogOptions::default()
    };
    let error = GitLog::open(fixture.path(), &options)
        .map(|_| ())
        .unwrap_err();
    assert_eq!(error.code(), ErrorCode::Io);
}

#[test]
fn a_head_that_is_no_commit_is_said_so() {
    let fixture = GitFixture::new();
    let blob = write_object(&fixture, "blob", b"x");
    for id in [blob.as_str(), "1111111111111111111111111111111111111111"] {
        std::fs::write(fixture.path().join(".git/HEAD"), format!("{id}\n")).unwrap();
        let error = open_error(fixture.path());
        assert!(
            matches!(
                error,
                GitLogError::BadCommit { .. } | GitLogError::Git { .. }
            ),
            "{error}"
        );
    }
}

/// Removes one loose object.
fn lose(fixture: &GitFixture, id: &str) {
    let path = fixture
        .path()
        .join(".git/objects")
        .join(&id[..2])
        .join(&id[2..]);
    std::fs::remove_file(path).unwrap();
}

fn two_commits() -> GitFixture {
    let fixture = GitFixture::new();
    for text in ["1\n", "2\n"] {
        std::fs::write(fixture.path().join("a"), text).unwrap();
        fixture.run(&["add", "a"]);
        fixture.run(&["commit", "-q", "-m", text]);
    }
    fixture
}

#[test]
fn missing_objects_end_the_log_with_an_error() {
    for what in ["HEAD~1", "HEAD^{tree}", "HEAD~1:a", "HEAD:a"] {
        let fixture = two_commits();
        let id = fixture.run(&["rev-parse", what]);
        lose(&fixture, &id);
        let error = open_error(fixture.path());
        assert!(matches!(error, GitLogError::Git { .. }), "{what}: {error}");
        assert_eq!(error.code(), ErrorCode::GitFailed);
        assert!(error.to_string().contains(&id[..7]), "{what}: {error}");
    }
}

#[test]
fn nothing_follows_an_error() {
    let fixture = two_commits();
    lose(&fixture, &fixture.run(&["rev-parse", "HEAD~1:a"]));
    let mut log = GitLog::open(fixture.path(), &GitLogOptions::default()).unwrap();
    assert!(log.next().unwrap().is_err());
    assert!(log.next().is_none());
}

#[test]
fn a_partial_clone_is_refused_and_nothing_is_fetched() {
    let fixture = two_commits();
    fixture.run(&["config", "uploadpack.allowFilter", "true"]);
    let elsewhere = GitFixture::empty(fixture.git().clone());
    let url = format!("file://{}", fixture.path().display());
    elsewhere.run(&[
        "clone",
        "-q",
        "--bare",
        "--filter=blob:none",
        &url,
        "partial",
    ]);
    let partial = elsewhere.path().join("partial");
    let objects = || fixture.git().run(&partial, &["count-objects", "-v"]);
    let before = objects();
    let error = open_error(&partial);
    assert!(matches!(error, GitLogError::Git { .. }), "{error}");
    assert!(error.hint().contains("partial clone"));
    assert_eq!(objects(), before);
}

#[test]
fn a_broken_commit_is_named() {
    let fixture = GitFixture::new();
    let commit = write_object(&fixture, "commit", b"not a commit at all\n");
    std::fs::write(
        fixture.path().join(".git/refs/heads/main"),
        format!("{commit}\n"),
    )
    .unwrap();
    let error = open_error(fixture.path());
    assert!(
        matches!(
            error,
            GitLogError::Git { .. } | GitLogError::BadCommit { .. }
        ),
        "{error}"
    );
}
