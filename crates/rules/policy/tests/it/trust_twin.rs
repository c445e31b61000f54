//! The slow, obvious fold of everything a version knows: plain lists of texts, rebuilt from the JSON of all documents
//! for every question.
//!
//! It takes the documents to be valid. Grants end by "drop whatever no longer rests on something, until nothing
//! changes", and what a version cuts is the difference of two states, so neither shares a path with the chain.

use std::collections::{BTreeMap, BTreeSet};

use gatos_policy::governance::{ResourcePattern, SignedDocument};
use gatos_values::roots::EMPTY_POLICY_ROOT;
use gatos_values::{Blake3Digest, Map, ResourceUri, Value, json};

#[derive(Clone)]
pub struct TwinGrant {
    pub id: String,
    fields: Value,
    key: String,
    replaced_by: Option<String>,
    pub is_live: bool,
}

#[derive(Clone, Default)]
pub struct TrustTwin {
    pub policy: String,
    pub levels: BTreeMap<String, u64>,
    pub groups: BTreeMap<String, BTreeSet<String>>,
    /// Key id to owner, live keys only.
    pub keys: BTreeMap<String, String>,
    pub namespaces: BTreeMap<String, bool>,
    pub is_creation_governed: bool,
    /// Journal to what was chosen in it: place and event.
    pub chosen: BTreeMap<String, Vec<(u64, String)>>,
    pub governors: Vec<String>,
    pub threshold: u64,
    pub grants: Vec<TwinGrant>,
}

impl TrustTwin {
    pub fn at(documents: &[SignedDocument], version: usize) -> TrustTwin {
        let mut twin = TrustTwin {
            policy: EMPTY_POLICY_ROOT.to_string(),
            ..TrustTwin::default()
        };
        for document in &documents[..=version] {
            let value = json::decode_strict(&document.bytes, usize::MAX).unwrap();
            twin.policy = text(&value, "policy_root");
            match text(&value, "kind").as_str() {
                "governance.genesis" => twin.found(&value),
                _ => list(&value, "changes")
                    .iter()
                    .for_each(|change| twin.change(change)),
            }
            twin.drop_what_rests_on_nothing();
        }
        twin
    }

    fn found(&mut self, genesis: &Value) {
        for entry in list(genesis, "actors") {
            for key in list(entry, "keys") {
                self.keys.insert(text(key, "key"), text(entry, "actor"));
            }
        }
        self.set_governors(genesis);
    }

    fn set_governors(&mut self, value: &Value) {
        self.governors = texts(value, "governors");
        self.threshold = number(value, "threshold").unwrap();
    }

    fn change(&mut self, change: &Value) {
        match text(change, "op").as_str() {
            "actor.level" => {
                let level = number(change, "level").unwrap();
                self.levels.insert(text(change, "actor"), level);
            }
            "group.set" => {
                let members = texts(change, "members").into_iter().collect();
                self.groups.insert(text(change, "group"), members);
            }
            "governors.set" => self.set_governors(change),
            "journal.choose" => {
                let choice = (number(change, "count").unwrap(), text(change, "event"));
                let journal = self.chosen.entry(text(change, "journal")).or_default();
                journal.push(choice);
            }
            "key.enrol" | "key.rotate" => {
                self.keys.insert(text(change, "key"), text(change, "actor"));
            }
            "key.revoke" => {
                self.keys.remove(&text(change, "key"));
            }
            "namespace.set" => {
                let export = change.get("export").unwrap().as_bool().unwrap();
                self.namespaces.insert(text(change, "ns"), export);
            }
            "namespace.creation" => {
                self.is_creation_governed = change.get("governed").unwrap().as_bool().unwrap();
            }
            "grant.revoke" => self.end(&text(change, "grant")),
            "grant.issue" => self.issue(change.get("grant").unwrap()),
            _ => {}
        }
    }

    fn end(&mut self, id: &str) {
        for grant in self.grants.iter_mut().filter(|grant| grant.id == id) {
            grant.is_live = false;
        }
    }

    fn issue(&mut self, signed: &Value) {
        let mut unsigned = Map::new();
        for (name, value) in signed.as_map().unwrap() {
            if name.as_str() != "sig" {
                unsigned.insert(name.clone(), value.clone());
            }
        }
        let fields = Value::Map(unsigned);
        let id = Blake3Digest::of(&json::encode_canonical(&fields).unwrap()).to_string();
        for ended in texts(&fields, "revokes") {
            self.end(&ended);
        }
        let prev = fields.get("prev").unwrap().as_str().map(str::to_owned);
        for grant in &mut self.grants {
            let is_same = |field| text(&grant.fields, field) == text(&fields, field);
            if Some(&grant.id) == prev.as_ref() && is_same("issuer") && is_same("subject") {
                grant.is_live = false;
                grant.replaced_by = Some(id.clone());
            }
        }
        let signature = gatos_values::SshSignature::from_base64_line(&text(signed, "sig")).unwrap();
        let key = signature.public.key_id().to_string();
        self.grants.push(TwinGrant {
            id,
            fields,
            key,
            replaced_by: None,
            is_live: true,
        });
    }

    fn grant(&self, id: &str) -> &TwinGrant {
        self.grants.iter().find(|grant| grant.id == id).unwrap()
    }

    /// The grant that stands in a grant's place now.
    fn now(&self, id: &str) -> &TwinGrant {
        let grant = self.grant(id);
        grant
            .replaced_by
            .as_ref()
            .map_or(grant, |next| self.now(next))
    }

    /// What a grant rests on: its `prev`, or what that rests on if it only took its place.
    fn rests_on(&self, grant: &TwinGrant) -> Option<&TwinGrant> {
        let prev = grant.fields.get("prev").unwrap().as_str()?;
        let held = self.grant(prev);
        if held.replaced_by.as_ref() == Some(&grant.id) {
            return self.rests_on(held);
        }
        Some(self.now(prev))
    }

    fn drop_what_rests_on_nothing(&mut self) {
        loop {
            let falls = |grant: &&TwinGrant| {
                let stands = self
                    .rests_on(grant)
                    .is_none_or(|held| held.is_live && !exceeds(grant, held));
                grant.is_live && !(stands && self.keys.contains_key(&grant.key))
            };
            let falling: Vec<String> = self
                .grants
                .iter()
                .filter(falls)
                .map(|grant| grant.id.clone())
                .collect();
            if falling.is_empty() {
                return;
            }
            for id in falling {
                self.end(&id);
            }
        }
    }

    pub fn level(&self, actor: &str) -> u64 {
        self.levels.get(actor).copied().unwrap_or(0)
    }

    pub fn capabilities(
        &self,
        actor: &str,
        epoch: u64,
        resource: &ResourceUri,
    ) -> BTreeSet<String> {
        let mut caps = BTreeSet::new();
        for grant in self.grants.iter().filter(|grant| grant.is_live) {
            let begun = number(&grant.fields, "not_before_epoch").unwrap() <= epoch;
            let ended = number(&grant.fields, "expires_epoch").is_some_and(|end| end <= epoch);
            let here = text(&grant.fields, "subject") == actor && pattern(grant).matches(resource);
            if begun && !ended && here {
                caps.extend(texts(&grant.fields, "caps"));
            }
        }
        caps
    }

    /// Whether the version that led from `before` to this state took something from a journal.
    pub fn took_from(&self, before: &TrustTwin, ns: &str, actor: &str, key: &str) -> bool {
        let left = |(group, members): (&String, &BTreeSet<String>)| {
            members.contains(actor) && !self.groups[group].contains(actor)
        };
        let lost = |grant: &TwinGrant| {
            let now = self.now(&grant.id);
            let narrowed = !now.is_live || exceeds(grant, now);
            grant.is_live && text(&grant.fields, "subject") == actor && narrowed
        };
        self.policy != before.policy
            || (self.is_creation_governed && !before.is_creation_governed)
            || (before.keys.contains_key(key) && !self.keys.contains_key(key))
            || self.level(actor) < before.level(actor)
            || before.groups.iter().any(left)
            || before.grants.iter().any(lost)
            || (before.namespaces.get(ns) == Some(&true) && !self.namespaces[ns])
            || {
                let kind_and_name = actor.replace(':', "/");
                let journal = format!("gatos/journal/{ns}/{kind_and_name}/{key}");
                before.chosen.get(&journal) != self.chosen.get(&journal)
            }
    }
}

/// Every event of a journal that a document names, with its place: chosen, or the last that a cut keeps.
pub fn named(document: &SignedDocument, journal: &str) -> Vec<(u64, String)> {
    let value = json::decode_strict(&document.bytes, usize::MAX).unwrap();
    let listed = |field| {
        value
            .get(field)
            .map_or(&[][..], |list| list.as_list().unwrap())
    };
    let mut found = Vec::new();
    for entry in listed("cut").iter().chain(listed("changes")) {
        if entry.get("journal").and_then(Value::as_str) == Some(journal) {
            found.push((number(entry, "count").unwrap(), text(entry, "event")));
        }
    }
    found
}

/// What a version's document keeps of a journal.
pub fn kept(document: &SignedDocument, journal: &str) -> u64 {
    let value = json::decode_strict(&document.bytes, usize::MAX).unwrap();
    let entries = value
        .get("cut")
        .map_or(&[][..], |cut| cut.as_list().unwrap());
    let entry = entries
        .iter()
        .find(|entry| text(entry, "journal") == journal);
    entry.map_or(0, |entry| number(entry, "count").unwrap())
}

fn exceeds(grant: &TwinGrant, held: &TwinGrant) -> bool {
    let end = |grant: &TwinGrant| number(&grant.fields, "expires_epoch").unwrap_or(u64::MAX);
    let start = |grant: &TwinGrant| number(&grant.fields, "not_before_epoch").unwrap();
    let has = texts(&held.fields, "caps");
    !texts(&grant.fields, "caps")
        .iter()
        .all(|cap| has.contains(cap))
        || !pattern(grant).is_within(&pattern(held))
        || start(grant) < start(held)
        || end(grant) > end(held)
}

fn pattern(grant: &TwinGrant) -> ResourcePattern {
    text(&grant.fields, "resource").parse().unwrap()
}

fn text(value: &Value, field: &str) -> String {
    value.get(field).and_then(Value::as_str).unwrap().to_owned()
}

fn texts(value: &Value, field: &str) -> Vec<String> {
    list(value, field)
        .iter()
        .map(|item| item.as_str().unwrap().to_owned())
        .collect()
}

fn number(value: &Value, field: &str) -> Option<u64> {
    value
        .get(field)?
        .as_integer()
        .map(|integer| integer.try_into().unwrap())
}

fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value.get(field).and_then(Value::as_list).unwrap()
}
