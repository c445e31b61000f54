//! Messages: JSON-RPC 2.0 as LSP uses it, without batches.
//!
//! Text in messages is any Unicode (documents need not be in NFC), so this is not the JSON of `gatos-values`.
//!
//! INVARIANT: a message becomes at most [`VALUE_COUNT_MAX`] values; one with more is
//! refused before it is parsed, and one that is nested deeply while it is.
//! Tests: `message/tests.rs`.

#[cfg(test)]
mod tests;

use serde_json::{Value, json};

/// Values in one message; what editors send has a few thousand at most.
pub const VALUE_COUNT_MAX: usize = 100_000;

/// Not JSON.
pub const PARSE_ERROR: i32 = -32700;
/// JSON, but no message, or not one for now.
pub const INVALID_REQUEST: i32 = -32600;
/// Nobody here knows the method.
pub const METHOD_NOT_FOUND: i32 = -32601;
/// The parameters do not fit the method.
pub const INVALID_PARAMS: i32 = -32602;
/// A bug of ours.
pub const INTERNAL_ERROR: i32 = -32603;
/// A request before `initialize`.
pub const NOT_INITIALIZED: i32 = -32002;

/// What the client says.
#[derive(Debug, PartialEq)]
pub enum Message {
    /// A question; the answer carries its id.
    Request {
        /// A number or a text, given back as it came.
        id: Value,
        /// What is asked for.
        method: String,
        /// What about.
        params: Value,
    },
    /// A remark that gets no answer.
    Notification {
        /// What happened.
        method: String,
        /// To what.
        params: Value,
    },
    /// An answer. We ask nothing, so it goes unread.
    Response,
}

/// Why bytes are no message.
#[derive(Debug, PartialEq)]
pub struct MessageError {
    /// Its id, where it has one that can be given back.
    pub id: Option<Value>,
    /// [`PARSE_ERROR`] or [`INVALID_REQUEST`].
    pub code: i32,
    /// What is wrong.
    pub reason: String,
}

/// Reads one message.
///
/// # Errors
/// [`MessageError`], to be answered with [`failure`].
pub fn parse(body: &[u8]) -> Result<Message, MessageError> {
    let wrong = |id: Option<Value>, code, reason: String| MessageError { id, code, reason };
    if value_count(body) > VALUE_COUNT_MAX {
        let reason = format!("the message has more than {VALUE_COUNT_MAX} values");
        return Err(wrong(None, INVALID_REQUEST, reason));
    }
    let value: Value = serde_json::from_slice(body)
        .map_err(|error| wrong(None, PARSE_ERROR, format!("not JSON: {error}")))?;
    let Value::Object(mut fields) = value else {
        return Err(wrong(
            None,
            INVALID_REQUEST,
            "a message is an object".to_owned(),
        ));
    };
    let id = fields.remove("id");
    let known_id = id.clone().filter(|id| id.is_number() || id.is_string());
    if fields.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return Err(wrong(
            known_id,
            INVALID_REQUEST,
            "`jsonrpc` is not `2.0`".to_owned(),
        ));
    }
    let params = fields.remove("params").unwrap_or(Value::Null);
    match (fields.remove("method"), id) {
        (Some(Value::String(method)), None) => Ok(Message::Notification { method, params }),
        (Some(Value::String(method)), Some(_)) => match known_id {
            Some(id) => Ok(Message::Request { id, method, params }),
            None => Err(wrong(
                None,
                INVALID_REQUEST,
                "an id is a number or a text".to_owned(),
            )),
        },
        (None, Some(_)) if fields.contains_key("result") || fields.contains_key("error") => {
            Ok(Message::Response)
        }
        _ => Err(wrong(
            known_id,
            INVALID_REQUEST,
            "a message has a `method`, a text".to_owned(),
        )),
    }
}

/// An upper bound on the values of a JSON text, found without building any.
fn value_count(body: &[u8]) -> usize {
    let (mut count, mut inside, mut escaped) = (1, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if inside => escaped = true,
            b'"' => inside = !inside,
            b',' | b':' | b'[' | b'{' if !inside => count += 1,
            _ => {}
        }
    }
    count
}

/// The answer to a request.
#[must_use]
pub fn success(id: &Value, result: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "result": result})
}

/// The refusal of a request, or of something that has no id.
#[must_use]
pub fn failure(id: Option<&Value>, code: i32, reason: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": reason}})
}

/// A remark of ours.
#[must_use]
pub fn notification(method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "method": method, "params": params})
}
