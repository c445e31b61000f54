//! Differences of two state files: which fields were added, removed, replaced.
//!
//! Maps are compared key by key and named by JSON pointers (RFC 6901), everything else as a whole;
//! files that are not one JSON document (`.jsonl`) line by line, as sets with their line numbers.
//! Applying the edits to the old file gives the new one. Tests: diff/tests.rs.

use crate::table::cut;
use crate::text::{Text, Tone};
use gatos_node::reply;
use gatos_values::{Map, Value, json};
use std::collections::BTreeMap;

#[cfg(test)]
mod tests;

/// One place that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// JSON pointer, or `line N`; empty for the whole file.
    pub at: String,
    /// What was there.
    pub before: Option<Value>,
    /// What is there now.
    pub after: Option<Value>,
}

impl Edit {
    /// `add`, `remove` or `replace`, as in RFC 6902.
    pub fn op(&self) -> &'static str {
        match (&self.before, &self.after) {
            (None, _) => "add",
            (_, None) => "remove",
            _ => "replace",
        }
    }

    /// The document of an edit.
    pub fn to_value(&self) -> Value {
        let mut entries = vec![
            ("op", Value::from(self.op())),
            ("at", reply::text(&self.at)),
        ];
        entries.extend(self.before.clone().map(|before| ("before", before)));
        entries.extend(self.after.clone().map(|after| ("after", after)));
        reply::object(entries)
    }

    /// The edit as a line for people.
    pub fn text(&self) -> Text {
        let at = if self.at.is_empty() {
            "(whole file)"
        } else {
            &self.at
        };
        let (sign, tone) = match self.op() {
            "add" => ("+", Tone::Good),
            "remove" => ("-", Tone::Bad),
            _ => ("~", Tone::Warn),
        };
        let text = Text::new()
            .say("  ")
            .toned(tone, sign)
            .say(" ")
            .foreign(at)
            .say(": ");
        let shown = |value: &Option<Value>| value.as_ref().map(shown);
        match (shown(&self.before), shown(&self.after)) {
            (Some(before), Some(after)) => text.foreign(before).faint(" → ").foreign(after),
            (before, after) => text.foreign(before.or(after).unwrap_or_default()),
        }
        .end()
    }
}

/// Columns of a value that a line shows.
const VALUE_WIDTH_MAX: usize = 72;

fn shown(value: &Value) -> String {
    let bytes = json::encode_canonical(value).unwrap_or_default();
    cut(&String::from_utf8_lossy(&bytes), VALUE_WIDTH_MAX)
}

/// The edits from one file's bytes to another's; `None` stands for a file that is not there.
pub fn edits(before: Option<&[u8]>, after: Option<&[u8]>) -> Vec<Edit> {
    let mut edits = Vec::new();
    match (before.map(document), after.map(document)) {
        (Some(Some(before)), Some(Some(after))) => compare("", &before, &after, &mut edits),
        (None, Some(Some(Value::Map(after)))) => {
            compare("", &empty(), &Value::Map(after), &mut edits)
        }
        (Some(Some(Value::Map(before))), None) => {
            compare("", &Value::Map(before), &empty(), &mut edits)
        }
        (None, Some(after @ Some(_))) => edits.push(Edit {
            at: String::new(),
            before: None,
            after,
        }),
        (Some(before @ Some(_)), None) => edits.push(Edit {
            at: String::new(),
            before,
            after: None,
        }),
        _ => compare_lines(
            before.unwrap_or_default(),
            after.unwrap_or_default(),
            &mut edits,
        ),
    }
    edits
}

fn empty() -> Value {
    Value::Map(Map::new())
}

fn document(bytes: &[u8]) -> Option<Value> {
    json::decode_strict(bytes, bytes.len()).ok()
}

fn compare(at: &str, before: &Value, after: &Value, edits: &mut Vec<Edit>) {
    let (Value::Map(old), Value::Map(new)) = (before, after) else {
        if before != after {
            let (before, after) = (Some(before.clone()), Some(after.clone()));
            edits.push(Edit {
                at: at.to_owned(),
                before,
                after,
            });
        }
        return;
    };
    let mut keys: Vec<&str> = old
        .keys()
        .chain(new.keys())
        .map(|key| key.as_str())
        .collect();
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        let inner = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
        match (old.get(key), new.get(key)) {
            (Some(before), Some(after)) => compare(&inner, before, after, edits),
            (before, after) => edits.push(Edit {
                at: inner,
                before: before.cloned(),
                after: after.cloned(),
            }),
        }
    }
}

/// Lines only in one of the files. State files in this form are sorted or appended to, so that the
/// set of lines tells what changed.
fn compare_lines(before: &[u8], after: &[u8], edits: &mut Vec<Edit>) {
    let (old, new) = (counted_lines(before), counted_lines(after));
    for (line, numbers) in &old {
        let kept = new.get(line).map_or(0, Vec::len);
        edits.extend(numbers.iter().skip(kept).map(|number| Edit {
            at: format!("line {number}"),
            before: Some(line_value(line)),
            after: None,
        }));
    }
    for (line, numbers) in &new {
        let kept = old.get(line).map_or(0, Vec::len);
        edits.extend(numbers.iter().skip(kept).map(|number| Edit {
            at: format!("line {number}"),
            before: None,
            after: Some(line_value(line)),
        }));
    }
}

/// Each different line with the numbers, from 1, of the lines it stands on.
fn counted_lines(bytes: &[u8]) -> BTreeMap<&[u8], Vec<usize>> {
    let mut lines: BTreeMap<&[u8], Vec<usize>> = BTreeMap::new();
    let text = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    if text.is_empty() {
        return lines;
    }
    for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
        lines.entry(line).or_default().push(index + 1);
    }
    lines
}

fn line_value(line: &[u8]) -> Value {
    document(line).unwrap_or_else(|| reply::text(&String::from_utf8_lossy(line)))
}
