//! The slow, obvious trust fold: plain lists, rebuilt from the JSON for every question.
//!
//! It trusts signatures (they have tests of their own) and reads the documents with the permissive decoder, so
//! it shares neither types nor shortcuts with the fold it is compared with.

use gatos_policy::governance::SignedDocument;
use gatos_values::roots::EMPTY_FOLD_ROOT;
use gatos_values::{Value, json};

/// Everything as text, at one version.
#[derive(Default)]
pub struct Twin {
    pub actors: Vec<String>,
    /// (key id, actor), in order of enrolment.
    pub keys: Vec<(String, String)>,
    /// (namespace, fold root), newest last.
    folds: Vec<(String, String)>,
}

impl Twin {
    /// The state at `version`, or why the documents do not give one.
    pub fn at(documents: &[SignedDocument], version: usize) -> Result<Twin, &'static str> {
        let mut twin = Twin::default();
        for document in &documents[..=version] {
            let value = json::decode_strict(&document.bytes, usize::MAX).map_err(|_| "json")?;
            match text(&value, "kind") {
                "governance.genesis" => twin.found(&value),
                _ => list(&value, "changes")
                    .iter()
                    .try_for_each(|change| twin.change(change))?,
            }
            twin.actors.sort();
        }
        Ok(twin)
    }

    fn found(&mut self, genesis: &Value) {
        for entry in list(genesis, "actors") {
            self.actors.push(text(entry, "actor").into());
            for key in list(entry, "keys") {
                self.keys
                    .push((text(key, "key").into(), text(entry, "actor").into()));
            }
        }
    }

    fn change(&mut self, change: &Value) -> Result<(), &'static str> {
        match text(change, "op") {
            "actor.enrol" => {
                let actor = text(change, "actor").to_string();
                if self.actors.contains(&actor) {
                    return Err("actor twice");
                }
                self.actors.push(actor);
            }
            "key.enrol" => {
                let (key, actor) = (
                    text(change, "key").to_string(),
                    text(change, "actor").to_string(),
                );
                if !self.actors.contains(&actor) || self.keys.iter().any(|(known, _)| *known == key)
                {
                    return Err("no actor, or key twice");
                }
                self.keys.push((key, actor));
            }
            _ => self
                .folds
                .push((text(change, "ns").into(), text(change, "fold_root").into())),
        }
        Ok(())
    }

    pub fn keys_of(&self, actor: &str) -> Vec<String> {
        self.keys
            .iter()
            .filter(|(_, owner)| owner == actor)
            .map(|(key, _)| key.clone())
            .collect()
    }

    pub fn fold_root(&self, ns: &str) -> String {
        let newest = self.folds.iter().rev().find(|(place, _)| place == ns);
        newest.map_or(EMPTY_FOLD_ROOT.to_string(), |(_, root)| root.clone())
    }
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap()
}

fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value.get(field).and_then(Value::as_list).unwrap()
}
