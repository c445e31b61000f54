//! Requests as documents: what test cases, the command line and counterexamples write.
//!
//! A context is a map with the names of the variables, and `trust`, a map from actor to `{level, groups}`. Only `intent`
//! must be there; what is absent or null is missing. [`Context::ask`] lends it out as a [`Request`].
//!
//! INVARIANT: `from_value(to_value(context))` is the context.
//! Format: docs/formats/rgs.md. Tests: `context/tests.rs`.

#[cfg(test)]
mod tests;

use super::intent::Intent;
use super::request::{Request, TrustEntry, TrustSnapshot};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use gatos_values::{ErrorCode, Map, Text, Value};

/// A request that owns its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// What is asked for.
    pub intent: Intent,
    /// Who asks.
    pub actor: Option<Text>,
    /// The capabilities.
    pub caps: Option<Vec<Text>>,
    /// The labels of the data.
    pub labels: Option<Vec<Text>>,
    /// The other side.
    pub remote: Option<Text>,
    /// The address of the other side.
    pub remote_addr: Option<Text>,
    /// The epoch.
    pub epoch: Option<u64>,
    /// The target's path.
    pub path: Option<Text>,
    /// The resource URI.
    pub resource: Option<Text>,
    /// The payload.
    pub payload: Option<Value>,
    /// Who is trusted how far.
    pub trust: TrustSnapshot,
}

/// Why a value is no context.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` {reason}")]
pub struct ContextError {
    /// Which field, for example `trust.user:alice.level`.
    pub field: String,
    /// What is wrong with it.
    pub reason: String,
}

impl ContextError {
    /// The error code for replies.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        ErrorCode::BadRequest
    }
}

/// The fields of a context, in the order they are written.
pub const CONTEXT_FIELDS: [&str; 11] = [
    "intent",
    "actor",
    "caps",
    "labels",
    "remote",
    "remote_addr",
    "epoch",
    "path",
    "resource",
    "payload",
    "trust",
];

impl Context {
    /// A context of which only the intent is known.
    #[must_use]
    pub const fn new(intent: Intent) -> Context {
        Context {
            intent,
            actor: None,
            caps: None,
            labels: None,
            remote: None,
            remote_addr: None,
            epoch: None,
            path: None,
            resource: None,
            payload: None,
            trust: TrustSnapshot::EMPTY,
        }
    }

    /// Reads a context.
    ///
    /// # Errors
    /// [`ContextError`] for the first field that does not fit.
    pub fn from_value(value: &Value) -> Result<Context, ContextError> {
        let Some(map) = value.as_map() else {
            return Err(wrong("request", "must be a map"));
        };
        if let Some(unknown) = map
            .keys()
            .find(|key| !CONTEXT_FIELDS.contains(&key.as_str()))
        {
            let reason = format!(
                "is not a part of a request; parts are {}",
                CONTEXT_FIELDS.join(", ")
            );
            return Err(wrong(unknown, reason));
        }
        // A payload may be null; everything else that is null is missing.
        let field = |name: &str| map.get(name).filter(|value| !value.is_null());
        let intent = field("intent").ok_or_else(|| wrong("intent", "is missing"))?;
        let known = intent.as_str().and_then(Intent::parse);
        let intents = || {
            format!(
                "must be one of {}",
                Intent::ALL.map(Intent::as_str).join(", ")
            )
        };
        let text = |name| field(name).map(|value| text(name, value)).transpose();
        let texts = |name| field(name).map(|value| texts(name, value)).transpose();
        Ok(Context {
            intent: known.ok_or_else(|| wrong("intent", intents()))?,
            actor: text("actor")?,
            caps: texts("caps")?,
            labels: texts("labels")?,
            remote: text("remote")?,
            remote_addr: text("remote_addr")?,
            epoch: field("epoch").map(epoch).transpose()?,
            path: text("path")?,
            resource: text("resource")?,
            payload: map.get("payload").cloned(),
            trust: field("trust").map_or(Ok(TrustSnapshot::EMPTY), trust)?,
        })
    }

    /// The context as a value; missing parts are absent.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut map = Map::new().with(
            "intent",
            Value::Text(Text::from_ascii(self.intent.as_str())),
        );
        let mut put = |name, value: Option<Value>| {
            if let Some(value) = value {
                map.insert(Text::from_ascii(name), value);
            }
        };
        let list =
            |texts: &Vec<Text>| Value::List(texts.iter().cloned().map(Value::Text).collect());
        put("actor", self.actor.clone().map(Value::Text));
        put("caps", self.caps.as_ref().map(list));
        put("labels", self.labels.as_ref().map(list));
        put("remote", self.remote.clone().map(Value::Text));
        put("remote_addr", self.remote_addr.clone().map(Value::Text));
        put(
            "epoch",
            self.epoch.map(|epoch| Value::Integer(i128::from(epoch))),
        );
        put("path", self.path.clone().map(Value::Text));
        put("resource", self.resource.clone().map(Value::Text));
        put("payload", self.payload.clone());
        put(
            "trust",
            (self.trust != TrustSnapshot::EMPTY).then(|| trust_value(&self.trust)),
        );
        Value::Map(map)
    }

    /// Asks something about the context as a request.
    pub fn ask<T>(&self, question: impl FnOnce(&Request<'_>) -> T) -> T {
        let (caps, labels) = (names(self.caps.as_deref()), names(self.labels.as_deref()));
        question(&Request {
            intent: self.intent,
            actor: self.actor.as_deref(),
            caps: caps.as_deref(),
            labels: labels.as_deref(),
            remote: self.remote.as_deref(),
            remote_addr: self.remote_addr.as_deref(),
            epoch: self.epoch,
            path: self.path.as_deref(),
            resource: self.resource.as_deref(),
            payload: self.payload.as_ref(),
            trust: &self.trust,
        })
    }
}

fn names(texts: Option<&[Text]>) -> Option<Vec<&str>> {
    texts.map(|texts| texts.iter().map(Text::as_str).collect())
}

fn wrong(field: &str, reason: impl Into<String>) -> ContextError {
    ContextError {
        field: field.to_string(),
        reason: reason.into(),
    }
}

fn text(field: &str, value: &Value) -> Result<Text, ContextError> {
    value
        .as_text()
        .cloned()
        .ok_or_else(|| wrong(field, "must be a text"))
}

fn texts(field: &str, value: &Value) -> Result<Vec<Text>, ContextError> {
    let items = value
        .as_list()
        .ok_or_else(|| wrong(field, "must be a list of texts"))?;
    let texts = items.iter().map(|item| item.as_text().cloned());
    texts
        .collect::<Option<_>>()
        .ok_or_else(|| wrong(field, "must be a list of texts"))
}

fn epoch(value: &Value) -> Result<u64, ContextError> {
    let epoch = value
        .as_integer()
        .and_then(|integer| u64::try_from(integer).ok());
    epoch.ok_or_else(|| wrong("epoch", "must be an integer from 0 to 2^64 - 1"))
}

fn trust(value: &Value) -> Result<TrustSnapshot, ContextError> {
    let map = value
        .as_map()
        .ok_or_else(|| wrong("trust", "must be a map from actor to {level, groups}"))?;
    let entries = map
        .iter()
        .map(|(actor, value)| Ok((actor.clone(), trust_entry(actor, value)?)));
    Ok(TrustSnapshot::from_entries(
        entries.collect::<Result<Vec<_>, ContextError>>()?,
    ))
}

fn trust_entry(actor: &str, value: &Value) -> Result<TrustEntry, ContextError> {
    let place = format!("trust.{actor}");
    let map = value
        .as_map()
        .ok_or_else(|| wrong(&place, "must be a map of level and groups"))?;
    if let Some(unknown) = map
        .keys()
        .find(|key| !["level", "groups"].contains(&key.as_str()))
    {
        return Err(wrong(
            &format!("{place}.{unknown}"),
            "is neither level nor groups",
        ));
    }
    let level = map.get("level").map_or(Some(0), Value::as_integer);
    let level = level.and_then(|integer| i64::try_from(integer).ok());
    let groups = map
        .get("groups")
        .map(|value| texts(&format!("{place}.groups"), value));
    Ok(TrustEntry {
        level: level
            .ok_or_else(|| wrong(&format!("{place}.level"), "must be an integer of 64 bits"))?,
        groups: groups.transpose()?.unwrap_or_default(),
    })
}

fn trust_value(trust: &TrustSnapshot) -> Value {
    let mut map = Map::new();
    for (actor, entry) in trust.iter() {
        let groups = entry.groups.iter().cloned().map(Value::Text).collect();
        let entry = Map::new()
            .with("level", Value::Integer(i128::from(entry.level)))
            .with("groups", Value::List(groups));
        map.insert(actor.clone(), Value::Map(entry));
    }
    Value::Map(map)
}
