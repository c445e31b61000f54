use super::*;

#[test]
fn colour_stands_only_around_toned_pieces() {
    let text = Text::new().say("id ").strong("abc").say(" done").end();
    assert_eq!(text.render(false), "id abc done\n");
    assert_eq!(text.render(true), "id \x1b[1mabc\x1b[0m done\n");
}

#[test]
fn foreign_text_cannot_colour_or_break_the_line() {
    let text = Text::new().foreign("a\x1b[31m\nforged line").end();
    assert_eq!(text.render(true), "a\\u{1b}[31m\\nforged line\n");
}

#[test]
fn our_words_keep_line_feeds_but_no_escape_code() {
    assert_eq!(
        Text::new().say("one\ntwo\x1b[0m").render(true),
        "one\ntwo\\u{1b}[0m"
    );
}

#[test]
fn fields_line_up() {
    let text = Text::new()
        .field("root", "x")
        .field("a very long label", "y");
    assert_eq!(
        text.render(false),
        "  root          x\n  a very long label y\n"
    );
}

#[test]
fn counts_are_grouped_by_three_digits() {
    for (count, expected) in [
        (0, "0"),
        (999, "999"),
        (1000, "1,000"),
        (1_234_567, "1,234,567"),
    ] {
        assert_eq!(grouped(count), expected);
    }
    assert_eq!(counted(1, "event", "events"), "1 event");
    assert_eq!(counted(0, "event", "events"), "0 events");
}

#[test]
fn paths_become_one_word_of_a_shell() {
    for (path, word) in [
        ("/srv/ledger-1", "/srv/ledger-1"),
        ("my ledger", "'my ledger'"),
        ("it's", r"'it'\''s'"),
        ("$(rm)", "'$(rm)'"),
        ("", "''"),
    ] {
        assert_eq!(shell_word(Path::new(path)), word);
    }
}
