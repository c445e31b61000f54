//! Policies, `.rgs`: findings of the compiler, the one layout, rules with their ids and bounds.
//!
//! Deciding and explaining a decision is not an editor's work. Tests: `tests.rs`, tests/it/editor.rs.

use super::outline::{self, Shown, Spot, Step};
use super::{Hover, Language, Symbol, SymbolKind, words};
use crate::lsp::source::{Source, Span};
use gatos_policy::analysis::{Effort, KnownNames, TOO_LARGE, lint_within};
use gatos_policy::language::{Compiled, Intent, IntentSet, compile, format_source};
use gatos_yaml::{Finding, Node, Position};

/// The language of policies.
pub(super) struct Policies;

impl Language for Policies {
    fn name(&self) -> &'static str {
        "gatos policy"
    }

    fn takes(&self, language_id: &str, path: &str, _text: &str) -> bool {
        matches!(language_id, "gatos-policy" | "rgs") || path.ends_with(".rgs")
    }

    fn findings(&self, text: &str) -> Vec<Finding> {
        match compile(text) {
            Ok(compiled) => {
                let known = KnownNames::default();
                let mut findings = lint_within(&compiled, &known, Effort::QUICK);
                // Here somebody waits at every key; `gatos policy lint` takes its time and says it.
                findings.retain(|finding| finding.rule != TOO_LARGE);
                findings.extend(compiled.warnings);
                findings
            }
            Err(findings) => findings,
        }
    }

    fn hover(&self, source: &Source, place: Position) -> Option<Hover> {
        let document = gatos_yaml::parse(source.text()).ok()?;
        let spot = outline::spot_at(&document, source, place)?;
        let keys = spot.keys();
        let (last, before) = keys.split_last()?;
        if matches!(*last, "allow_if" | "deny_if") && !spot.is_key {
            return line_hover(&spot, source, place);
        }
        let markdown = match (*last, spot.is_key) {
            ("id", _) => rule_card(&document, &spot, source)?,
            ("when", true) => [
                words::policy_key("when")?,
                &rule_card(&document, &spot, source).unwrap_or_default(),
            ]
            .join("\n\n"),
            ("intent", false) if before.last() == Some(&"when") => {
                words::intent(Intent::parse(&spot.text.as_ref()?.text)?).to_owned()
            }
            (key, true) => words::policy_key(key)?.to_owned(),
            _ => return None,
        };
        Some(Hover {
            span: spot.span,
            markdown: markdown.trim_end().to_owned(),
        })
    }

    fn definition(&self, source: &Source, place: Position) -> Option<Span> {
        let document = gatos_yaml::parse(source.text()).ok()?;
        let spot = outline::spot_at(&document, source, place)?;
        (spot.keys().last() == Some(&"id") && !spot.is_key).then_some(spot.span)
    }

    fn symbols(&self, source: &Source) -> Vec<Symbol> {
        let Ok(document) = gatos_yaml::parse(source.text()) else {
            return Vec::new();
        };
        let compiled = compile(source.text()).ok();
        let rules = rules(&document);
        rules
            .into_iter()
            .map(|rule| symbol(rule, compiled.as_ref(), source))
            .collect()
    }

    fn format(&self, source: &Source) -> Option<String> {
        format_source(source.text()).ok()
    }
}

/// The rules as nodes: those of `rules`, or the document itself.
fn rules(document: &Node) -> Vec<&Node> {
    match outline::get(document, "rules") {
        Some(list) => outline::items(Some(list)).iter().collect(),
        None if outline::get(document, "when").is_some() => vec![document],
        None => Vec::new(),
    }
}

fn symbol(rule: &Node, compiled: Option<&Compiled>, source: &Source) -> Symbol {
    let id = outline::get(rule, "id");
    let given = outline::text(id).map(str::to_owned);
    let index = compiled.and_then(|compiled| index_of(compiled, rule.position));
    let assigned = compiled
        .zip(index)
        .and_then(|(compiled, index)| compiled.source_map.get(index));
    let name = given
        .filter(|name| !name.is_empty())
        .or_else(|| assigned.map(|rule| rule.id.to_string()))
        .unwrap_or_else(|| format!("rule in line {}", rule.position.line));
    let mut says = Vec::new();
    for (key, word) in [
        ("allow_if", "allows"),
        ("deny_if", "denies"),
        ("audit", "audits"),
    ] {
        says.extend(outline::get(rule, key).map(|_| word));
    }
    let span = outline::whole_span(rule, source);
    let name_span = id.map_or_else(
        || source.span(rule.position, 1),
        |id| outline::span_of(id, source),
    );
    let end = span.end.max(name_span.end);
    Symbol {
        name,
        detail: says.join(", "),
        kind: SymbolKind::Function,
        span: Span { end, ..span },
        name_span,
    }
}

/// Which compiled rule starts at a place of the source.
fn index_of(compiled: &Compiled, place: Position) -> Option<usize> {
    compiled
        .source_map
        .iter()
        .position(|rule| rule.position == place)
}

/// What the compiler knows of the rule around a spot: its id, intents, and the bound on its cost.
fn rule_card(document: &Node, spot: &Spot, source: &Source) -> Option<String> {
    let rules = rules(document);
    let index = match spot.path.as_slice() {
        [Step::Key(rules), Step::Item(index), ..] if rules == "rules" => *index,
        _ => 0,
    };
    let place = rules.get(index)?.position;
    let compiled = compile(source.text()).ok()?;
    let rule = compiled.policy.rules().get(index_of(&compiled, place)?)?;
    let intents = if rule.when.intents == IntentSet::ALL {
        "every intent".to_owned()
    } else {
        let intents: Vec<String> = rule
            .when
            .intents
            .iter()
            .map(|intent| format!("`{intent}`"))
            .collect();
        intents.join(", ")
    };
    let audits = if rule.audit { ", audited" } else { "" };
    Some(format!(
        "Rule `{}`: {intents}{audits}\n\nCost: {}",
        rule.id,
        rule.cost()
    ))
}

/// A word of a line, where the source shows the line as it is.
fn line_hover(spot: &Spot, source: &Source, place: Position) -> Option<Hover> {
    let shown = spot.text.as_ref()?;
    let (start, word) = words_of(shown)
        .into_iter()
        .map(|(offset, word)| (place_of(shown, offset), word))
        .find(|(start, word)| source.span(*start, word.len()).touches(place))?;
    let markdown = words::of_line(word)?.to_owned();
    Some(Hover {
        span: source.span(start, word.len()),
        markdown,
    })
}

fn place_of(shown: &Shown, offset: usize) -> Position {
    let before = shown.text.get(..offset).unwrap_or_default().chars().count();
    let column = shown
        .start
        .column
        .saturating_add(u32::try_from(before).unwrap_or(u32::MAX));
    Position {
        column,
        ..shown.start
    }
}

/// The words of a line outside its texts, with their offsets. Members of the payload are no words of the language.
fn words_of(shown: &Shown) -> Vec<(usize, &str)> {
    let text = shown.text.as_str();
    let mut found: Vec<(usize, &str)> = Vec::new();
    let mut characters = text.char_indices().peekable();
    let mut previous = ' ';
    while let Some((offset, character)) = characters.next() {
        if matches!(character, '\'' | '"') {
            skip_text(&mut characters, character);
        } else if character.is_ascii_alphabetic() || character == '_' {
            let rest = text.get(offset..).unwrap_or_default();
            let size = rest
                .bytes()
                .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
                .count();
            let word = rest.get(..size).unwrap_or_default();
            while characters
                .next_if(|(next, _)| *next < offset + size)
                .is_some()
            {}
            let is_trust_field = matches!(word, "level" | "groups");
            if (previous == '.') == is_trust_field {
                found.push((offset, word));
            }
        }
        previous = character;
    }
    found
}

fn skip_text(characters: &mut impl Iterator<Item = (usize, char)>, quote: char) {
    while let Some((_, character)) = characters.next() {
        match character {
            '\\' => drop(characters.next()),
            end if end == quote => return,
            _ => {}
        }
    }
}
