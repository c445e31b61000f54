//! Borrowed fields of an envelope: one pass over the bytes, no allocation.
//!
//! The pass checks that the bytes are canonical JSON, that no field is missing or unknown, and the fields every
//! reader needs (`v`, `ulid`, `prev`); the other fields are handed out as they stand. [`super::Envelope::decode`]
//! checks them all.

use super::fields::{parse_prev, parsed};
use super::{ENVELOPE_SIZE_MAX, EventError, field_error, not_canonical};
use crate::json::scan::{self, Visitor, unescaped};
use crate::{EventId, Ulid};
use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

/// The names of all fields in canonical order; the second tells whether the field may be absent.
/// TWIN: envelope fields (`fields.rs`, `direct.rs`, `docs/formats/event.md`).
const FIELDS: [(&str, bool); 17] = [
    ("actor", false),
    ("caps", true),
    ("fold_root", false),
    ("gov", false),
    ("idem", true),
    ("key", false),
    ("labels", true),
    ("ns", false),
    ("payload", false),
    ("policy_root", false),
    ("prev", false),
    ("repo", false),
    ("resource", false),
    ("session", true),
    ("type", false),
    ("ulid", false),
    ("v", false),
];

/// Indices into [`FIELDS`].
mod field {
    pub const ACTOR: usize = 0;
    pub const CAPS: usize = 1;
    pub const FOLD_ROOT: usize = 2;
    pub const GOV: usize = 3;
    pub const IDEM: usize = 4;
    pub const KEY: usize = 5;
    pub const LABELS: usize = 6;
    pub const NS: usize = 7;
    pub const PAYLOAD: usize = 8;
    pub const POLICY_ROOT: usize = 9;
    pub const PREV: usize = 10;
    pub const REPO: usize = 11;
    pub const RESOURCE: usize = 12;
    pub const SESSION: usize = 13;
    pub const TYPE: usize = 14;
    pub const ULID: usize = 15;
    pub const V: usize = 16;
}

/// The fields of an envelope, borrowed from its canonical bytes.
#[derive(Clone, Debug)]
pub struct EnvelopeView<'a> {
    /// The raw JSON of each field, empty where absent.
    raw: [&'a str; FIELDS.len()],
    ulid: Ulid,
    prev: Option<EventId>,
}

impl<'a> EnvelopeView<'a> {
    /// Reads the fields out of canonical bytes.
    ///
    /// # Errors
    /// [`EventError`] for what the file's head says is checked.
    pub fn scan(bytes: &'a [u8]) -> Result<EnvelopeView<'a>, EventError> {
        if bytes.len() > ENVELOPE_SIZE_MAX {
            return Err(EventError::TooLarge { size: bytes.len() });
        }
        let mut members = Members {
            bytes,
            ranges: [const { 0..0 }; FIELDS.len()],
            next: 0,
            unknown: None,
        };
        scan::document(bytes, &mut members).map_err(|offset| not_canonical(bytes, offset))?;
        if bytes.first() != Some(&b'{') {
            return Err(EventError::NotAMap);
        }
        if let Some(unknown) = members.unknown {
            return Err(EventError::UnknownField(
                String::from_utf8_lossy(&bytes[unknown]).into_owned(),
            ));
        }
        let mut raw = [""; FIELDS.len()];
        for (index, (name, may_be_absent)) in FIELDS.into_iter().enumerate() {
            let range = members.ranges[index].clone();
            if range.is_empty() && !may_be_absent {
                return Err(EventError::MissingField(name));
            }
            // The scan has checked that strings are UTF-8, and everything else is ASCII.
            raw[index] = core::str::from_utf8(&bytes[range])
                .map_err(|_| field_error(name, "it is not UTF-8"))?;
        }
        EnvelopeView::check(raw)
    }

    fn check(raw: [&'a str; FIELDS.len()]) -> Result<EnvelopeView<'a>, EventError> {
        if raw[field::V] != "1" {
            return Err(field_error(
                "v",
                "this version reads envelopes with `\"v\":1`",
            ));
        }
        let strings = FIELDS.iter().zip(raw).enumerate();
        for (index, ((name, _), value)) in strings {
            let is_other = matches!(
                index,
                field::CAPS | field::LABELS | field::PAYLOAD | field::PREV | field::V
            );
            if !is_other && !value.is_empty() && !value.starts_with('"') {
                return Err(field_error(name, "it must be a string"));
            }
        }
        let ulid = parsed("ulid", Ulid::parse(unquoted(raw[field::ULID])))?;
        let prev = parse_prev(raw[field::PREV])?;
        Ok(EnvelopeView { raw, ulid, prev })
    }

    /// Field `actor`.
    #[must_use]
    pub fn actor(&self) -> &'a str {
        unquoted(self.raw[field::ACTOR])
    }

    /// Field `fold_root`.
    #[must_use]
    pub fn fold_root(&self) -> &'a str {
        unquoted(self.raw[field::FOLD_ROOT])
    }

    /// Field `gov`.
    #[must_use]
    pub fn gov(&self) -> &'a str {
        unquoted(self.raw[field::GOV])
    }

    /// Field `idem`; copied only where the JSON string has escapes.
    #[must_use]
    pub fn idem(&self) -> Option<Cow<'a, str>> {
        let raw = self.raw[field::IDEM];
        if raw.is_empty() {
            return None;
        }
        let raw = unquoted(raw);
        if !raw.contains('\\') {
            return Some(Cow::Borrowed(raw));
        }
        let bytes: Vec<u8> = unescaped(raw.as_bytes()).collect();
        Some(Cow::Owned(
            String::from_utf8(bytes).unwrap_or_else(|_| raw.to_owned()),
        ))
    }

    /// Field `key`.
    #[must_use]
    pub fn key(&self) -> &'a str {
        unquoted(self.raw[field::KEY])
    }

    /// Field `ns`.
    #[must_use]
    pub fn ns(&self) -> &'a str {
        unquoted(self.raw[field::NS])
    }

    /// The canonical JSON of field `payload`.
    #[must_use]
    pub fn payload(&self) -> &'a [u8] {
        self.raw[field::PAYLOAD].as_bytes()
    }

    /// Field `policy_root`.
    #[must_use]
    pub fn policy_root(&self) -> &'a str {
        unquoted(self.raw[field::POLICY_ROOT])
    }

    /// Field `prev`.
    #[must_use]
    pub const fn prev(&self) -> Option<EventId> {
        self.prev
    }

    /// Field `repo`.
    #[must_use]
    pub fn repo(&self) -> &'a str {
        unquoted(self.raw[field::REPO])
    }

    /// Field `resource`.
    #[must_use]
    pub fn resource(&self) -> &'a str {
        unquoted(self.raw[field::RESOURCE])
    }

    /// Field `session`.
    #[must_use]
    pub fn session(&self) -> Option<&'a str> {
        Some(self.raw[field::SESSION])
            .filter(|raw| !raw.is_empty())
            .map(unquoted)
    }

    /// Field `type`.
    #[must_use]
    pub fn event_type(&self) -> &'a str {
        unquoted(self.raw[field::TYPE])
    }

    /// Field `ulid`.
    #[must_use]
    pub const fn ulid(&self) -> Ulid {
        self.ulid
    }

    /// The canonical JSON of field `caps`, if present.
    #[must_use]
    pub fn raw_caps(&self) -> Option<&'a [u8]> {
        Some(self.raw[field::CAPS].as_bytes()).filter(|raw| !raw.is_empty())
    }

    /// The canonical JSON of field `labels`, if present.
    #[must_use]
    pub fn raw_labels(&self) -> Option<&'a [u8]> {
        Some(self.raw[field::LABELS].as_bytes()).filter(|raw| !raw.is_empty())
    }
}

/// The text between the quotes of a raw JSON string.
fn unquoted(raw: &str) -> &str {
    raw.strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(raw)
}

/// Takes down where the members of the envelope are.
struct Members<'a> {
    bytes: &'a [u8],
    ranges: [Range<usize>; FIELDS.len()],
    /// Canonical keys rise, so the search goes on behind the field found last.
    next: usize,
    unknown: Option<Range<usize>>,
}

impl Visitor for Members<'_> {
    fn member(&mut self, key: Range<usize>, value: Range<usize>) {
        let name = &self.bytes[key.clone()];
        let found = FIELDS[self.next..]
            .iter()
            .position(|(field, _)| field.as_bytes() == name);
        match found {
            Some(skipped) => {
                let index = self.next + skipped;
                self.ranges[index] = value;
                self.next = index + 1;
            }
            None => self.unknown = self.unknown.take().or(Some(key)),
        }
    }
}
