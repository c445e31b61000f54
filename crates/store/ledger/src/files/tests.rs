use std::io::ErrorKind;

use super::*;
use crate::scratch;

#[test]
fn an_atomic_write_leaves_the_old_or_the_new_content_whatever_fails() {
    let directory = scratch::folder();
    let path = directory.path().join("file");
    atomic_write(&path, b"old").unwrap();
    for passes in 0..5 {
        let injection = fault::inject(directory.path(), None, passes, 1, ErrorKind::StorageFull);
        let result = atomic_write(&path, b"new content");
        drop(injection);
        let content = std::fs::read(&path).unwrap();
        match result {
            Ok(()) => panic!("operation {passes} did not fail"),
            Err(error) => assert_eq!(error.code(), ErrorCode::DiskFull),
        }
        // The fifth operation is the flush of the directory: the rename has happened by then.
        let expected: &[u8] = if passes < 4 { b"old" } else { b"new content" };
        assert_eq!(content, expected, "after failing operation {passes}");
        assert_eq!(list(directory.path()).unwrap(), ["file"]);
    }
    atomic_write(&path, b"new content").unwrap();
}

#[test]
fn errors_name_their_path_and_fall_into_the_right_code() {
    let directory = scratch::folder();
    let missing = directory.path().join("missing");
    let error = DurableFile::open_to_read(&missing).unwrap_err();
    assert!(error.is_not_found());
    assert_eq!(error.code(), ErrorCode::Io);
    assert!(error.to_string().starts_with("cannot open `"), "{error}");
    for (kind, operation, code) in [
        (
            ErrorKind::StorageFull,
            FileOperation::Write,
            ErrorCode::DiskFull,
        ),
        (
            ErrorKind::QuotaExceeded,
            FileOperation::Sync,
            ErrorCode::DiskFull,
        ),
        (
            ErrorKind::ReadOnlyFilesystem,
            FileOperation::Create,
            ErrorCode::ReadOnly,
        ),
        (
            ErrorKind::PermissionDenied,
            FileOperation::Create,
            ErrorCode::ReadOnly,
        ),
        (
            ErrorKind::PermissionDenied,
            FileOperation::Read,
            ErrorCode::Io,
        ),
        (ErrorKind::Other, FileOperation::Sync, ErrorCode::Io),
    ] {
        let error = FileError::new(operation, &missing, kind.into());
        assert_eq!(error.code(), code, "{error}");
    }
}

#[test]
fn directories_are_made_with_their_parents_and_temporaries_are_swept() {
    let directory = scratch::folder();
    let deep = directory.path().join("a/b/c");
    create_directory_durable(&deep).unwrap();
    create_directory_durable(&deep).unwrap();
    let leftover = temporary_beside(&deep.join("file"));
    std::fs::write(&leftover, b"x").unwrap();
    std::fs::write(deep.join("kept"), b"x").unwrap();
    assert_eq!(remove_temporaries(&deep).unwrap(), 1);
    assert_eq!(list(&deep).unwrap(), ["kept"]);
    assert_eq!(
        list(&directory.path().join("nowhere")).unwrap(),
        Vec::<String>::new()
    );
}

#[test]
fn reads_stop_at_the_end_of_the_file() {
    let directory = scratch::folder();
    let file = DurableFile::create(&directory.path().join("file")).unwrap();
    file.write_all_at(b"0123456789", 0).unwrap();
    let mut buffer = [0; 8];
    assert_eq!(file.read_at(&mut buffer, 6).unwrap(), 4);
    assert_eq!(&buffer[..4], b"6789");
    assert_eq!(file.read_at(&mut buffer, 100).unwrap(), 0);
    assert_eq!(file.read_all().unwrap(), b"0123456789");
}
