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
