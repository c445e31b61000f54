//! One rule of a source: id, `when`, lines, audit, reason.
//!
//! Tests: `tests.rs`.

use super::{ClauseSource, Compiler, RuleSource};
use crate::language::code::{AUTO_PREFIX, auto_id, check_id, is_reason, sort_key};
use crate::language::expression::Expression;
use crate::language::intent::{Intent, IntentSet};
use crate::language::lower::{GLOB_HINT, lower_clause};
use crate::language::policy::{CLAUSE_COUNT_MAX, GLOB_COUNT_MAX, Rule, When};
use crate::language::syntax::{SyntaxError, parse};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use gatos_values::{Glob, Text};
use gatos_yaml::{Data, Finding, Fix, Node, Position};

const RULE_KEYS: [&str; 6] = ["id", "when", "allow_if", "deny_if", "audit", "reason"];

const WHEN_KEYS: [&str; 2] = ["intent", "path"];

/// Where the paths of a repository lie.
const PATH_PREFIX: &str = "gatos/";

/// Lines with where they stand, in the order of the compiled rule.
type Lines = (Vec<Expression>, Vec<ClauseSource>);

impl Compiler<'_> {
    /// A rule; at the top of a file `version` stands beside its keys.
    pub(super) fn rule(&mut self, node: &Node, at_top: bool) -> Option<(Rule, RuleSource)> {
        let entries = self.map(node, "a rule")?;
        let count_before = self.findings.len();
        let mut id = None;
        let mut when = None;
        let (mut allow_if, mut deny_if) = (None, None);
        let (mut audit, mut reason) = (false, None);
        for entry in entries {
            match entry.key.as_str() {
                "id" => id = self.id(&entry.value),
                "when" => when = self.when(&entry.value).map(|when| (when, entry.position)),
                "allow_if" => allow_if = self.lines(&entry.value, "allow_if"),
                "deny_if" => deny_if = self.lines(&entry.value, "deny_if"),
                "audit" => audit = self.boolean(&entry.value, "audit").unwrap_or(false),
                "reason" => reason = self.reason(&entry.value),
                "version" if at_top => {}
                _ => self.unknown_key(entry, "of a rule", &RULE_KEYS),
            }
        }
        self.complete(
            node,
            &entries
                .iter()
                .map(|entry| entry.key.as_str())
                .collect::<Vec<_>>(),
            audit,
        );
        if self.has_error_since(count_before) {
            return None;
        }
        let (when, when_position) = when?;
        let (allow_if, allow_sources) = allow_if.map_or((None, Vec::new()), |(lines, sources)| {
            (Some(lines), sources)
        });
        let (deny_if, deny_sources) = deny_if.unwrap_or_default();
        let mut rule = Rule {
            id: Arc::from(""),
            when,
            allow_if,
            deny_if,
            audit,
            reason,
        };
        rule.id = id.unwrap_or_else(|| auto_id(&rule));
        let source = RuleSource {
            id: rule.id.clone(),
            position: node.position,
            when: when_position,
            allow_if: allow_sources,
            deny_if: deny_sources,
        };
        Some((rule, source))
    }

    fn has_error_since(&self, count: usize) -> bool {
        let new = self.findings.get(count..).unwrap_or_default();
        new.iter()
            .any(|finding| finding.severity == gatos_yaml::Severity::Error)
    }

    /// A rule says when, and says something.
    fn complete(&mut self, node: &Node, keys: &[&str], audit: bool) {
        if !keys.contains(&"when") {
            let message = "a rule without `when`".to_string();
            let hint = "write `when: { intent: \"write\", path: \"gatos/journal/**\" }`, or `when: {}` for every request";
            self.error(node.position, "missing-key", message, hint);
        }
        if !keys.contains(&"allow_if") && !keys.contains(&"deny_if") && !audit {
            let message = "a rule that neither allows nor denies nor audits".to_string();
            let hint = "add `allow_if`, `deny_if` or `audit: true`";
            self.error(node.position, "empty", message, hint);
        }
    }

    fn id(&mut self, node: &Node) -> Option<Arc<str>> {
        let text = self.text(node, "`id`")?;
        let complaint = match check_id(text) {
            Ok(()) if text.starts_with(AUTO_PREFIX) => "starts as the ids of the compiler do",
            Ok(()) => return Some(Arc::from(text.as_str())),
            Err(complaint) => complaint,
        };
        let message = format!("id `{text}` {complaint}");
        self.error(node.position, "bad-id", message, "choose another id");
        None
    }

    fn reason(&mut self, node: &Node) -> Option<Text> {
        let text = self.text(node, "`reason`")?;
        if is_reason(text) {
            return Some(text.clone());
        }
        let message = format!("`reason` has {} bytes", text.len());
        self.error(node.position, "bad-reason", message, "write 1 to 256 bytes");
        None
    }

    fn when(&mut self, node: &Node) -> Option<When> {
        let entries = self.map(node, "`when`")?;
        let mut when = When {
            intents: IntentSet::ALL,
            paths: None,
        };
        for entry in entries {
            match entry.key.as_str() {
                "intent" => when.intents = self.intents(&entry.value)?,
                "path" => when.paths = Some(self.paths(&entry.value)?),
                _ => self.unknown_key(entry, "of `when`", &WHEN_KEYS),
            }
        }
        Some(when)
    }

    fn intents(&mut self, node: &Node) -> Option<IntentSet> {
        let mut set = IntentSet::NONE;
        for item in self.one_or_more(node, "intent", Intent::ALL.len())? {
            let text = self.text(item, "`intent`")?;
            let Some(intent) = Intent::parse(text) else {
                let message = format!("`{text}` is not an intent");
                let hint = format!("intents are {}", Intent::ALL.map(Intent::as_str).join(", "));
                let lower = text.to_ascii_lowercase();
                let fix =
                    Intent::parse(&lower).map(|intent| Fix::new(text.as_str(), intent.as_str()));
                let finding = Finding::error(item.position, "unknown-intent", message, hint);
                self.findings.push(finding.with_fix(fix));
                return None;
            };
            set = set.with(intent);
        }
        Some(set)
    }

    fn paths(&mut self, node: &Node) -> Option<Vec<Glob>> {
        let mut globs = Vec::new();
        for item in self.one_or_more(node, "path", GLOB_COUNT_MAX)? {
            let text = self.text(item, "`path`")?;
            match Glob::parse(text, '/') {
                Ok(glob) => {
                    self.warn_unreachable(item.position, glob.as_str());
                    globs.push(glob);
                }
                Err(cause) => {
                    self.error(item.position, "bad-glob", cause.to_string(), GLOB_HINT);
                    return None;
                }
            }
        }
        globs.sort_by(|left, right| left.as_str().cmp(right.as_str()));
        globs.dedup_by(|left, right| left.as_str() == right.as_str());
        Some(globs)
    }

    fn warn_unreachable(&mut self, place: Position, pattern: &str) {
        let literal = pattern.split('*').next().unwrap_or_default();
        if !literal.starts_with(PATH_PREFIX) && !PATH_PREFIX.starts_with(literal) {
            let message = format!("`{pattern}` matches no path of a repository");
            let hint = "paths start with `gatos/`, for example `gatos/journal/finance/**`";
            self.warn(place, "unreachable-path", message, hint);
        }
    }

    /// A text, or a list of at least one.
    fn one_or_more<'a>(
        &mut self,
        node: &'a Node,
        what: &str,
        count_max: usize,
    ) -> Option<&'a [Node]> {
        match &node.data {
            Data::List(items) if items.is_empty() => {
                let message = format!("`{what}` is an empty list");
                let hint = format!("name at least one, or leave `{what}` out to match every one");
                self.error(node.position, "empty", message, hint);
                None
            }
            Data::List(_) => self.list(node, what, count_max),
            _ => Some(core::slice::from_ref(node)),
        }
    }

    fn lines(&mut self, node: &Node, what: &str) -> Option<Lines> {
        let items = match &node.data {
            Data::Text(_) | Data::Bool(_) => core::slice::from_ref(node),
            _ => self.list(node, what, CLAUSE_COUNT_MAX)?,
        };
        if items.is_empty() {
            let message = format!("`{what}` is an empty list");
            let hint = match what {
                "allow_if" => {
                    "write `allow_if: [\"true\"]` to allow whatever matches, or leave it out"
                }
                _ => "write a line, or leave it out",
            };
            self.error(node.position, "empty", message, hint);
            return None;
        }
        let lines: Vec<_> = items.iter().map(|item| self.line(item, what)).collect();
        let mut lines: Vec<_> = lines.into_iter().collect::<Option<_>>()?;
        lines.sort_by(|left: &(Vec<u8>, _, _), right| left.0.cmp(&right.0));
        lines.dedup_by(|right, left| left.0 == right.0);
        Some(
            lines
                .into_iter()
                .map(|(_, line, source)| (line, source))
                .unzip(),
        )
    }

    fn line(&mut self, node: &Node, what: &str) -> Option<(Vec<u8>, Expression, ClauseSource)> {
        let text = match &node.data {
            Data::Text(text) => text.as_str(),
            Data::Bool(value) => {
                if *value {
                    "true"
                } else {
                    "false"
                }
            }
            _ => {
                self.wrong_type(node, &format!("a line of `{what}`"), "text");
                return None;
            }
        };
        let line = parse(text).and_then(|node| lower_clause(&node));
        match line {
            Ok(line) => {
                self.warn_constant(node.position, &line, what);
                let source = ClauseSource {
                    position: node.position,
                    text: String::from(text),
                };
                Some((sort_key(&line), line, source))
            }
            Err(cause) => {
                self.syntax_error(node.position, text, cause);
                None
            }
        }
    }

    fn warn_constant(&mut self, place: Position, line: &Expression, what: &str) {
        let (message, hint) = match (line, what) {
            (line, "allow_if") if *line == Expression::bool(false) => (
                "this line is never true, so the rule never allows",
                "remove the rule's `allow_if`",
            ),
            (line, "deny_if") if *line == Expression::bool(false) => {
                ("this line never denies", "remove the line")
            }
            _ => return,
        };
        self.warn(place, "constant", message.to_string(), hint);
    }

    fn syntax_error(&mut self, place: Position, text: &str, cause: SyntaxError) {
        let place = self.place_inside(place, text, cause.offset);
        let finding = Finding::error(place, "expression", cause.message, cause.hint);
        self.findings.push(finding.with_fix(cause.fix));
    }

    /// The place of a byte of a scalar, where the source shows the text as it is; else where the scalar starts.
    fn place_inside(&self, place: Position, text: &str, offset: usize) -> Position {
        let line_index = (place.line as usize).saturating_sub(1);
        let line = self.source.get(line_index).copied().unwrap_or_default();
        let from_place: String = line
            .chars()
            .skip((place.column as usize).saturating_sub(1))
            .collect();
        let quoted = from_place.starts_with(['\'', '"']);
        let shown = from_place.get(usize::from(quoted)..).unwrap_or_default();
        let before = text.get(..offset).unwrap_or_default();
        if !shown.starts_with(before) {
            return place;
        }
        let columns = before.chars().count() + usize::from(quoted);
        Position {
            line: place.line,
            column: place
                .column
                .saturating_add(u32::try_from(columns).unwrap_or(u32::MAX)),
        }
    }

    fn text<'a>(&mut self, node: &'a Node, what: &str) -> Option<&'a Text> {
        match &node.data {
            Data::Text(text) => Some(text),
            _ => {
                self.wrong_type(node, what, "text");
                None
            }
        }
    }

    fn boolean(&mut self, node: &Node, what: &str) -> Option<bool> {
        match &node.data {
            Data::Bool(value) => Some(*value),
            _ => {
                self.wrong_type(node, &format!("`{what}`"), "true or false");
                None
            }
        }
    }
}
