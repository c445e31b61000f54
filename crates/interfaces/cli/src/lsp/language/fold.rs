//! Folds in YAML: findings of the compiler, kinds of reducers, and from where a reducer is emitted.
//!
//! Many YAML files are no folds, so a file is taken by its language id or by a `reducers:` at the left margin.
//! Tests: `tests.rs`, tests/it/editor.rs.

use super::{Hover, Language, Symbol, SymbolKind, outline, words};
use crate::lsp::source::{Source, Span};
use gatos_yaml::{Finding, Node, Position};

/// The language of folds.
pub(super) struct Folds;

impl Language for Folds {
    fn name(&self) -> &'static str {
        "gatos fold"
    }

    fn takes(&self, language_id: &str, path: &str, text: &str) -> bool {
        let is_yaml = language_id == "yaml" || path.ends_with(".yaml") || path.ends_with(".yml");
        language_id == "gatos-fold"
            || (is_yaml && text.lines().any(|line| line.starts_with("reducers:")))
    }

    fn findings(&self, text: &str) -> Vec<Finding> {
        match gatos_fold::compile_yaml(text) {
            Ok(compiled) => compiled.warnings,
            Err(findings) => findings,
        }
    }

    fn hover(&self, source: &Source, place: Position) -> Option<Hover> {
        let document = gatos_yaml::parse(source.text()).ok()?;
        let spot = outline::spot_at(&document, source, place)?;
        let keys = spot.keys();
        let last = *keys.last()?;
        let markdown = match (last, spot.is_key, &spot.text) {
            ("kind", false, Some(kind)) => {
                let known = words::KINDS.iter().find(|(name, _)| *name == kind.text);
                known.map(|(name, line)| format!("`{name}`: {line}"))?
            }
            ("from", false, Some(name)) => {
                let reducer = reducer(&document, &name.text)?;
                let kind = outline::text(outline::get(reducer, "kind"))?;
                let (kind, line) = words::KINDS.iter().find(|(known, _)| *known == kind)?;
                format!("A reducer of the kind `{kind}`: {line}")
            }
            // Below `where` and a `value` of several fields, keys are the author's.
            (key, true, _) if !is_free(&keys) => words::fold_key(key)?.to_owned(),
            _ => return None,
        };
        Some(Hover {
            span: spot.span,
            markdown,
        })
    }

    fn definition(&self, source: &Source, place: Position) -> Option<Span> {
        let document = gatos_yaml::parse(source.text()).ok()?;
        let spot = outline::spot_at(&document, source, place)?;
        if spot.is_key || spot.keys() != ["emit", "from"] {
            return None;
        }
        let name = &spot.text.as_ref()?.text;
        name_span(reducer(&document, name)?, source)
    }

    fn symbols(&self, source: &Source) -> Vec<Symbol> {
        let Ok(document) = gatos_yaml::parse(source.text()) else {
            return Vec::new();
        };
        let reducers = outline::items(outline::get(&document, "reducers"));
        let emissions = outline::items(outline::get(&document, "emit"));
        let reducers = reducers.iter().map(|node| {
            let kind = outline::text(outline::get(node, "kind")).unwrap_or_default();
            symbol(
                node,
                name(node),
                kind,
                SymbolKind::Variable,
                name_span(node, source),
                source,
            )
        });
        let emissions = emissions.iter().map(|node| {
            let path = outline::get(node, "path");
            let from = outline::text(outline::get(node, "from")).unwrap_or_default();
            let span = path.map(|path| outline::span_of(path, source));
            symbol(
                node,
                outline::text(path),
                from,
                SymbolKind::File,
                span,
                source,
            )
        });
        let mut symbols: Vec<Symbol> = reducers.chain(emissions).collect();
        symbols.sort_by_key(|symbol| symbol.span.start);
        symbols
    }

    fn format(&self, _source: &Source) -> Option<String> {
        None
    }
}

/// Whether the last key lies where the author chooses the keys.
fn is_free(keys: &[&str]) -> bool {
    let above = keys
        .split_last()
        .map(|(_, above)| above)
        .unwrap_or_default();
    above.contains(&"where") || above.contains(&"value") || above.contains(&"merge")
}

fn name(reducer: &Node) -> Option<&str> {
    let given = outline::get(reducer, "name");
    outline::text(given.or_else(|| outline::get(reducer, "kind")))
}

fn name_span(reducer: &Node, source: &Source) -> Option<Span> {
    let given = outline::get(reducer, "name").or_else(|| outline::get(reducer, "kind"));
    given.map(|node| outline::span_of(node, source))
}

fn reducer<'n>(document: &'n Node, wanted: &str) -> Option<&'n Node> {
    let reducers = outline::items(outline::get(document, "reducers"));
    reducers.iter().find(|node| name(node) == Some(wanted))
}

fn symbol(
    node: &Node,
    name: Option<&str>,
    detail: &str,
    kind: SymbolKind,
    name_span: Option<Span>,
    source: &Source,
) -> Symbol {
    let span = outline::whole_span(node, source);
    let name_span = name_span.unwrap_or_else(|| source.span(node.position, 0));
    let unnamed = || format!("line {}", node.position.line);
    Symbol {
        name: name
            .filter(|name| !name.is_empty())
            .map_or_else(unnamed, str::to_owned),
        detail: detail.to_owned(),
        kind,
        span: Span {
            end: span.end.max(name_span.end),
            ..span
        },
        name_span,
    }
}
