use super::*;

const A: &str = "0123456789abcdef0123456789abcdef01234567";
const ZERO: &str = "0000000000000000000000000000000000000000";

#[test]
fn lines_of_git_are_read_and_everything_else_is_named_with_its_line() {
    let line = format!("{ZERO} {A} refs/gatos/governance\n");
    let read = parse_pushed_refs(line.as_bytes()).expect("a line of git");
    assert_eq!(read.len(), 1);
    assert_eq!(
        (read[0].old, read[0].name.as_str()),
        (None, "refs/gatos/governance")
    );
    assert_eq!(read[0].new, ObjectId::parse_bytes(A.as_bytes()));
    assert_eq!(parse_pushed_refs(b""), Ok(Vec::new()));
    let gone = format!("{A} {ZERO} refs/heads/main\n");
    assert_eq!(
        parse_pushed_refs(gone.as_bytes()).expect("a deletion")[0].new,
        None
    );

    let upper = A.to_uppercase();
    let long = "r".repeat(REF_NAME_SIZE_MAX + 1);
    let rows: [(Vec<u8>, usize, &str); 9] = [
        (format!("{A} {A} refs/x").into_bytes(), 0, "no end"),
        (b"\n".to_vec(), 1, "the old value"),
        (
            format!("{upper} {A} refs/x\n").into_bytes(),
            1,
            "the old value",
        ),
        (format!("{A} {A}refs/x\n").into_bytes(), 1, "the new value"),
        (
            format!("{A}  {A} refs/x\n").into_bytes(),
            1,
            "the new value",
        ),
        (format!("{A} {A} \n").into_bytes(), 1, "is empty"),
        (
            format!("{line}{A} {A} refs/a b\n").into_bytes(),
            2,
            "a space",
        ),
        (format!("{A} {A} {long}\n").into_bytes(), 1, "too long"),
        (
            [
                line.as_bytes(),
                A.as_bytes(),
                b" ",
                A.as_bytes(),
                b" refs/\xff\n",
            ]
            .concat(),
            2,
            "UTF-8",
        ),
    ];
    for (input, at, words) in rows {
        let error = parse_pushed_refs(&input).expect_err(words);
        assert_eq!(error.line, at, "{error}");
        assert!(error.reason.contains(words), "{error}");
    }
    let many = line.repeat(PUSHED_REF_COUNT_MAX + 1);
    let error = parse_pushed_refs(many.as_bytes()).expect_err("too many");
    assert!(error.reason.contains("too many refs"), "{error}");
}

#[test]
fn the_quarantine_is_what_the_environment_names() {
    let folder = |value: Option<&str>| {
        quarantine_folder(|name| {
            (name == "GIT_QUARANTINE_PATH").then(|| value.map(OsString::from))?
        })
    };
    assert_eq!(folder(None), None);
    assert_eq!(folder(Some("")), None);
    assert_eq!(folder(Some("/q")), Some(PathBuf::from("/q")));
}

#[test]
fn lines_of_pre_push_are_read_from_the_end_on() {
    let line = format!("HEAD~1 (an older one) {A} refs/gatos/journal/x {ZERO}\n");
    let read = parse_leaving_refs(line.as_bytes()).expect("a line of git");
    assert_eq!(read.len(), 1);
    assert_eq!(
        (read[0].local.as_str(), read[0].remote.as_str()),
        ("HEAD~1 (an older one)", "refs/gatos/journal/x")
    );
    assert_eq!(read[0].commit, ObjectId::parse_bytes(A.as_bytes()));
    assert_eq!(read[0].old, None);
    let deletion = format!("(delete) {ZERO} refs/heads/main {A}\n");
    let read = parse_leaving_refs(deletion.as_bytes()).expect("a deletion");
    assert_eq!(
        (read[0].commit, read[0].old),
        (None, ObjectId::parse_bytes(A.as_bytes()))
    );
    assert_eq!(parse_leaving_refs(b""), Ok(Vec::new()));

    let (upper, long) = (A.to_uppercase(), "r".repeat(REF_NAME_SIZE_MAX + 1));
    let many = format!("x {A} refs/x {A}\n").repeat(PUSHED_REF_COUNT_MAX + 1);
    let rows = [
        (format!("x {A} refs/x {A}"), 0, "no end"),
        ("\n".to_owned(), 1, "fewer than four"),
        (format!("{A} refs/x {A}\n"), 1, "fewer than four"),
        (format!("x {A}  {A}\n"), 1, "fewer than four"),
        (
            format!("{line}x {upper} refs/x {A}\n"),
            2,
            "the local value",
        ),
        (format!("x {A} refs/x {}\n", &A[1..]), 1, "the remote value"),
        (format!("x {A} {long} {A}\n"), 1, "too long"),
        (format!("{long} {A} refs/x {A}\n"), 1, "too long"),
        (many, PUSHED_REF_COUNT_MAX + 1, "too many"),
    ];
    for (input, line, words) in rows {
        let error = parse_leaving_refs(input.as_bytes()).expect_err(words);
        assert_eq!(error.line, line, "{words}");
        assert!(error.to_string().contains(words), "{error}");
    }
    parse_leaving_refs(b"\xff\xfe\n").expect_err("names of refs are text");
}
