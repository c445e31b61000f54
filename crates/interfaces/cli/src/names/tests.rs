use super::*;

fn check(program: &str, shown: &str) {
    assert_eq!(called_by(OsStr::new(program)).shown, shown, "{program}");
}

#[test]
fn the_file_name_decides() {
    check("gatos", "gatos");
    check("/usr/local/bin/gatos", "gatos");
    check("/usr/libexec/git-core/git-gatos", "git gatos");
    check("git-gatos.EXE", "git gatos");
}

#[test]
fn unknown_names_are_the_plain_command() {
    check("", "gatos");
    check("/", "gatos");
    check("gatos-0.1.0", "gatos");
    check("my.gatos", "gatos");
}

#[test]
fn words_of_a_name_come_first() {
    let name = Name {
        file: "x",
        shown: "x",
        words: &["event", "log"],
    };
    let arguments = with_words(&name, [OsString::from("--ns"), OsString::from("a")]);
    assert_eq!(arguments, ["event", "log", "--ns", "a"]);
}
