//! Names: segments, namespaces, actors, key ids, dotted names, idempotency keys, journals.
//!
//! Every name is checked once, by `parse`, and is then safe as a Git ref component and as a file name on every
//! system. Clones are cheap. Resource URIs are `uri`'s work.
//!
//! INVARIANT: a name's text is its only form; two names are equal exactly when their texts are.
//! Vectors: `vectors/values/names.tsv`. Tests: `tests/it/name.rs`.

use crate::{ErrorCode, PublicKey, Text, Value, hex};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use core::fmt;
use core::str::FromStr;

/// Most segments a namespace may have.
pub const NAMESPACE_SEGMENTS_MAX: usize = 8;
/// Longest segment in bytes.
pub const SEGMENT_SIZE_MAX: usize = 63;
/// Longest dotted name (event type, topic, group, label) in bytes.
pub const DOTTED_NAME_SIZE_MAX: usize = 128;
/// Longest idempotency key in bytes.
pub const IDEMPOTENCY_KEY_SIZE_MAX: usize = 128;

/// Words that cannot be segments of a namespace, because ref names use them to mark what follows.
const NAMESPACE_WORDS: [&str; 4] = ["user", "agent", "service", "head"];

/// Prefix of the full ref name of journals.
const REFS: &str = "refs/";
/// What the short name of every journal starts with.
const JOURNAL: &str = "gatos/journal/";

/// Why a text is not a name of the expected kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not {what}: {reason}", crate::excerpt::excerpt(text))]
pub struct NameError {
    /// What was expected, with its article: `a namespace`.
    pub what: &'static str,
    /// The text as given.
    pub text: String,
    /// Which rule it breaks.
    pub reason: &'static str,
    /// Byte offset of the first byte that breaks it.
    pub offset: usize,
}

impl NameError {
    /// The error code for replies.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        ErrorCode::BadName
    }
}

/// A broken rule and where: completed to a [`NameError`] by the kind of name.
type Flaw = (&'static str, usize);

fn complete(what: &'static str, text: &str, (reason, offset): Flaw) -> NameError {
    NameError {
        what,
        text: text.to_owned(),
        reason,
        offset,
    }
}

macro_rules! text_name {
    ($(#[$documentation:meta])* $name:ident, $what:literal, $check:path) => {
        $(#[$documentation])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks the text.
            ///
            /// # Errors
            /// [`NameError`].
            pub fn parse(text: &str) -> Result<$name, NameError> {
                $check(text).map_err(|flaw| complete($what, text, flaw))?;
                Ok($name(Arc::from(text)))
            }
        }

        name_traits!($name);
    };
}

macro_rules! name_traits {
    ($name:ident) => {
        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The text as a value.
            #[must_use]
            pub fn to_value(&self) -> Value {
                // Names are ASCII, so they are text as they stand.
                Text::new(self.as_str()).map_or(Value::Null, Value::Text)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.pad(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self.as_str(), formatter)
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<$name, NameError> {
                $name::parse(text)
            }
        }
    };
}

text_name!(
    /// One segment of a name: `[a-z0-9][a-z0-9._-]{0,62}`, without `..`, not ending in `.` or `.lock`, no Windows
    /// device name.
    Segment,
    "a name segment",
    check_segment
);

text_name!(
    /// A namespace: 1–8 segments joined by `/`; `user`, `agent`, `service` and `head` are no segments.
    Namespace,
    "a namespace",
    check_namespace
);

text_name!(
    /// An event type, topic, group or label: `[a-z0-9_-]+(\.[a-z0-9_-]+)*`, at most 128 bytes.
    DottedName,
    "a dotted name",
    check_dotted_name
);

text_name!(
    /// An idempotency key: 1–128 printable ASCII characters (space included).
    IdempotencyKey,
    "an idempotency key",
    check_idempotency_key
);

/// The type of an event, such as `invoice.paid`.
pub type EventType = DottedName;

/// Which bytes a segment may have.
const SEGMENT_BYTES: [bool; 256] = segment_bytes();

const fn segment_bytes() -> [bool; 256] {
    let mut allowed = [false; 256];
    let mut byte = 0;
    while byte < allowed.len() {
        allowed[byte] = matches!(byte as u8, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
        byte += 1;
    }
    allowed
}

fn check_segment(text: &str) -> Result<(), Flaw> {
    check_segment_bytes(text.as_bytes())
}

/// The rules of [`Segment`].
pub(crate) fn check_segment_bytes(bytes: &[u8]) -> Result<(), Flaw> {
    match bytes.first() {
        None => return Err(("it is empty", 0)),
        Some(b'a'..=b'z' | b'0'..=b'9') => {}
        Some(_) => return Err(("it must start with a lower-case letter or a digit", 0)),
    }
    let is_allowed = |byte: &u8| SEGMENT_BYTES[usize::from(*byte)];
    if let Some(offset) = bytes.iter().position(|byte| !is_allowed(byte)) {
        return Err((
            "only lower-case letters, digits, `.`, `_` and `-` are allowed",
            offset,
        ));
    }
    if bytes.len() > SEGMENT_SIZE_MAX {
        return Err(("a segment has at most 63 bytes", SEGMENT_SIZE_MAX));
    }
    let stem_size = bytes.iter().position(|byte| *byte == b'.');
    if stem_size.is_some() {
        check_dots(bytes)?;
    }
    let stem = &bytes[..stem_size.unwrap_or(bytes.len())];
    if is_device_name(stem) {
        return Err(("it is a device name on Windows", 0));
    }
    Ok(())
}

fn check_dots(bytes: &[u8]) -> Result<(), Flaw> {
    if let Some(offset) = bytes.windows(2).position(|pair| pair == b"..") {
        return Err(("it contains `..`", offset));
    }
    if bytes.ends_with(b".") {
        return Err(("it ends in `.`", bytes.len() - 1));
    }
    if bytes.ends_with(b".lock") {
        return Err(("it ends in `.lock`", bytes.len() - 5));
    }
    Ok(())
}

/// Windows reserves device names also with an extension: `nul.txt` is the device. `stem` is what lies before it.
fn is_device_name(stem: &[u8]) -> bool {
    match stem {
        b"con" | b"prn" | b"aux" | b"nul" => true,
        [b'c', b'o', b'm', digit] | [b'l', b'p', b't', digit] => digit.is_ascii_digit(),
        _ => false,
    }
}

/// The rules of [`Namespace`].
pub(crate) fn check_namespace(text: &str) -> Result<(), Flaw> {
    let mut offset = 0;
    for (index, segment) in text.as_bytes().split(|byte| *byte == b'/').enumerate() {
        if index == NAMESPACE_SEGMENTS_MAX {
            return Err(("a namespace has at most 8 segments", offset));
        }
        check_segment_bytes(segment).map_err(|(reason, inner)| (reason, offset + inner))?;
        if NAMESPACE_WORDS
            .iter()
            .any(|word| word.as_bytes() == segment)
        {
            return Err((
                "`user`, `agent`, `service` and `head` cannot be segments of a namespace",
                offset,
            ));
        }
        offset += segment.len() + 1;
    }
    Ok(())
}

fn check_dotted_name(text: &str) -> Result<(), Flaw> {
    if text.is_empty() {
        return Err(("it is empty", 0));
    }
    if text.len() > DOTTED_NAME_SIZE_MAX {
        return Err(("it has at most 128 bytes", DOTTED_NAME_SIZE_MAX));
    }
    let mut after_dot = true;
    for (offset, byte) in text.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' => after_dot = false,
            b'.' if after_dot => return Err(("there is nothing before this `.`", offset)),
            b'.' => after_dot = true,
            _ => {
                return Err((
                    "only lower-case letters, digits, `_`, `-` and `.` between parts are allowed",
                    offset,
                ));
            }
        }
    }
    if after_dot {
        return Err(("there is nothing after the last `.`", text.len() - 1));
    }
    Ok(())
}

fn check_idempotency_key(text: &str) -> Result<(), Flaw> {
    if text.is_empty() {
        return Err(("it is empty", 0));
    }
    if let Some(offset) = text.bytes().position(|byte| !(b' '..=b'~').contains(&byte)) {
        return Err(("only printable ASCII is allowed", offset));
    }
    if text.len() > IDEMPOTENCY_KEY_SIZE_MAX {
        return Err(("it has at most 128 bytes", IDEMPOTENCY_KEY_SIZE_MAX));
    }
    Ok(())
}

impl Namespace {
    /// The segments, one to eight.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.as_str().split('/')
    }
}

impl DottedName {
    /// The first part: everything before the first dot.
    #[must_use]
    pub fn first_part(&self) -> &str {
        self.as_str().split('.').next().unwrap_or_default()
    }
}

/// What kind of actor signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ActorKind {
    /// A program that acts on its own.
    Agent,
    /// A machine or service.
    Service,
    /// A person.
    User,
}

impl ActorKind {
    /// Every kind, in text order.
    pub const ALL: [ActorKind; 3] = [ActorKind::Agent, ActorKind::Service, ActorKind::User];

    /// `user`, `agent` or `service`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            ActorKind::Agent => "agent",
            ActorKind::Service => "service",
            ActorKind::User => "user",
        }
    }

    fn parse(text: &str) -> Option<ActorKind> {
        ActorKind::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

impl fmt::Display for ActorKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// An actor: `user:<name>`, `agent:<name>` or `service:<name>`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Actor(Arc<str>);

name_traits!(Actor);

impl Actor {
    /// The actor of a kind with a name.
    #[must_use]
    pub fn new(kind: ActorKind, name: &Segment) -> Actor {
        Actor(Arc::from(format!("{kind}:{name}")))
    }

    /// Checks the text.
    ///
    /// # Errors
    /// [`NameError`].
    pub fn parse(text: &str) -> Result<Actor, NameError> {
        check_actor(text).map_err(|flaw| complete("an actor", text, flaw))?;
        Ok(Actor(Arc::from(text)))
    }

    /// What kind of actor it is.
    #[must_use]
    pub fn kind(&self) -> ActorKind {
        // The text was checked when the actor was made; the kinds differ in their first letter.
        match self.0.as_bytes().first() {
            Some(b'a') => ActorKind::Agent,
            Some(b's') => ActorKind::Service,
            _ => ActorKind::User,
        }
    }

    /// The name after the colon; a valid [`Segment`].
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, name)| name)
    }
}

fn check_actor(text: &str) -> Result<(), Flaw> {
    let Some((kind, name)) = text.split_once(':') else {
        return Err(("it has no `:`", text.len()));
    };
    if ActorKind::parse(kind).is_none() {
        return Err(("its kind is none of `user`, `agent` and `service`", 0));
    }
    check_segment(name).map_err(|(reason, offset)| (reason, kind.len() + 1 + offset))
}

/// A key id: the first 8 bytes of BLAKE3 of the raw public key, written as 16 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 8]);

impl KeyId {
    /// The id of a public key.
    #[must_use]
    pub fn of(public: &PublicKey) -> KeyId {
        let digest = crate::Blake3Digest::of(public.as_bytes());
        let [a, b, c, d, e, f, g, h, ..] = *digest.as_bytes();
        KeyId([a, b, c, d, e, f, g, h])
    }

    /// The id with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 8]) -> KeyId {
        KeyId(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }

    /// Reads 16 lower-case hex digits.
    ///
    /// # Errors
    /// [`NameError`].
    pub fn parse(text: &str) -> Result<KeyId, NameError> {
        let flaw = ("it must be 16 lower-case hex digits", 0);
        hex::decode(text)
            .map(KeyId)
            .ok_or_else(|| complete("a key id", text, flaw))
    }

    /// The text as a value.
    #[must_use]
    pub fn to_value(&self) -> Value {
        // Hex digits are ASCII, so they are text as they stand.
        Text::from_string(self.to_string()).map_or(Value::Null, Value::Text)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&hex::encode(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl FromStr for KeyId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<KeyId, NameError> {
        KeyId::parse(text)
    }
}

/// The name of a journal: the events one actor signed with one key in a namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JournalName {
    /// The namespace.
    pub ns: Namespace,
    /// The actor.
    pub actor: Actor,
    /// The key.
    pub key: KeyId,
}

impl JournalName {
    /// `refs/gatos/journal/<ns>/<kind>/<name>/<key id>`.
    #[must_use]
    pub fn ref_name(&self) -> String {
        format!("{REFS}{}", self.short())
    }

    /// The ref name without `refs/`: `gatos/journal/<ns>/<kind>/<name>/<key id>`.
    #[must_use]
    pub fn short(&self) -> String {
        let (ns, actor) = (self.ns.as_str(), self.actor.as_str());
        // Pieces rather than `format!`: every decision asks for this text.
        let mut text = String::with_capacity(JOURNAL.len() + ns.len() + actor.len() + 18);
        text.push_str(JOURNAL);
        for part in [ns, self.actor.kind().as_str(), self.actor.name()] {
            text.push_str(part);
            text.push('/');
        }
        hex::encode_into(self.key.as_bytes(), &mut text);
        text
    }

    /// Reads a full ref name.
    ///
    /// # Errors
    /// [`NameError`].
    pub fn parse_ref(text: &str) -> Result<JournalName, NameError> {
        let what = "the ref of a journal";
        let Some(short) = text.strip_prefix(REFS) else {
            return Err(complete(
                what,
                text,
                ("it does not start with `refs/gatos/journal/`", 0),
            ));
        };
        parse_short(short)
            .map_err(|(reason, offset)| complete(what, text, (reason, REFS.len() + offset)))
    }

    /// Reads a ref name without `refs/`.
    ///
    /// # Errors
    /// [`NameError`].
    pub fn parse_short(text: &str) -> Result<JournalName, NameError> {
        parse_short(text).map_err(|flaw| complete("the short name of a journal", text, flaw))
    }
}

impl fmt::Display for JournalName {
    /// The short name.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.short())
    }
}

fn parse_short(text: &str) -> Result<JournalName, Flaw> {
    let Some(rest) = text.strip_prefix(JOURNAL) else {
        return Err(("it does not start with `gatos/journal/`", 0));
    };
    let mut parts = rest.rsplitn(4, '/');
    let (Some(key), Some(name), Some(kind), Some(ns)) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err((
            "it must be `<namespace>/<kind>/<name>/<key id>`",
            JOURNAL.len(),
        ));
    };
    let (ns_offset, actor_offset) = (JOURNAL.len(), JOURNAL.len() + ns.len() + 1);
    check_namespace(ns).map_err(|(reason, offset)| (reason, ns_offset + offset))?;
    let actor = format!("{kind}:{name}");
    check_actor(&actor).map_err(|(reason, offset)| (reason, actor_offset + offset))?;
    let key = hex::decode(key).ok_or((
        "the key id must be 16 lower-case hex digits",
        text.len() - key.len(),
    ))?;
    Ok(JournalName {
        ns: Namespace(Arc::from(ns)),
        actor: Actor(Arc::from(actor)),
        key: KeyId(key),
    })
}
