//! The pure parts: commit objects, texts, times, sizes.

use super::*;

use gatos_values::text::is_nfc_assigned;
use proptest::collection::vec;
use proptest::prelude::*;

/// Bytes that look a little like commits.
fn commit_like() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n".to_vec()),
        Just(b"parent 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n".to_vec()),
        Just(b"author A <a@b> 17 +0000\n".to_vec()),
        Just(b"committer <<>> -17 +0000\n".to_vec()),
        Just(b"encoding x\n".to_vec()),
        Just(b"\n".to_vec()),
        Just("e\u{301}\u{378}\u{1}".as_bytes().to_vec()),
        vec(any::<u8>(), 0..300),
        vec(0u8..32, 0..20_000),
        vec(
            prop_oneof![Just(b'<'), Just(b'>'), Just(b' '), Just(b'9'), Just(b'-')],
            0..20
        ),
    ];
    vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// Undoes `text::encode`.
fn decode(text: &str) -> Vec<u8> {
    use base64ct::{Base64, Encoding};
    match text.strip_prefix("base64:") {
        Some(encoded) => Base64::decode_vec(encoded).unwrap(),
        None => text.as_bytes().to_vec(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_give_a_payload_that_fits(rest in commit_like(), paths in vec((vec(any::<u8>(), 0..5000), any::<u64>()), 0..60)) {
        let object = [b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n", &rest[..]].concat();
        if let Ok(commit) = commit::parse(&object, 40) {
            let id = "0123456789012345678901234567890123456789";
            let mut builder = PayloadBuilder::new(id, &commit, 7).paths();
            for (path, count) in &paths {
                builder.push(Change { added: Some(*count), deleted: None, path });
            }
            let (left, omitted) = (builder.size_left, builder.omitted);
            let payload = builder.finish();
            let size = json::encode_canonical(&payload).unwrap().len();
            prop_assert!(size <= PAYLOAD_SIZE_MAX);
            // The count of what is left is exact but for the last comma and the room for `paths_omitted`.
            if omitted == 0 && !paths.is_empty() {
                prop_assert_eq!(size + left + OMITTED_SIZE + 1, PAYLOAD_SIZE_MAX);
            }
        }
    }

    #[test]
    fn a_text_tells_its_bytes(raw in prop_oneof![vec(any::<u8>(), 0..200), any::<String>().prop_map(String::into_bytes)], size_max in 20usize..400) {
        let (text, cut) = text::encode(&raw, size_max);
        prop_assert_eq!(decode(&text), &raw[..raw.len() - cut]);
        prop_assert!(text::json_size(&text) <= size_max);
        prop_assert!(is_nfc_assigned(&text));
        let json = json::encode_canonical(&Value::Text(text.clone())).unwrap();
        prop_assert_eq!(json.len(), text::json_size(&text) + 2);
        if raw.len() * 6 <= size_max {
            prop_assert_eq!(cut, 0);
        }
    }

    #[test]
    fn times_agree_with_a_calendar_that_counts_days(seconds in 0..=commit::TIME_SECONDS_MAX) {
        prop_assert_eq!(commit::rfc3339(seconds), counted(seconds));
    }
}

/// RFC 3339 by walking through years and months.
fn counted(seconds: u64) -> String {
    let divides = |number: u64, year: u64| year.is_multiple_of(number);
    let leap = |year| divides(4, year) && (!divides(100, year) || divides(400, year));
    let (mut days, mut year, mut month) = (seconds / 86_400, 1970, 1);
    while days >= if leap(year) { 366 } else { 365 } {
        days -= if leap(year) { 366 } else { 365 };
        year += 1;
    }
    let length = |month: u64| match month {
        2 => 28 + u64::from(leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    while days >= length(month) {
        days -= length(month);
        month += 1;
    }
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!(
        "{year:04}-{month:02}-{:02}T{hour:02}:{minute:02}:{second:02}Z",
        days + 1
    )
}

#[test]
fn a_commit_is_split_where_git_splits_it() {
    const TREE: &str = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n";
    const PARENT: &str = "parent 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n";
    let parse = |rest: &str| {
        let object = format!("{TREE}{rest}");
        let commit = commit::parse(object.as_bytes(), 40);
        commit.map(|commit| {
            (
                commit.parents.len(),
                commit.header_ended,
                commit.message.to_vec(),
            )
        })
    };
    assert_eq!(parse(""), Ok((0, false, vec![])));
    assert_eq!(parse("x"), Ok((0, false, vec![])));
    assert_eq!(parse("\n"), Ok((0, true, vec![])));
    assert_eq!(
        parse(&format!("{PARENT}{PARENT}\n\nm")),
        Ok((2, true, b"\nm".to_vec()))
    );
    // Behind other headers a parent is no parent.
    assert_eq!(
        parse(&format!("{PARENT}author A\n{PARENT}\n")),
        Ok((1, true, vec![]))
    );
    assert!(parse("parent 4b825dc\n\n").is_err());
    assert!(parse(&PARENT.replace('4', "g")).is_err());
    for bad in ["", "\n", "tre", "parent x\n"] {
        assert!(commit::parse(bad.as_bytes(), 40).is_err());
    }
}

#[test]
fn known_times() {
    assert_eq!(commit::rfc3339(0), "1970-01-01T00:00:00Z");
    assert_eq!(commit::rfc3339(951_782_400), "2000-02-29T00:00:00Z");
    assert_eq!(commit::rfc3339(4_107_542_399), "2100-02-28T23:59:59Z");
    assert_eq!(
        commit::rfc3339(commit::TIME_SECONDS_MAX),
        "2514-05-30T01:53:03Z"
    );
}

#[test]
fn a_cut_never_splits_a_character() {
    let text = "ääääää";
    for size_max in 0..=12 {
        let (kept, cut) = text::encode(text.as_bytes(), size_max.max(8));
        assert_eq!(kept.len() + cut, 12);
        assert!(text.starts_with(kept.as_str()));
    }
    // A split character at the very end of the raw bytes is no cut of ours: it is not UTF-8.
    assert!(
        text::encode(&text.as_bytes()[..11], 100)
            .0
            .starts_with("base64:")
    );
}

#[test]
fn the_largest_payload_fits_the_largest_envelope() {
    use gatos_values::*;
    let segment = "s".repeat(63);
    let ns = Namespace::parse(&[segment.as_str(); 8].join("/")).unwrap();
    let repository = Segment::parse(&segment).unwrap();
    let digest = Blake3Digest::of(b"");
    let envelope = Envelope {
        repo: GovernanceId::from_digest(digest),
        resource: ResourceUri::journal(&repository, &ns),
        ns,
        actor: Actor::parse(&format!("service:{segment}")).unwrap(),
        key: KeyId::from_bytes([0xff; 8]),
        event_type: EventType::parse(&"t".repeat(128)).unwrap(),
        ulid: Ulid::from_parts((1 << 34) * 1000 - 1, 0).unwrap(),
        prev: Some(EventId::from_digest(digest)),
        payload: Value::Text(Text::new(&"x".repeat(PAYLOAD_SIZE_MAX - 2)).unwrap()),
        caps: Vec::new(),
        labels: vec![EventType::parse(&"l".repeat(128)).unwrap()],
        idem: Some(IdempotencyKey::parse(&"\"".repeat(128)).unwrap()),
        session: Some(Ulid::MIN),
        gov: GovernanceId::from_digest(digest),
        policy_root: Sha256Digest::of(b""),
        fold_root: Sha256Digest::of(b""),
    };
    envelope.encode().unwrap();
}

#[test]
fn numstat_entries_are_split_at_the_first_two_tabs() {
    let entry = change(b"10\t2\ta\tb").unwrap();
    assert_eq!(
        (entry.added, entry.deleted, entry.path),
        (Some(10), Some(2), &b"a\tb"[..])
    );
    let binary = change(b"-\t-\tx").unwrap();
    assert_eq!((binary.added, binary.deleted), (None, None));
    for bad in [
        &b""[..],
        b"1\t2",
        b"x\t1\tp",
        b"1\t-1\tp",
        b"99999999999999999999\t1\tp",
    ] {
        assert!(change(bad).is_none());
    }
}

#[test]
fn commit_ids_are_read_strictly() {
    assert_eq!(id_from_hex(&[b'0'; 40]), Some(vec![0; 20]));
    assert_eq!(id_from_hex(&[b'f'; 64]), Some(vec![255; 32]));
    for bad in [
        &b""[..],
        b"0",
        &[b'0'; 39],
        &[b'F'; 40],
        &[b'g'; 64],
        &[0xff; 40],
    ] {
        assert_eq!(id_from_hex(bad), None);
    }
}
