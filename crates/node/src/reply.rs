//! Small helpers to build reply documents out of values.
//!
//! Replies are canonical values, so that `--json` output is canonical JSON. Keys are ours and ASCII; texts
//! that come from outside are brought into the value model here. Tests: with the verbs that use them.

use gatos_values::{Map, Text, Value};

/// A map from our own ASCII keys.
pub fn object(entries: Vec<(&'static str, Value)>) -> Value {
    let mut map = Map::new();
    for (key, value) in entries {
        map.insert(Text::from_ascii(key), value);
    }
    Value::Map(map)
}

/// Any text as a value; code points the value model refuses become U+FFFD.
pub fn text(content: &str) -> Value {
    Value::Text(lossy(content))
}

/// A text of the value model that shows `content` as well as possible.
pub fn lossy(content: &str) -> Text {
    Text::new(content).unwrap_or_else(|_| {
        let cleaned: String = content
            .chars()
            .map(|char| {
                if Text::new(char.encode_utf8(&mut [0; 4])).is_ok() {
                    char
                } else {
                    char::REPLACEMENT_CHARACTER
                }
            })
            .collect();
        Text::new(&cleaned).unwrap_or_else(|_| Text::from_ascii("?"))
    })
}

/// A count as a value.
pub fn count(count: u64) -> Value {
    Value::Integer(i128::from(count))
}

/// A text, or null.
pub fn optional_text(content: Option<&str>) -> Value {
    content.map_or(Value::Null, text)
}
