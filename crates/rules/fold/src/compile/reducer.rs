//! `reducers`: kinds, their fields, and where their keys and values come from.
//!
//! TWIN: kinds — `ir::Shape`, `ir/value.rs`, `state/kinds.rs`, `docs/guide/folds.md`.

use super::fields::Fields;
use super::{Compiler, REDUCER_COUNT_MAX};
use crate::ir::{Amount, Attribute, End, Granularity, Operation, Reducer, Selector, Shape, Source};
use crate::query::{Query, Root};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use gatos_numbers::Number;
use gatos_values::Text;
use gatos_yaml::{Data, Finding, Node, Position};

/// Most levels of `map-join` in one reducer.
pub const NESTING_MAX: usize = 8;

/// Most fields in an object that a reducer builds.
const OBJECT_FIELD_COUNT_MAX: usize = 256;

/// Longest name of a reducer, in bytes.
const NAME_SIZE_MAX: usize = 64;

/// Keys of a reducer of any kind, outside its kind.
const COMMON_KEYS: &[&str] = &["kind", "name", "where", "each"];

/// Every kind with the keys it has besides the common ones.
const KINDS: &[(&str, &[&str])] = &[
    ("map-join-lww", &["key", "value", "granularity", "delete"]),
    ("map-join", &["key", "value"]),
    ("lww", &["value"]),
    ("max", &["value"]),
    ("min", &["value"]),
    ("counter-g", &["value", "inc"]),
    ("counter-pn", &["value", "inc", "dec"]),
    ("count-by", &["key"]),
    ("sum-by", &["key", "value"]),
    ("set-g", &["value", "add"]),
    ("set-2p", &["value", "add", "remove"]),
    ("set-or", &["value", "add", "remove"]),
    ("set-lww", &["value", "add", "remove"]),
    ("list-append", &["value"]),
];

/// What queries may refer to at a place of the source.
#[derive(Clone, Copy)]
pub(super) struct Scope {
    /// Whether `@` means something: the reducer has `each`.
    has_element: bool,
}

/// All reducers of a source in source order, the ones with mistakes included, so that `from` can name them.
pub(super) struct Reducers(Vec<Listed>);

struct Listed {
    place: Position,
    name: Text,
    reducer: Option<Reducer>,
}

impl Reducers {
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    pub(super) fn names(&self) -> Vec<&str> {
        self.0.iter().map(|listed| listed.name.as_str()).collect()
    }

    pub(super) fn places(&self) -> impl Iterator<Item = (usize, &Text, Position)> {
        self.0
            .iter()
            .enumerate()
            .map(|(index, listed)| (index, &listed.name, listed.place))
    }

    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.0
            .iter()
            .position(|listed| listed.name.as_str() == name)
    }

    pub(super) fn shape(&self, index: usize) -> Option<&Shape> {
        self.0
            .get(index)?
            .reducer
            .as_ref()
            .map(|reducer| &reducer.shape)
    }

    pub(super) fn into_reducers(self) -> Option<Vec<Reducer>> {
        self.0.into_iter().map(|listed| listed.reducer).collect()
    }
}

impl Compiler {
    pub(super) fn reducers(&mut self, node: &Node) -> Option<Reducers> {
        let items = self.list(node, "reducers", REDUCER_COUNT_MAX)?;
        let mut listed: Vec<Listed> = Vec::new();
        for item in items {
            let next = self.listed(item);
            if let Some(other) = listed.iter().find(|other| other.name == next.name) {
                let message = format!(
                    "two reducers are called `{}` (the other in line {})",
                    next.name, other.place.line
                );
                let hint = "give each a `name:` of its own";
                let finding = Finding::error(next.place, "duplicate", message, hint);
                self.findings.push(finding.with_related(other.place));
            }
            listed.push(next);
        }
        Some(Reducers(listed))
    }

    fn listed(&mut self, node: &Node) -> Listed {
        let place = node.position;
        let Some(fields) = Fields::open_unchecked(self, node, "a reducer") else {
            return Listed {
                place,
                name: Text::from_ascii("?"),
                reducer: None,
            };
        };
        let kind = fields.get("kind").and_then(|node| match &node.data {
            Data::Text(kind) => Some(kind.clone()),
            _ => None,
        });
        let given = fields.get("name").map(|node| self.reducer_name(node));
        let name = given
            .clone()
            .flatten()
            .or(kind)
            .unwrap_or_else(|| Text::from_ascii("?"));
        let reducer = self
            .reducer(&fields, name.clone())
            .filter(|_| given != Some(None));
        Listed {
            place,
            name,
            reducer,
        }
    }

    fn reducer_name(&mut self, node: &Node) -> Option<Text> {
        let name = self.text(node, "name")?;
        let allowed = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-')
        };
        if name.is_empty() || name.len() > NAME_SIZE_MAX || !name.bytes().all(allowed) {
            let message = format!("`{name}` is no name for a reducer");
            let hint = format!("use 1 to {NAME_SIZE_MAX} lower-case letters, digits, `_` and `-`");
            self.error(node.position, "bad-name", message, hint);
            return None;
        }
        Some(name.clone())
    }

    fn reducer(&mut self, fields: &Fields<'_>, name: Text) -> Option<Reducer> {
        let each = fields
            .get("each")
            .map(|node| self.query(node, Scope { has_element: false }));
        let scope = Scope {
            has_element: each.is_some(),
        };
        let conditions = match fields.get("where") {
            None => Some(Vec::new()),
            Some(node) => self.conditions(node, scope),
        };
        let shape = self.shape(fields, scope, COMMON_KEYS, 1);
        Some(Reducer {
            name,
            each: super::transpose(each)?,
            conditions: conditions?,
            shape: shape?,
        })
    }

    fn shape(
        &mut self,
        fields: &Fields<'_>,
        scope: Scope,
        common: &[&str],
        level: usize,
    ) -> Option<Shape> {
        let kind = self.kind(fields)?;
        let own = KINDS
            .iter()
            .find(|(name, _)| *name == kind)
            .map_or(&[][..], |(_, own)| own);
        fields.check_keys(self, &[common, own].concat());
        match kind {
            "map-join-lww" => self.map_lww(fields, scope),
            "map-join" => self.map_join(fields, scope, level),
            "lww" => Some(Shape::Lww {
                value: self.required_source(fields, scope)?,
            }),
            "max" => Some(Shape::Extreme {
                end: End::Greatest,
                value: self.required_source(fields, scope)?,
            }),
            "min" => Some(Shape::Extreme {
                end: End::Least,
                value: self.required_source(fields, scope)?,
            }),
            "counter-g" | "counter-pn" => self.counter(fields, scope, kind == "counter-pn"),
            "count-by" => Some(Shape::CountBy {
                key: self.key(fields, scope)?,
            }),
            "sum-by" => self.sum_by(fields, scope),
            "set-g" => Some(Shape::SetGrow {
                add: self.add(fields, scope)?,
            }),
            "set-or" => self.set_observed(fields, scope),
            "set-2p" | "set-lww" => self.set(fields, scope, kind == "set-2p"),
            _ => Some(Shape::List {
                value: self.required_source(fields, scope)?,
            }),
        }
    }

    /// The kind, if it is one of [`KINDS`].
    fn kind(&mut self, fields: &Fields<'_>) -> Option<&'static str> {
        let node = fields.require(self, "kind")?;
        let kind = self.text(node, "kind")?;
        if kind.as_str() == "graph" {
            let message = "`graph` reducers come with a later version".to_string();
            self.error(
                node.position,
                "unsupported",
                message,
                "keep nodes and edges in two `map-join-lww` reducers",
            );
            return None;
        }
        let known: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
        let found = KINDS
            .iter()
            .find(|(name, _)| *name == kind.as_str())
            .map(|(name, _)| *name);
        if found.is_none() {
            let message = format!("unknown kind `{kind}`");
            self.unknown(node.position, "unknown-kind", message, kind, &known);
        }
        found
    }

    fn map_lww(&mut self, fields: &Fields<'_>, scope: Scope) -> Option<Shape> {
        let key = self.key(fields, scope);
        let root = if scope.has_element {
            Root::Element
        } else {
            Root::Payload
        };
        let value = match fields.get("value") {
            None => Some(Source::One(Selector::Query(Query::whole(root)))),
            Some(node) => self.source(node, scope),
        };
        let granularity = match fields.get("granularity") {
            None => Some(Granularity::Field),
            Some(node) => self.granularity(node),
        };
        let delete = fields.get("delete").map(|node| self.delete(node, scope));
        let delete = super::transpose(delete);
        Some(Shape::MapLww {
            key: key?,
            value: value?,
            granularity: granularity?,
            delete: delete?,
        })
    }

    fn granularity(&mut self, node: &Node) -> Option<Granularity> {
        match self.text(node, "granularity")?.as_str() {
            "field" => Some(Granularity::Field),
            "entry" => Some(Granularity::Entry),
            other => {
                let message = format!("unknown granularity `{other}`");
                self.error(
                    node.position,
                    "wrong-type",
                    message,
                    "write `field` or `entry`",
                );
                None
            }
        }
    }

    fn delete(&mut self, node: &Node, scope: Scope) -> Option<Vec<crate::ir::Condition>> {
        let fields = Fields::open(self, node, "`delete`", &["where"])?;
        let conditions = fields.require(self, "where")?;
        self.conditions(conditions, scope)
    }

    fn map_join(&mut self, fields: &Fields<'_>, scope: Scope, level: usize) -> Option<Shape> {
        let key = self.key(fields, scope);
        let node = fields.require(self, "value")?;
        if !matches!(node.data, Data::Map(_)) {
            let message = format!(
                "`value` of `map-join` must be a nested kind, not {}",
                node.data.kind()
            );
            let hint = "write `value: {kind: max, value: \"$.x\"}`, or use `map-join-lww` for last-writer values";
            self.error(node.position, "wrong-type", message, hint);
            return None;
        }
        if level >= NESTING_MAX {
            let message = format!("kinds are nested deeper than {NESTING_MAX} levels");
            self.error(
                node.position,
                "too-deep",
                message,
                "use fewer levels of keys",
            );
            return None;
        }
        let nested = Fields::open_unchecked(self, node, "a nested kind")?;
        let value = self.shape(&nested, scope, &["kind"], level + 1);
        Some(Shape::MapJoin {
            key: key?,
            value: Box::new(value?),
        })
    }

    fn counter(&mut self, fields: &Fields<'_>, scope: Scope, has_dec: bool) -> Option<Shape> {
        let amount = match fields.get("value") {
            None => Some(Amount::Constant(Number::Integer(1))),
            Some(node) => self.amount(node, scope),
        };
        let inc = self.operation(fields, "inc", scope, amount.clone(), Compiler::amount);
        let dec = if has_dec {
            fields.require(self, "dec")?;
            Some(self.operation(fields, "dec", scope, amount, Compiler::amount)?)
        } else {
            None
        };
        Some(Shape::Counter { inc: inc?, dec })
    }

    fn sum_by(&mut self, fields: &Fields<'_>, scope: Scope) -> Option<Shape> {
        let key = self.key(fields, scope);
        let value = fields
            .require(self, "value")
            .and_then(|node| self.query(node, scope));
        Some(Shape::SumBy {
            key: key?,
            value: value?,
        })
    }

    fn set(&mut self, fields: &Fields<'_>, scope: Scope, two_phase: bool) -> Option<Shape> {
        let add = self.add(fields, scope);
        fields.require(self, "remove")?;
        let value = fields
            .get("value")
            .and_then(|node| self.source_quietly(node, scope));
        let remove = self.operation(fields, "remove", scope, value, Compiler::source);
        let (add, remove) = (add?, remove?);
        Some(if two_phase {
            Shape::SetTwoPhase { add, remove }
        } else {
            Shape::SetLww { add, remove }
        })
    }

    /// `set-or`: a remove has a value of its own, which names add events.
    fn set_observed(&mut self, fields: &Fields<'_>, scope: Scope) -> Option<Shape> {
        let add = self.add(fields, scope);
        fields.require(self, "remove")?;
        let remove = self.operation(fields, "remove", scope, None, Compiler::query);
        Some(Shape::SetObserved {
            add: add?,
            remove: remove?,
        })
    }

    fn add(&mut self, fields: &Fields<'_>, scope: Scope) -> Option<Operation<Source>> {
        let value = match fields.get("value") {
            None => None,
            Some(node) => Some(self.source(node, scope)?),
        };
        self.operation(fields, "add", scope, value, Compiler::source)
    }

    /// The operation `name`: its `where`, and its `value` or else the reducer's. An absent operation takes every
    /// event of the reducer.
    fn operation<T>(
        &mut self,
        fields: &Fields<'_>,
        name: &'static str,
        scope: Scope,
        default: Option<T>,
        read: impl Fn(&mut Compiler, &Node, Scope) -> Option<T>,
    ) -> Option<Operation<T>> {
        let (place, own) = match fields.get(name) {
            None => (fields.place(), None),
            Some(node) => (
                node.position,
                Some(Fields::open(self, node, name, &["where", "value"])?),
            ),
        };
        let conditions = match own.and_then(|own| own.get("where")) {
            None => Some(Vec::new()),
            Some(node) => self.conditions(node, scope),
        };
        let value = match own.and_then(|own| own.get("value")) {
            Some(node) => read(self, node, scope),
            None => {
                if default.is_none() {
                    let message = format!("`value` is missing for `{name}`");
                    self.error(
                        place,
                        "missing-key",
                        message,
                        format!("add `value:` to `{name}`"),
                    );
                }
                default
            }
        };
        Some(Operation {
            conditions: conditions?,
            value: value?,
        })
    }

    fn key(&mut self, fields: &Fields<'_>, scope: Scope) -> Option<Selector> {
        let node = fields.require(self, "key")?;
        self.selector(node, scope)
    }

    fn required_source(&mut self, fields: &Fields<'_>, scope: Scope) -> Option<Source> {
        let node = fields.require(self, "value")?;
        self.source(node, scope)
    }

    /// A value that some other place has already reported on.
    fn source_quietly(&mut self, node: &Node, scope: Scope) -> Option<Source> {
        let count = self.findings.len();
        let source = self.source(node, scope);
        self.findings.truncate(count);
        source
    }

    fn source(&mut self, node: &Node, scope: Scope) -> Option<Source> {
        let Data::Map(entries) = &node.data else {
            return self.selector(node, scope).map(Source::One);
        };
        if entries.is_empty() || entries.len() > OBJECT_FIELD_COUNT_MAX {
            let message = format!("an object has 1 to {OBJECT_FIELD_COUNT_MAX} fields");
            self.error(
                node.position,
                "wrong-type",
                message,
                "write one query, or a map of names to queries",
            );
            return None;
        }
        let fields: Vec<Option<(Text, Selector)>> = entries
            .iter()
            .map(|entry| Some((entry.key.clone(), self.selector(&entry.value, scope)?)))
            .collect();
        let mut fields: Vec<(Text, Selector)> = fields.into_iter().collect::<Option<_>>()?;
        fields.sort_by(|(left, _), (right, _)| left.cmp(right));
        Some(Source::Object(fields))
    }

    fn selector(&mut self, node: &Node, scope: Scope) -> Option<Selector> {
        let text = self.text(node, "query")?;
        if !text.starts_with("event.") {
            return self.query(node, scope).map(Selector::Query);
        }
        let found = Attribute::parse(text);
        if found.is_none() {
            let known: Vec<&str> = Attribute::ALL
                .iter()
                .map(|attribute| attribute.as_str())
                .collect();
            let message = format!("an event has no `{text}`");
            self.unknown(node.position, "bad-query", message, text, &known);
        }
        found.map(Selector::Attribute)
    }

    fn amount(&mut self, node: &Node, scope: Scope) -> Option<Amount> {
        match &node.data {
            Data::Number(number) if *number >= Number::ZERO => Some(Amount::Constant(*number)),
            Data::Number(_) => {
                let message = "a counter moves by amounts that are not negative".to_string();
                self.error(
                    node.position,
                    "wrong-type",
                    message,
                    "use `dec` of `counter-pn`, or `sum-by`",
                );
                None
            }
            _ => self.query(node, scope).map(Amount::Query),
        }
    }

    pub(super) fn query(&mut self, node: &Node, scope: Scope) -> Option<Query> {
        let text = self.text(node, "query")?.as_str();
        self.query_text(text, node.position, scope)
    }

    pub(super) fn query_text(
        &mut self,
        text: &str,
        place: Position,
        scope: Scope,
    ) -> Option<Query> {
        let query = match Query::parse(text) {
            Ok(query) => query,
            Err(cause) => {
                let hint =
                    "write a path to one value, such as `$.customer.id` or `$['odd name'][0]`";
                self.error(
                    place,
                    "bad-query",
                    format!("`{}`: {cause}", shortened(text)),
                    hint,
                );
                return None;
            }
        };
        if query.root() == Root::Element && !scope.has_element {
            let message = format!("`{}`: there is no element here", shortened(text));
            self.error(
                place,
                "bad-query",
                message,
                "start the query with `$`, or give the reducer `each:`",
            );
            return None;
        }
        Some(query)
    }
}

/// The start of a text, for messages.
fn shortened(text: &str) -> String {
    const SHOWN_MAX: usize = 60;
    let mut shown: String = text.chars().take(SHOWN_MAX).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}
