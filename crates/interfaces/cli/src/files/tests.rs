use super::*;

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let mut names: Vec<String> = entries
        .map(|entry| {
            entry
                .expect("readable")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    names
}

#[test]
fn a_file_is_made_and_replaced_without_leftovers() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("out.rgf");
    for content in [b"one".as_slice(), b"two"] {
        write_whole(&path, content).expect("writable");
        assert_eq!(fs::read(&path).expect("it is there"), content);
    }
    assert_eq!(names(folder.path()), ["out.rgf"]);
}

#[test]
fn what_cannot_be_written_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let fault = write_whole(&folder.path().join("missing/out"), b"x").expect_err("no such folder");
    assert_eq!(fault.code, gatos_values::ErrorCode::Io);
    write_whole(folder.path(), b"x").expect_err("a folder is no file");
    assert_eq!(names(folder.path()), Vec::<String>::new());
}

#[cfg(unix)]
#[test]
fn links_and_devices_are_written_to_not_replaced() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (target, link) = (folder.path().join("target"), folder.path().join("link"));
    fs::write(&target, b"old").expect("writable");
    std::os::unix::fs::symlink(&target, &link).expect("links can be made");
    write_whole(&link, b"new").expect("writable");
    assert!(link.is_symlink());
    assert_eq!(fs::read(&target).expect("it is there"), b"new");
    write_whole(Path::new("/dev/null"), b"x").expect("the null device takes anything");
    assert!(!Path::new("/dev/null").is_file());
}

#[test]
fn suffixes_go_behind_the_whole_name() {
    assert_eq!(
        with_suffix(Path::new("a/b.rgf"), "sha"),
        Path::new("a/b.rgf.sha")
    );
}
