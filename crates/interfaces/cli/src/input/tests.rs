use super::*;
use gatos_values::ErrorCode;
use std::fs;

#[test]
fn an_argument_is_the_text_itself_or_names_a_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("payload.json");
    fs::write(&path, b"{\"a\":1}").expect("writable");
    let inline = argument("{}", "--payload", 100).expect("inline");
    assert_eq!(inline, (b"{}".to_vec(), "--payload".to_owned()));
    let (bytes, name) =
        argument(&format!("@{}", path.display()), "--payload", 100).expect("a file");
    assert_eq!(
        (bytes.as_slice(), name),
        (b"{\"a\":1}".as_slice(), path.display().to_string())
    );
}

#[test]
fn more_than_the_bound_is_refused_and_never_read() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("big");
    fs::write(&path, [b'x'; 11]).expect("writable");
    assert_eq!(read(&path, 11).expect("as long as the bound").len(), 11);
    assert_eq!(
        read(&path, 10).expect_err("longer").code,
        ErrorCode::TooLarge
    );
}

#[test]
fn what_is_not_there_is_named() {
    let fault = read(Path::new("no/such/file"), 10).expect_err("missing");
    assert_eq!(
        (fault.code, fault.resource.as_str()),
        (ErrorCode::Io, "no/such/file")
    );
    let fault = read(Path::new("."), 10).expect_err("a folder");
    assert_eq!(fault.code, ErrorCode::Io);
}
