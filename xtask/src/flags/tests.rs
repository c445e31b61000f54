use super::Flags;

fn parse(line: &str) -> Option<Flags> {
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    Flags::parse(&words, "usage", &["kills", "seed"], 1).ok()
}

#[test]
fn options_and_words_are_told_apart() {
    let flags = parse("--kills 7 folder").expect("both are known");
    assert_eq!(flags.number("kills", 1).ok(), Some(7));
    assert_eq!(flags.number("seed", 3).ok(), Some(3));
    assert_eq!(flags.word(0), Some("folder"));
}

#[test]
fn what_nobody_asked_for_is_refused() {
    for line in ["--kill 7", "--kills", "one two", "-k 1 x"] {
        assert!(parse(line).is_none(), "{line}");
    }
    let flags = parse("--kills many").expect("the name is known");
    assert!(flags.number("kills", 1).is_err());
}
