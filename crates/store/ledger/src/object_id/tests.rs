use super::*;

#[test]
fn ids_agree_with_git() {
    // `git hash-object -t <kind> --stdin`
    assert_eq!(ObjectId::of(ObjectKind::Tree, b""), ObjectId::EMPTY_TREE);
    assert_eq!(
        ObjectId::of(ObjectKind::Blob, b"").to_string(),
        "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
    );
    assert_eq!(
        ObjectId::of(ObjectKind::Blob, b"what is up, doc?").to_string(),
        "bd9dbf5aae1a3862dd1526723246b20206e5fc37"
    );
}

#[test]
fn text_is_read_strictly_and_printed_alike() {
    let text = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
    let id = ObjectId::parse(text).expect("a well-formed id");
    assert_eq!(id, ObjectId::EMPTY_TREE);
    assert_eq!(id.to_string(), text);
    assert_eq!(&id.to_hex(), text.as_bytes());
    for bad in [
        "",
        "4B825dc642cb6eb9a060e54bf8d69288fbee4904",
        &text[1..],
        "4b825dc642cb6eb9a060e54bf8d69288fbee490g",
    ] {
        assert!(ObjectId::parse(bad).is_err(), "`{bad}` must be refused");
    }
    let error = ObjectId::parse("zz").expect_err("not an id");
    assert_eq!(
        error.to_string(),
        "`zz` is not an object id: 40 lower-case hexadecimal digits are needed"
    );
}

#[test]
fn gix_ids_convert_both_ways() {
    let id = ObjectId::of(ObjectKind::Commit, b"x");
    let other = gix::ObjectId::from(id);
    assert_eq!(other.to_string(), id.to_string());
    assert_eq!(ObjectId::try_from(other.as_ref()), Ok(id));
}

#[test]
fn sizes_are_printed_in_decimal() {
    for value in [0, 9, 10, 4_294_967_296, u64::MAX] {
        assert_eq!(
            DecimalBuffer::new(value).as_bytes(),
            value.to_string().as_bytes()
        );
    }
}
