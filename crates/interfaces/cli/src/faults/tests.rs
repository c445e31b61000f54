use super::*;

#[test]
fn json_faults_name_byte_line_and_column() {
    let input = b"{\n  \"a\": 1e3\n}";
    let error = gatos_values::json::decode_strict(input, 100).expect_err("exponents are refused");
    let fault = json("--payload", input, &error);
    assert_eq!(
        (fault.code, fault.resource.as_str()),
        (ErrorCode::BadJson, "--payload")
    );
    let document = fault.to_value();
    let number = |name: &str| document.get(name).and_then(Value::as_integer);
    assert_eq!(
        (number("line"), number("column")),
        (Some(2), Some(error.offset as i128 - 1))
    );
    assert_eq!(number("offset"), Some(error.offset as i128));
}

#[test]
fn a_line_end_behind_canonical_json_gets_its_own_hint() {
    let input = b"{\"a\":1}\n";
    let error = gatos_values::json::is_canonical(input).expect_err("a line end is no part of it");
    assert!(
        json("x", input, &error).hint.contains("printf"),
        "{error:?}"
    );
}

#[test]
fn what_the_disk_says_chooses_the_code() {
    let code = |kind: io::ErrorKind| unwritable(Path::new("x"), &io::Error::from(kind)).code;
    assert_eq!(code(io::ErrorKind::StorageFull), ErrorCode::DiskFull);
    assert_eq!(code(io::ErrorKind::ReadOnlyFilesystem), ErrorCode::ReadOnly);
    assert_eq!(code(io::ErrorKind::PermissionDenied), ErrorCode::ReadOnly);
    assert_eq!(code(io::ErrorKind::Other), ErrorCode::Io);
}
