//! Resource URIs: golden vectors, parts, one text for one resource.

use crate::vectors;
use gatos_values::{ErrorCode, Namespace, ResourceUri, Segment};
use proptest::prelude::*;

#[test]
fn golden_vectors() {
    vectors::check(
        "values/uris.tsv",
        1,
        30,
        |inputs| match ResourceUri::parse(inputs[0]) {
            Ok(uri) => {
                assert_eq!(uri.as_str(), inputs[0]);
                vec![
                    "ok".to_owned(),
                    uri.repo().to_owned(),
                    uri.path().to_owned(),
                ]
            }
            Err(error) => {
                assert_eq!(error.code(), ErrorCode::BadUri);
                vec![error.offset.to_string(), error.reason.to_owned()]
            }
        },
    );
}

#[test]
fn parts_and_namespaces() {
    let (repo, ns) = (
        Segment::parse("acme").expect("a segment"),
        Namespace::parse("ops/deploy").expect("a namespace"),
    );
    let uri = ResourceUri::journal(&repo, &ns);
    assert_eq!(uri.as_str(), "gatos://acme/ops/deploy/journal");
    assert_eq!(ResourceUri::parse(uri.as_str()).as_ref(), Ok(&uri));
    assert_eq!(
        (uri.repo(), uri.path(), uri.path_in(&ns)),
        ("acme", "ops/deploy/journal", Some("journal"))
    );
    for (ns, inside) in [
        ("ops", true),
        ("ops/deploy", true),
        ("ops/dep", false),
        ("ops/deploy/journal", false),
        ("o", false),
    ] {
        assert_eq!(
            uri.in_namespace(&Namespace::parse(ns).expect("a namespace")),
            inside,
            "{ns}"
        );
    }
    assert_eq!(
        ResourceUri::parse(ResourceUri::state(&repo, &ns).as_str()),
        Ok(ResourceUri::state(&repo, &ns))
    );
}

#[test]
fn the_longest_generated_uri_is_accepted() {
    let repo = Segment::parse(&"r".repeat(63)).expect("a segment");
    let ns = Namespace::parse(&[&*"n".repeat(63); 8].join("/")).expect("a namespace");
    let uri = ResourceUri::journal(&repo, &ns);
    assert_eq!(ResourceUri::parse(uri.as_str()), Ok(uri));
    let long = format!("gatos://r/n/{}", "p".repeat(1012));
    assert!(ResourceUri::parse(&long).is_ok());
    assert_eq!(
        ResourceUri::parse(&(long + "p")).map_err(|error| error.offset),
        Err(1024)
    );
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "(gatos://)?[a-z%0-9A-F/.:@é ~]{0,30}") {
        match ResourceUri::parse(&text) {
            Ok(uri) => assert_eq!(uri.as_str(), text),
            Err(error) => assert!(error.offset <= text.len()),
        }
    }
}
