//! What others may see: the policy in force asked with `read`, row by row.
//!
//! A clone's own user reads its files anyway. Whatever answers somebody else on this node's behalf goes through a
//! [`Reading`], made for that actor: an event is a row with its own labels and payload, a state file is cut into rows
//! (the entries of its outermost map or list). What may not be seen is left out, never altered.
//!
//! INVARIANT: a row that is given out was allowed for this actor; the same node and actor see the same rows.
//! Tests: ../../tests/it/reading.rs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use gatos_policy::governance::Chain;
use gatos_policy::language::Intent;
use gatos_values::{Actor, Envelope, ErrorCode, Map, Namespace, ResourceUri, Text, Value};

use super::{Gate, Gates, Question, Surroundings};
use crate::append::lock;
use crate::fault::{Fault, Outcome};
use crate::node::Node;
use crate::reply;

/// What one actor may see.
pub struct Reading<'n> {
    node: &'n Node,
    actor: Actor,
    chain: Arc<Chain>,
    /// None under the empty policy, which lets every enrolled actor see everything.
    gate: Option<Arc<Gate>>,
    labels: Mutex<BTreeMap<Namespace, Vec<String>>>,
}

impl Node {
    /// What an enrolled actor may see here.
    ///
    /// # Errors
    /// `UNKNOWN_ACTOR`, `BAD_POLICY` when the policy's bytes are not here.
    pub fn reading_for(&self, actor: &Actor) -> Outcome<Reading<'_>> {
        let chain = self.governance()?;
        if !chain.has_actor_at(actor, chain.version()) {
            return Err(Fault::new(
                ErrorCode::UnknownActor,
                actor.as_str(),
                format!("`{actor}` is not enrolled here"),
            )
            .with_hint("`gatos actor list` shows who is"));
        }
        let gate = Gates::new(Surroundings::local(self)?).at(self, &chain, chain.version())?;
        Ok(Reading {
            node: self,
            actor: actor.clone(),
            chain,
            gate,
            labels: Mutex::new(BTreeMap::new()),
        })
    }
}

impl Reading<'_> {
    /// Why the actor may not see an event, if so.
    ///
    /// # Errors
    /// Epochs that cannot be read.
    pub fn refuse_event(&self, envelope: &Envelope) -> Outcome<Option<Fault>> {
        let Some(gate) = &self.gate else {
            return Ok(None);
        };
        let verdict = gate.answer(&Question {
            intent: Intent::Read,
            actor: &self.actor,
            claimed: None,
            labels: envelope.labels.iter().map(|label| label.as_str()).collect(),
            path: &envelope.journal().short(),
            resource: &envelope.resource,
            payload: &envelope.payload,
            epoch: self.node.epoch_of(envelope)?,
        });
        Ok(verdict.refusal)
    }

    /// Why the actor may not see a row of a namespace's state, if so. The labels are those of all its events.
    ///
    /// # Errors
    /// Journals that cannot be read.
    pub fn refuse_row(&self, ns: &Namespace, row: &Value) -> Outcome<Option<Fault>> {
        let Some(gate) = &self.gate else {
            return Ok(None);
        };
        let mut known = lock(&self.labels);
        if !known.contains_key(ns) {
            known.insert(ns.clone(), self.node.labels_of(ns)?);
        }
        let labels = known.get(ns).into_iter().flatten();
        let verdict = gate.answer(&Question {
            intent: Intent::Read,
            actor: &self.actor,
            claimed: None,
            labels: labels.map(String::as_str).collect(),
            path: &format!("gatos/state/{ns}/head"),
            resource: &ResourceUri::state(self.chain.repository_name(), ns),
            payload: row,
            epoch: self.node.epoch_current(ns)?,
        });
        Ok(verdict.refusal)
    }

    /// A state file with the rows the actor may see. A row is put to the policy as `{file, key, value}`; a file that is
    /// neither a map nor a list is one row without a key.
    ///
    /// # Errors
    /// `POLICY_DENY` and `CAP_EXPIRED` when none of its rows may be seen, `BAD_JSON` when it is no document.
    pub fn visible_state(&self, ns: &Namespace, file: &str, bytes: &[u8]) -> Outcome<Vec<u8>> {
        if self.gate.is_none() {
            return Ok(bytes.to_vec());
        }
        let document = gatos_values::json::decode_canonical(bytes, bytes.len())?;
        let mut refused = None;
        let mut may = |key: Value, value: &Value| -> Outcome<bool> {
            let row = Map::new()
                .with("file", reply::text(file))
                .with("key", key)
                .with("value", value.clone());
            let refusal = self.refuse_row(ns, &Value::Map(row))?;
            let is_visible = refusal.is_none();
            refused = refused.take().or(refusal);
            Ok(is_visible)
        };
        let (visible, shown) = match document {
            Value::Map(map) => {
                let mut rows: Vec<(Text, Value)> = Vec::new();
                for (key, value) in map.into_entries() {
                    if may(Value::Text(key.clone()), &value)? {
                        rows.push((key, value));
                    }
                }
                let count = rows.len();
                (
                    Value::Map(Map::from_entries(rows).unwrap_or_default()),
                    count,
                )
            }
            Value::List(list) => {
                let mut rows = Vec::new();
                for (value, index) in list.into_iter().zip(0u64..) {
                    if may(reply::count(index), &value)? {
                        rows.push(value);
                    }
                }
                let count = rows.len();
                (Value::List(rows), count)
            }
            other => {
                let is_visible = may(Value::Null, &other)?;
                (other, usize::from(is_visible))
            }
        };
        match refused {
            Some(fault) if shown == 0 => Err(fault),
            _ => Ok(gatos_values::json::encode_canonical(&visible)?),
        }
    }
}
