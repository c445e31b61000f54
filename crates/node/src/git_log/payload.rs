//! The payload of one commit, cut where it would not fit an event.
//!
//! INVARIANT: a payload has at most [`PAYLOAD_SIZE_MAX`] bytes of canonical JSON, whatever the commit holds.
//! Format: docs/formats/git-commit.md. Tests: `tests.rs` beside this file.

use gatos_values::{Map, Text, Value, json};

use super::diff::Change;
use super::{commit, text};

/// The largest payload, in bytes of canonical JSON: an envelope's limit less room for its fields.
pub const PAYLOAD_SIZE_MAX: usize = 88 * 1024;

/// Limits of single fields, in bytes of JSON text.
pub(super) const MESSAGE_SIZE_MAX: usize = 32 * 1024;
pub(super) const NAME_SIZE_MAX: usize = 1024;
pub(super) const PATH_SIZE_MAX: usize = 4096;
const WORD_SIZE_MAX: usize = 64;
pub(super) const PARENTS_MAX: usize = 256;
/// Room for `"paths_omitted":<count>,`.
pub(super) const OMITTED_SIZE: usize = 40;

/// A payload under construction: everything but the paths.
pub(super) struct PayloadBuilder {
    fields: Vec<(Text, Value)>,
}

impl PayloadBuilder {
    /// `unread` counts the bytes of the object behind those that were read.
    pub fn new(id_text: &str, commit: &commit::Commit<'_>, unread: u64) -> PayloadBuilder {
        let mut payload = PayloadBuilder {
            fields: Vec::with_capacity(12),
        };
        payload.put("commit", ascii_value(id_text));
        payload.put("author", identity(&commit.author));
        payload.put("committer", identity(&commit.committer));
        payload.put_time("time", "time_raw", &commit.committer.time);
        payload.put_time("author_time", "author_time_raw", &commit.author.time);
        if let Some(encoding) = commit.encoding {
            payload.put(
                "encoding",
                Value::Text(text::encode(encoding, WORD_SIZE_MAX).0),
            );
        }
        let (message, cut) = text::encode(commit.message, MESSAGE_SIZE_MAX);
        payload.put("message", Value::Text(message));
        payload.put_count("message_omitted", cut as u64 + unread);
        let listed = commit.parents.iter().take(PARENTS_MAX);
        let listed =
            listed.map(|parent| ascii_value(&String::from_utf8_lossy(parent).to_ascii_lowercase()));
        payload.put("parents", Value::List(listed.collect()));
        payload.put_count(
            "parents_omitted",
            commit.parents.len().saturating_sub(PARENTS_MAX) as u64,
        );
        payload
    }

    pub fn put(&mut self, key: &'static str, value: Value) {
        self.fields.push((Text::from_ascii(key), value));
    }

    fn put_count(&mut self, key: &'static str, count: u64) {
        if count > 0 {
            self.put(key, Value::from(count));
        }
    }

    fn put_time(&mut self, key: &'static str, raw_key: &'static str, time: &commit::Time<'_>) {
        self.put(key, ascii_value(&commit::rfc3339(time.seconds)));
        if let Some(raw) = time.raw {
            self.put(raw_key, Value::Text(text::encode(raw, WORD_SIZE_MAX).0));
        }
    }

    pub fn paths(mut self) -> PathsBuilder {
        self.put("paths", Value::List(Vec::new()));
        let others = Value::Map(to_map(self.fields.clone()));
        let size = json::encode_canonical(&others).map_or(PAYLOAD_SIZE_MAX, |bytes| bytes.len());
        self.fields.pop();
        PathsBuilder {
            payload: self,
            paths: Vec::new(),
            size_left: PAYLOAD_SIZE_MAX.saturating_sub(size + OMITTED_SIZE),
            omitted: 0,
        }
    }
}

/// The changed paths of a payload, as many as fit.
pub(super) struct PathsBuilder {
    payload: PayloadBuilder,
    paths: Vec<Value>,
    pub size_left: usize,
    pub omitted: u64,
}

impl PathsBuilder {
    /// Once one does not fit, all that follow are only counted.
    pub fn push(&mut self, change: Change<'_>) {
        if self.omitted > 0 || !self.push_fitting(&change) {
            self.omitted += 1;
        }
    }

    fn push_fitting(&mut self, change: &Change<'_>) -> bool {
        let (path, cut) = text::encode(change.path, PATH_SIZE_MAX);
        let size = r#"{"added":,"deleted":,"path":""},"#.len()
            + decimal_size(change.added)
            + decimal_size(change.deleted)
            + text::json_size(&path);
        if cut > 0 || size > self.size_left {
            return false;
        }
        self.size_left -= size;
        let count = |count: Option<u64>| count.map_or(Value::Null, Value::from);
        self.paths.push(Value::Map(to_map(vec![
            (Text::from_ascii("added"), count(change.added)),
            (Text::from_ascii("deleted"), count(change.deleted)),
            (Text::from_ascii("path"), Value::Text(path)),
        ])));
        true
    }

    pub fn finish(mut self) -> Value {
        self.payload.put("paths", Value::List(self.paths));
        self.payload.put_count("paths_omitted", self.omitted);
        Value::Map(to_map(self.payload.fields))
    }
}

fn identity(signature: &commit::Signature<'_>) -> Value {
    let mut fields = PayloadBuilder {
        fields: Vec::with_capacity(2),
    };
    let (email, cut) = text::encode(signature.email, NAME_SIZE_MAX);
    fields.put("email", Value::Text(email));
    fields.put_count("email_omitted", cut as u64);
    let (name, cut) = text::encode(signature.name, NAME_SIZE_MAX);
    fields.put("name", Value::Text(name));
    fields.put_count("name_omitted", cut as u64);
    Value::Map(to_map(fields.fields))
}

fn to_map(fields: Vec<(Text, Value)>) -> Map {
    Map::from_entries(fields).expect("every key is written once")
}

fn ascii_value(text: &str) -> Value {
    Value::Text(Text::new(text).expect("ASCII is NFC"))
}

fn decimal_size(count: Option<u64>) -> usize {
    match count {
        None => "null".len(),
        Some(0) => 1,
        Some(count) => count.ilog10() as usize + 1,
    }
}
