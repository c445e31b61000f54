//! `emit`: which reducer goes to which path, and whether the paths can live together.

use super::fields::Fields;
use super::reducer::Reducers;
use super::{Compiler, EMIT_COUNT_MAX};
use crate::ir::{Emit, Format, Ir, Shape};
use crate::path::{PathError, PathTemplate, collision};
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;
use gatos_yaml::{Finding, Node, Position};

const EMIT_KEYS: &[&str] = &["path", "from", "format", "split"];

impl Compiler {
    /// All emissions; `reducers` is `None` if they could not be read at all.
    pub(super) fn emits(&mut self, node: &Node, reducers: Option<&Reducers>) -> Option<Vec<Emit>> {
        let items = self.list(node, "emit", EMIT_COUNT_MAX)?;
        let mut emits: Vec<Option<Emit>> = Vec::new();
        let mut paths: Vec<(Position, PathTemplate)> = Vec::new();
        for item in items {
            let Some(fields) = Fields::open(self, item, "an emission", EMIT_KEYS) else {
                emits.push(None);
                continue;
            };
            let path = self.emit_path(&fields);
            if let Some((place, path)) = &path {
                self.collisions(*place, path, &paths);
                paths.push((*place, path.clone()));
            }
            emits.push(self.emit(&fields, path.map(|(_, path)| path), reducers));
        }
        if let Some(reducers) = reducers {
            self.never_emitted(reducers, &emits);
        }
        emits.into_iter().collect()
    }

    fn emit(
        &mut self,
        fields: &Fields<'_>,
        path: Option<PathTemplate>,
        reducers: Option<&Reducers>,
    ) -> Option<Emit> {
        let reducer = self.emit_from(fields, reducers?);
        let format = self.emit_format(fields);
        let (path, reducer, format) = (path?, reducer?, format?);
        if let Some(shape) = reducers?.shape(reducer) {
            self.emit_fits(fields, shape, &path, format);
        }
        Some(Emit {
            path,
            reducer,
            format,
        })
    }

    fn emit_path(&mut self, fields: &Fields<'_>) -> Option<(Position, PathTemplate)> {
        let split = match fields.get("split") {
            None => false,
            Some(node) => {
                if self.text(node, "split")?.as_str() != "key" {
                    let message = "`split` can only be `key`".to_string();
                    self.error(
                        node.position,
                        "wrong-type",
                        message,
                        "write `split: key` or remove it",
                    );
                    return None;
                }
                true
            }
        };
        let node = fields.require(self, "path")?;
        let text = self.text(node, "path")?;
        match PathTemplate::parse(text, split) {
            Ok(path) => Some((node.position, path)),
            Err(cause) => {
                let hint = match cause {
                    PathError::Outside(_) => "start the path with `state/`",
                    PathError::TooLong(_) => "shorten it",
                    PathError::Key(_) => {
                        "write `split: key` with a path such as `state/items/{key}.json`"
                    }
                    PathError::Device { .. } => "choose another name",
                    PathError::Segment { .. } => "use letters, digits, `_`, `-` and inner dots",
                };
                self.error(node.position, "bad-path", cause.to_string(), hint);
                None
            }
        }
    }

    fn collisions(
        &mut self,
        place: Position,
        path: &PathTemplate,
        others: &[(Position, PathTemplate)],
    ) {
        if let Some((other_place, other)) = others.iter().find(|(_, other)| collision(path, other))
        {
            let message = format!(
                "`{path}` and `{other}` (line {}) can be one path, or one a folder of the other, where case is ignored",
                other_place.line
            );
            let hint = "put one of them into a folder of its own";
            let finding = Finding::error(place, "path-collision", message, hint);
            self.findings.push(finding.with_related(*other_place));
        }
    }

    fn emit_from(&mut self, fields: &Fields<'_>, reducers: &Reducers) -> Option<usize> {
        let Some(node) = fields.get("from") else {
            if reducers.count() == 1 {
                return Some(0);
            }
            let message =
                "`from` is missing: the fold does not have exactly one reducer".to_string();
            self.error(
                fields.place(),
                "missing-key",
                message,
                format!("known here: {}", reducers.names().join(", ")),
            );
            return None;
        };
        let name = self.text(node, "from")?;
        let found = reducers.position(name);
        if found.is_none() {
            let message = format!("there is no reducer `{name}`");
            self.unknown(
                node.position,
                "unknown-reducer",
                message,
                name,
                &reducers.names(),
            );
        }
        found
    }

    fn emit_format(&mut self, fields: &Fields<'_>) -> Option<Format> {
        let Some(node) = fields.get("format") else {
            return Some(Format::Json);
        };
        match self.text(node, "format")?.as_str() {
            "json" => Some(Format::Json),
            "jsonl" => Some(Format::JsonLines),
            other => {
                let message = format!("unknown format `{other}`");
                self.error(
                    node.position,
                    "wrong-type",
                    message,
                    "write `json` or `jsonl`",
                );
                None
            }
        }
    }

    /// Whether a result of this kind can be split, and written in lines.
    fn emit_fits(
        &mut self,
        fields: &Fields<'_>,
        shape: &Shape,
        path: &PathTemplate,
        format: Format,
    ) {
        let place = |key: &str| fields.get(key).map_or(fields.place(), |node| node.position);
        if path.is_split() && !shape.is_keyed() {
            let message = format!("`{}` has no keys to split by", shape.kind());
            self.error(place("split"), "unsupported", message, "remove `split`");
        }
        let file = match shape {
            Shape::MapJoin { value, .. } if path.is_split() => Some(&**value),
            _ if path.is_split() => None,
            whole => Some(whole),
        };
        if format == Format::JsonLines
            && !file.is_some_and(|shape| shape.is_keyed() || shape.is_listed())
        {
            let message = "a file with one value has no lines".to_string();
            self.error(
                place("format"),
                "unsupported",
                message,
                "write `format: json`",
            );
        }
    }

    fn never_emitted(&mut self, reducers: &Reducers, emits: &[Option<Emit>]) {
        // An emission with a mistake may have meant any reducer.
        if emits.iter().any(Option::is_none) {
            return;
        }
        for (index, name, place) in reducers.places() {
            if !emits.iter().flatten().any(|emit| emit.reducer == index) {
                let message = format!("reducer `{name}` is never emitted");
                self.warn(
                    place,
                    "never-emitted",
                    message,
                    format!("add an emission with `from: {name}`"),
                );
            }
        }
    }
}

/// Brings reducers into the order of their names and emissions into the order of their paths.
pub(super) fn sort(ir: &mut Ir) {
    let mut order: Vec<usize> = (0..ir.reducers.len()).collect();
    order.sort_by(|left, right| ir.reducers[*left].name.cmp(&ir.reducers[*right].name));
    for emit in &mut ir.emits {
        emit.reducer = order
            .iter()
            .position(|index| *index == emit.reducer)
            .unwrap_or_default();
    }
    ir.reducers
        .sort_by(|left, right| left.name.cmp(&right.name));
    ir.emits.sort_by_key(|emit| emit.path.to_string());
}
