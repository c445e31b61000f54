//! The slow twin of `gatos-fold`: each kind read off the set of all events, plainly and quadratically.
//!
//! It shares nothing with the real engine but the value model: it interprets the value of a `.rgf` directly, has its
//! own queries, patterns, sums and file names, keeps no state between events, and knows no joins. It trusts that the
//! fold is valid. Where the two differ, one of them is wrong.
//!
//! TWIN: kinds — `gatos-fold`'s `state/kinds.rs`, `emit.rs`, `path.rs`.

use gatos_values::{Blake3Digest, EventId, Fixed, Map, Text, Ulid, Value, cbor, json};
use std::collections::{BTreeMap, BTreeSet};

/// An event as the twin sees it.
#[derive(Clone, Debug)]
pub struct TwinEvent {
    /// The event's id.
    pub id: EventId,
    /// The event's ULID.
    pub ulid: Ulid,
    /// The event's type.
    pub event_type: String,
    /// The event's actor.
    pub actor: String,
    /// The journal it stands in.
    pub journal: String,
    /// Its place in that journal, from 1.
    pub position: u64,
    /// Its payload.
    pub payload: Value,
}

/// What a run over all events gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TwinOutcome {
    /// State files by path.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Events that did not fit, by reducer; zeros left out.
    pub skipped: BTreeMap<String, u64>,
}

/// Runs a compiled fold over all events, in whatever order they are given. `None` where a total is out of range.
///
/// # Panics
/// If `rgf` is not a valid fold.
#[must_use]
pub fn fold(rgf: &[u8], events: &[TwinEvent]) -> Option<TwinOutcome> {
    let rgf = cbor::decode(rgf, usize::MAX).expect("a valid fold");
    let mut events: Vec<&TwinEvent> = events.iter().collect();
    events.sort_by_key(|event| (event.ulid, event.id));
    let mut results = BTreeMap::new();
    let mut skipped = BTreeMap::new();
    for reducer in list(&rgf, "code") {
        let name = text(reducer, "name").to_owned();
        let (facts, skipped_before) = facts(reducer, &events);
        let result = result(reducer, &facts);
        let count = skipped_before + result.skipped;
        if count > 0 {
            skipped.insert(name.clone(), count);
        }
        results.insert(name, (reducer, result.shown));
    }
    let mut files = BTreeMap::new();
    for emit in list(&rgf, "emit") {
        let (reducer, shown) = &results[text(emit, "from")];
        files.extend(emit_files(emit, reducer, shown.as_ref())?);
    }
    Some(TwinOutcome { files, skipped })
}

/// One event, or one element of its list, that a reducer looks at.
#[derive(Clone, Copy)]
struct Fact<'a> {
    event: &'a TwinEvent,
    element: Option<&'a Value>,
    index: usize,
}

impl<'a> Fact<'a> {
    fn stamp(&self) -> (Ulid, EventId, usize) {
        (self.event.ulid, self.event.id, self.index)
    }

    fn find(&self, query: &str) -> Option<&'a Value> {
        let start = if query.starts_with('@') {
            self.element?
        } else {
            &self.event.payload
        };
        steps(&query[1..])
            .into_iter()
            .try_fold(start, |value, step| match (step, value) {
                (Step::Name(name), Value::Map(map)) => map.get(&name),
                (Step::Index(index), Value::List(items)) => {
                    let from_start = if index < 0 {
                        index + items.len() as i64
                    } else {
                        index
                    };
                    usize::try_from(from_start)
                        .ok()
                        .and_then(|index| items.get(index))
                }
                _ => None,
            })
    }

    fn select(&self, selector: &str) -> Option<Value> {
        let own = |text: String| Value::text(&text).ok();
        match selector {
            "event.type" => own(self.event.event_type.clone()),
            "event.actor" => own(self.event.actor.clone()),
            "event.ulid" => own(self.event.ulid.to_string()),
            "event.id" => own(self.event.id.to_string()),
            query => self.find(query).cloned(),
        }
    }

    fn key(&self, shape: &Value) -> Option<String> {
        match self.select(text(shape, "key"))? {
            Value::Text(text) => Some(text.into_string()),
            Value::Integer(integer) => Some(integer.to_string()),
            _ => None,
        }
    }

    fn value(&self, source: &Value) -> Option<Value> {
        match source {
            Value::Text(selector) => self.select(selector),
            Value::Map(fields) => {
                let mut map = Map::new();
                for (name, selector) in fields {
                    if let Some(value) = self.select(selector.as_str().expect("a selector")) {
                        map.insert(name.clone(), value);
                    }
                }
                Some(map.into())
            }
            _ => panic!("no source"),
        }
    }
}

enum Step {
    Name(String),
    Index(i64),
}

/// The steps of a normalized path such as `['a'][0]`.
fn steps(path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix("['") {
            let mut name = String::new();
            let mut characters = quoted.char_indices();
            let end = loop {
                match characters.next().expect("a closing quote") {
                    (at, '\'') => break at,
                    (_, '\\') => match characters.next().expect("an escape").1 {
                        'b' => name.push('\u{8}'),
                        't' => name.push('\t'),
                        'n' => name.push('\n'),
                        'f' => name.push('\u{c}'),
                        'r' => name.push('\r'),
                        'u' => {
                            let digits: String = characters
                                .by_ref()
                                .take(4)
                                .map(|(_, digit)| digit)
                                .collect();
                            let code = u32::from_str_radix(&digits, 16).expect("hex");
                            name.push(char::from_u32(code).expect("a character"));
                        }
                        other => name.push(other),
                    },
                    (_, other) => name.push(other),
                }
            };
            steps.push(Step::Name(name));
            rest = quoted[end + 1..].strip_prefix(']').expect("a bracket");
        } else {
            let (index, after) = rest[1..].split_once(']').expect("a bracket");
            steps.push(Step::Index(index.parse().expect("an index")));
            rest = after;
        }
    }
    steps
}

/// The facts a reducer looks at, and how many events could not even be taken apart.
fn facts<'a>(reducer: &Value, events: &[&'a TwinEvent]) -> (Vec<Fact<'a>>, u64) {
    let mut facts = Vec::new();
    let mut skipped = 0;
    let (of_event, of_element): (Vec<&Value>, Vec<&Value>) = list(reducer, "where")
        .iter()
        .partition(|condition| !subject(condition).starts_with('@'));
    for event in events {
        let whole = Fact {
            event,
            element: None,
            index: 0,
        };
        if !of_event.iter().all(|condition| holds(condition, &whole)) {
            continue;
        }
        if event.payload.depth() > 100 {
            skipped += 1;
            continue;
        }
        let Some(each) = reducer.get("each").and_then(Value::as_str) else {
            facts.push(whole);
            continue;
        };
        let Some(Value::List(items)) = whole.find(each) else {
            skipped += 1;
            continue;
        };
        for (index, element) in items.iter().enumerate() {
            let fact = Fact {
                event,
                element: Some(element),
                index,
            };
            if of_element.iter().all(|condition| holds(condition, &fact)) {
                facts.push(fact);
            }
        }
    }
    (facts, skipped)
}

fn subject(condition: &Value) -> &str {
    condition.as_list().expect("a condition")[0]
        .as_str()
        .expect("a subject")
}

fn holds_all(conditions: &Value, fact: &Fact<'_>) -> bool {
    conditions
        .as_list()
        .expect("conditions")
        .iter()
        .all(|condition| holds(condition, fact))
}

fn holds(condition: &Value, fact: &Fact<'_>) -> bool {
    let parts = condition.as_list().expect("a condition");
    let (comparison, operand) = (parts[1].as_str().expect("a comparison"), &parts[2]);
    let matches = |separator, name: &str| {
        let patterns = operand.as_list().expect("patterns").iter();
        patterns
            .filter_map(Value::as_str)
            .any(|pattern| glob_matches(pattern, name, separator))
    };
    match subject(condition) {
        "type" => return matches('.', &fact.event.event_type),
        "actor" => return matches(':', &fact.event.actor),
        _ => {}
    }
    let found = fact.find(subject(condition));
    if comparison == "exists" {
        return Value::Bool(found.is_some()) == *operand;
    }
    let Some(value) = found else { return false };
    let comparable = matches!((value, operand), (Value::Text(_), Value::Text(_)))
        || (value.as_number().is_some() && operand.as_number().is_some());
    match comparison {
        "==" => value == operand,
        "!=" => value != operand,
        "in" => operand.as_list().expect("choices").contains(value),
        "<" => comparable && value < operand,
        "<=" => comparable && value <= operand,
        ">" => comparable && value > operand,
        ">=" => comparable && value >= operand,
        other => panic!("no comparison {other}"),
    }
}

fn glob_matches(pattern: &str, text: &str, separator: char) -> bool {
    let pattern: Vec<&str> = pattern.split(separator).collect();
    let text: Vec<&str> = text.split(separator).collect();
    segments_match(&pattern, &text)
}

fn segments_match(pattern: &[&str], text: &[&str]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        (["**", rest @ ..], text) => {
            (0..=text.len()).any(|taken| segments_match(rest, &text[taken..]))
        }
        ([first, rest @ ..], [segment, text @ ..]) => {
            characters_match(first.as_bytes(), segment.as_bytes()) && segments_match(rest, text)
        }
        _ => false,
    }
}

fn characters_match(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        ([b'*', rest @ ..], text) => {
            (0..=text.len()).any(|taken| characters_match(rest, &text[taken..]))
        }
        ([a, rest @ ..], [b, text @ ..]) => a == b && characters_match(rest, text),
        _ => false,
    }
}

/// What one kind makes of its facts.
struct Outcome {
    /// `None` if no event left a trace: then a `map-join` around it has no such key.
    shown: Option<Shown>,
    skipped: u64,
}

/// A result before it is written.
#[derive(Clone)]
enum Shown {
    Value(Value),
    /// A total, which may have no form.
    Total(Option<Value>),
    Keyed(BTreeMap<String, Shown>),
    Elements(Vec<Value>),
}

fn result(shape: &Value, facts: &[Fact<'_>]) -> Outcome {
    match text(shape, "kind") {
        "map-join-lww" => map_join_lww(shape, facts),
        "map-join" => by_key(shape, facts, |facts| result(field(shape, "value"), facts)),
        "lww" => with_values(shape, facts, |values| {
            let last = values.into_iter().max_by_key(|(fact, _)| fact.stamp());
            last.map(|(_, value)| Shown::Value(value))
        }),
        "max" => with_values(shape, facts, |values| {
            values
                .into_iter()
                .map(|(_, value)| value)
                .max()
                .map(Shown::Value)
        }),
        "min" => with_values(shape, facts, |values| {
            values
                .into_iter()
                .map(|(_, value)| value)
                .min()
                .map(Shown::Value)
        }),
        "counter-g" | "counter-pn" => sum(facts, |fact| counter_amount(shape, fact)),
        "count-by" => by_key(shape, facts, |facts| {
            sum(facts, |_| Some(Some(Value::from(1_u8))))
        }),
        "sum-by" => by_key(shape, facts, |facts| {
            sum(facts, |fact| {
                let found = fact.find(text(shape, "value"))?;
                found.as_number()?;
                Some(Some(found.clone()))
            })
        }),
        "list-append" => with_values(shape, facts, |values| {
            let values: Vec<Value> = values.into_iter().map(|(_, value)| value).collect();
            (!values.is_empty()).then_some(Shown::Elements(values))
        }),
        kind => set(kind, shape, facts),
    }
}

fn with_values<'a>(
    shape: &Value,
    facts: &[Fact<'a>],
    combine: impl Fn(Vec<(Fact<'a>, Value)>) -> Option<Shown>,
) -> Outcome {
    let source = field(shape, "value");
    let found = facts
        .iter()
        .filter_map(|fact| Some((*fact, fact.value(source)?)));
    let values: Vec<(Fact<'a>, Value)> = found.collect();
    let skipped = (facts.len() - values.len()) as u64;
    Outcome {
        shown: combine(values),
        skipped,
    }
}

fn by_key<'a>(
    shape: &Value,
    facts: &[Fact<'a>],
    inner: impl Fn(&[Fact<'a>]) -> Outcome,
) -> Outcome {
    let keys: BTreeSet<String> = facts.iter().filter_map(|fact| fact.key(shape)).collect();
    let mut skipped = facts
        .iter()
        .filter(|fact| fact.key(shape).is_none())
        .count() as u64;
    let mut shown = BTreeMap::new();
    for key in keys {
        let of_key: Vec<Fact<'a>> = facts
            .iter()
            .copied()
            .filter(|fact| fact.key(shape).as_ref() == Some(&key))
            .collect();
        let outcome = inner(&of_key);
        skipped += outcome.skipped;
        if let Some(inner) = outcome.shown {
            shown.insert(key, inner);
        }
    }
    Outcome {
        shown: (!shown.is_empty()).then_some(Shown::Keyed(shown)),
        skipped,
    }
}

fn map_join_lww(shape: &Value, facts: &[Fact<'_>]) -> Outcome {
    let by_field = text(shape, "granularity") == "field";
    let deletes = |fact: &Fact<'_>| {
        shape
            .get("delete")
            .and_then(|delete| delete.get("where"))
            .is_some_and(|conditions| holds_all(conditions, fact))
    };
    let mut left_trace = false;
    let mut outcome = by_key(shape, facts, |facts| {
        let tombstone = facts
            .iter()
            .filter(|fact| deletes(fact))
            .map(Fact::stamp)
            .max();
        let mut skipped = 0;
        let mut writes: Vec<(Fact<'_>, Value)> = Vec::new();
        for fact in facts.iter().filter(|fact| !deletes(fact)) {
            match fact.value(field(shape, "value")) {
                Some(value) if !by_field || value.as_map().is_some() => writes.push((*fact, value)),
                _ => skipped += 1,
            }
        }
        let is_live = |fact: &Fact<'_>| Some(fact.stamp()) > tombstone;
        let shown = if by_field {
            latest_fields(&writes, is_live)
        } else {
            latest_entry(&writes, is_live)
        };
        Outcome { shown, skipped }
    });
    // A key that shows nothing any more still is a trace, where something was written or deleted.
    for fact in facts {
        let writes = fact
            .key(shape)
            .and_then(|_| fact.value(field(shape, "value")));
        let writes = writes
            .is_some_and(|value| !by_field || value.as_map().is_some_and(|map| !map.is_empty()));
        left_trace |= fact.key(shape).is_some() && (deletes(fact) || writes);
    }
    if left_trace && outcome.shown.is_none() {
        outcome.shown = Some(Shown::Keyed(BTreeMap::new()));
    }
    outcome
}

fn latest_fields(
    writes: &[(Fact<'_>, Value)],
    is_live: impl Fn(&Fact<'_>) -> bool,
) -> Option<Shown> {
    let names: BTreeSet<Text> = writes
        .iter()
        .flat_map(|(_, value)| value.as_map().expect("a map").keys().cloned())
        .collect();
    let mut map = Map::new();
    for name in names {
        let latest = writes
            .iter()
            .filter(|(_, value)| value.get(&name).is_some())
            .max_by_key(|(fact, _)| fact.stamp());
        if let Some((fact, value)) = latest
            && is_live(fact)
        {
            map.insert(name.clone(), value.get(&name).expect("filtered").clone());
        }
    }
    (!map.is_empty()).then_some(Shown::Value(map.into()))
}

fn latest_entry(
    writes: &[(Fact<'_>, Value)],
    is_live: impl Fn(&Fact<'_>) -> bool,
) -> Option<Shown> {
    let (fact, value) = writes.iter().max_by_key(|(fact, _)| fact.stamp())?;
    is_live(fact).then(|| Shown::Value(value.clone()))
}

/// `None`: does not fit. `Some(None)`: does nothing. Else the signed amount.
#[allow(clippy::option_option)]
fn counter_amount(shape: &Value, fact: &Fact<'_>) -> Option<Option<Value>> {
    let amount = |operation: &Value| {
        let amount = match field(operation, "value") {
            Value::Text(query) => fact.find(query)?.clone(),
            constant => constant.clone(),
        };
        (amount.as_number().is_some() && amount >= Value::from(0_u8)).then_some(amount)
    };
    if let Some(dec) = shape.get("dec")
        && holds_all(field(dec, "where"), fact)
    {
        let number = amount(dec)?.as_number().expect("checked");
        return Some(Some(number.checked_neg().expect("not negative").into()));
    }
    let inc = field(shape, "inc");
    if holds_all(field(inc, "where"), fact) {
        amount(inc).map(Some)
    } else {
        Some(None)
    }
}

/// Sums journal by journal; an amount that takes its journal out of range is left out.
#[allow(clippy::option_option)]
fn sum<'a>(facts: &[Fact<'a>], amount: impl Fn(&Fact<'a>) -> Option<Option<Value>>) -> Outcome {
    let mut skipped = 0;
    let mut total = Wide::default();
    let mut any = false;
    let journals: BTreeSet<&str> = facts
        .iter()
        .map(|fact| fact.event.journal.as_str())
        .collect();
    for journal in journals {
        let mut of_journal: Vec<&Fact<'a>> = facts
            .iter()
            .filter(|fact| fact.event.journal == journal)
            .collect();
        of_journal.sort_by_key(|fact| (fact.event.position, fact.index));
        let mut component = Wide::default();
        for fact in of_journal {
            match amount(fact) {
                None => skipped += 1,
                Some(None) => {}
                Some(Some(value)) => {
                    let next = component.plus(Wide::of(&value));
                    if next.floor().is_some() {
                        component = next;
                        any = true;
                    } else {
                        skipped += 1;
                    }
                }
            }
        }
        total = total.plus(component);
    }
    Outcome {
        shown: any.then(|| Shown::Total(total.to_value())),
        skipped,
    }
}

/// A 256-bit two's complement count of 2^−32 steps, least word first.
#[derive(Clone, Copy, Default)]
struct Wide([u32; 8]);

impl Wide {
    fn of(number: &Value) -> Wide {
        let (floor, fraction) = match number {
            Value::Integer(floor) => (*floor, 0),
            Value::Fixed(fixed) => (fixed.steps() >> 32, fixed.steps() as u32),
            _ => panic!("no number"),
        };
        let sign = if floor < 0 { u32::MAX } else { 0 };
        let word = |index: u32| (floor >> (32 * index)) as u32;
        Wide([
            fraction,
            word(0),
            word(1),
            word(2),
            word(3),
            sign,
            sign,
            sign,
        ])
    }

    fn plus(self, other: Wide) -> Wide {
        let mut words = [0; 8];
        let mut carry = 0_u64;
        for (index, word) in words.iter_mut().enumerate() {
            let sum = u64::from(self.0[index]) + u64::from(other.0[index]) + carry;
            *word = sum as u32;
            carry = sum >> 32;
        }
        Wide(words)
    }

    /// The integer part, if it is a 128-bit integer.
    fn floor(self) -> Option<i128> {
        let floor = (1..=4).rev().fold(0_u128, |floor, index| {
            (floor << 32) | u128::from(self.0[index])
        }) as i128;
        let sign = if floor < 0 { u32::MAX } else { 0 };
        self.0[5..]
            .iter()
            .all(|word| *word == sign)
            .then_some(floor)
    }

    fn to_value(self) -> Option<Value> {
        let floor = self.floor()?;
        if self.0[0] == 0 {
            return Some(Value::Integer(floor));
        }
        let steps = floor
            .checked_mul(1 << 32)?
            .checked_add(i128::from(self.0[0]))?;
        Some(Value::fixed(Fixed::from_steps(steps)))
    }
}

fn set(kind: &str, shape: &Value, facts: &[Fact<'_>]) -> Outcome {
    let mut skipped = 0;
    let mut adds: Vec<(Fact<'_>, Value)> = Vec::new();
    let mut removes: Vec<(Fact<'_>, Value)> = Vec::new();
    let mut removed_events: BTreeSet<EventId> = BTreeSet::new();
    for fact in facts {
        let remove = shape
            .get("remove")
            .filter(|remove| holds_all(field(remove, "where"), fact));
        let add = field(shape, "add");
        if let Some(remove) = remove {
            match (kind, field(remove, "value")) {
                ("set-or", query) => match event_ids(fact, query.as_str().expect("a query")) {
                    Some(ids) => removed_events.extend(ids),
                    None => skipped += 1,
                },
                (_, source) => match fact.value(source) {
                    Some(value) => removes.push((*fact, value)),
                    None => skipped += 1,
                },
            }
        } else if holds_all(field(add, "where"), fact) {
            match fact.value(field(add, "value")) {
                Some(value) => adds.push((*fact, value)),
                None => skipped += 1,
            }
        }
    }
    let any = !adds.is_empty() || !removes.is_empty() || !removed_events.is_empty();
    let is_present = |value: &Value| {
        let latest = |list: &[(Fact<'_>, Value)]| {
            list.iter()
                .filter(|(_, other)| other == value)
                .map(|(fact, _)| fact.stamp())
                .max()
        };
        match kind {
            "set-g" => true,
            "set-2p" => latest(&removes).is_none(),
            "set-lww" => latest(&adds) > latest(&removes),
            "set-or" => adds
                .iter()
                .any(|(fact, other)| other == value && !removed_events.contains(&fact.event.id)),
            other => panic!("no kind {other}"),
        }
    };
    let values: BTreeSet<Value> = adds.iter().map(|(_, value)| value.clone()).collect();
    let present = values.into_iter().filter(is_present).collect();
    Outcome {
        shown: any.then_some(Shown::Elements(present)),
        skipped,
    }
}

fn event_ids(fact: &Fact<'_>, query: &str) -> Option<Vec<EventId>> {
    let parse = |value: &Value| EventId::parse(value.as_str()?).ok();
    match fact.find(query)? {
        Value::List(items) => items.iter().map(parse).collect(),
        one => Some(vec![parse(one)?]),
    }
}

/// The files of one emission; `None` where a total is out of range.
fn emit_files(
    emit: &Value,
    shape: &Value,
    shown: Option<&Shown>,
) -> Option<BTreeMap<String, Vec<u8>>> {
    let shown = shown.cloned().unwrap_or_else(|| nothing(shape));
    let (path, as_lines) = (text(emit, "path"), text(emit, "format") == "jsonl");
    let mut files = BTreeMap::new();
    if field(emit, "split").is_null() {
        files.insert(
            path.to_owned(),
            if as_lines {
                lines(&shown)?
            } else {
                document(&shown)?
            },
        );
        return Some(files);
    }
    let Shown::Keyed(entries) = shown else {
        panic!("nothing to split by")
    };
    for (key, shown) in entries {
        let bytes = if as_lines {
            lines(&shown)?
        } else {
            document(&shown)?
        };
        files.insert(split_path(path, &key), bytes);
    }
    Some(files)
}

/// What a kind shows before any event.
fn nothing(shape: &Value) -> Shown {
    match text(shape, "kind") {
        "map-join-lww" | "map-join" | "count-by" | "sum-by" => Shown::Keyed(BTreeMap::new()),
        "lww" | "max" | "min" => Shown::Value(Value::Null),
        "counter-g" | "counter-pn" => Shown::Total(Some(Value::from(0_u8))),
        _ => Shown::Elements(Vec::new()),
    }
}

fn plain(shown: &Shown) -> Option<Value> {
    match shown {
        Shown::Value(value) => Some(value.clone()),
        Shown::Total(total) => total.clone(),
        Shown::Elements(values) => Some(Value::List(values.clone())),
        Shown::Keyed(entries) => {
            let mut map = Map::new();
            for (key, shown) in entries {
                map.insert(Text::new(key).expect("text"), plain(shown)?);
            }
            Some(map.into())
        }
    }
}

fn document(shown: &Shown) -> Option<Vec<u8>> {
    Some(json::encode_canonical(&plain(shown)?).expect("JSON"))
}

fn lines(shown: &Shown) -> Option<Vec<u8>> {
    let values: Vec<Value> = match shown {
        Shown::Elements(values) => values.clone(),
        Shown::Keyed(entries) => {
            let line = |(key, shown): (&String, &Shown)| {
                let key = Text::new(key).expect("text");
                Some(
                    Map::new()
                        .with("key", key)
                        .with("value", plain(shown)?)
                        .into(),
                )
            };
            entries.iter().map(line).collect::<Option<_>>()?
        }
        _ => panic!("no lines"),
    };
    let mut bytes = Vec::new();
    for value in values {
        bytes.extend(json::encode_canonical(&value).expect("JSON"));
        bytes.push(b'\n');
    }
    Some(bytes)
}

fn split_path(path: &str, key: &str) -> String {
    let is_plain = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-'
    };
    let escape = |byte: u8| {
        if is_plain(byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    let mut name: String = key.bytes().map(escape).collect();
    if name.is_empty() || name.len() > 100 {
        let digest = Blake3Digest::of(key.as_bytes()).to_hex();
        name = format!("{}~{}", &name[..name.len().min(60)], &digest[..32]);
    }
    let whole = path.replace("{key}", &name);
    let stem = whole
        .rsplit('/')
        .next()
        .and_then(|file| file.split('.').next())
        .unwrap_or_default()
        .to_uppercase();
    let numbered = ["COM", "LPT"].iter().any(|device| {
        stem.strip_prefix(device)
            .is_some_and(|rest| rest.len() == 1 && rest.as_bytes()[0].is_ascii_digit())
    });
    if numbered || ["CON", "PRN", "AUX", "NUL"].contains(&stem.as_str()) {
        let escaped = format!("%{:02X}{}", name.as_bytes()[0], &name[1..]);
        return path.replace("{key}", &escaped);
    }
    whole
}

fn field<'a>(value: &'a Value, name: &str) -> &'a Value {
    value.get(name).expect("a field of a valid fold")
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    field(value, name).as_str().expect("text in a valid fold")
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    field(value, name)
        .as_list()
        .expect("a list in a valid fold")
}
