//! Findings: what is wrong with a source, as text and as values. Shared by what compiles and checks folds and policies.
//!
//! Tests: findings/tests.rs.

use crate::console::document;
use crate::lua;
use crate::text::{Text, Tone, counted};
use gatos_echolua::Profile;
use gatos_fold::{Compiled, Finding, Severity};
use gatos_node::{Fault, reply};
use gatos_values::{ErrorCode, Value};
use gatos_yaml::Position;

pub mod sarif;
#[cfg(test)]
mod tests;

/// The findings in one source file.
#[derive(Debug)]
pub struct SourceFindings {
    file: String,
    /// The code of a source with errors.
    code: ErrorCode,
    findings: Vec<Finding>,
}

/// Compiles a fold, from Lua if the name ends in `.lua`, else from YAML; warnings come beside the result, errors instead of it.
///
/// # Errors
/// The findings, at least one of them an error.
pub fn compile(file: &str, source: &[u8]) -> Result<(Compiled, SourceFindings), SourceFindings> {
    let code = ErrorCode::BadFoldSource;
    let text = text_of(file, code, source)?;
    let compiled = match lua::is_lua(file) {
        true => gatos_fold::compile_lua(text, file),
        false => gatos_fold::compile_yaml(text),
    };
    let mut compiled = compiled.map_err(|found| SourceFindings::new(file, code, found))?;
    let warnings = std::mem::take(&mut compiled.warnings);
    Ok((compiled, SourceFindings::new(file, code, warnings)))
}

/// Everything there is to say about a source: a fold in YAML or Lua, or a script.
#[must_use]
pub fn check(file: &str, source: &[u8]) -> SourceFindings {
    if lua::is_lua(file)
        && let Ok(text) = std::str::from_utf8(source)
        && lua::profile_of(file, text) == Profile::Script
    {
        let findings = lua::findings_of(text, Profile::Script);
        return SourceFindings::new(file, ErrorCode::BadSource, findings);
    }
    compile(file, source).map_or_else(|errors| errors, |(_, warnings)| warnings)
}

/// Everything there is to say about a Lua source, which need not be a whole fold; the profile is as given, or the source's own.
#[must_use]
pub fn check_lua(file: &str, source: &[u8], profile: Option<Profile>) -> SourceFindings {
    let code = ErrorCode::BadSource;
    let text = match text_of(file, code, source) {
        Ok(text) => text,
        Err(findings) => return findings,
    };
    let profile = profile.unwrap_or_else(|| lua::profile_of(file, text));
    if profile == Profile::Fold && lua::is_whole_fold(text) {
        let code = ErrorCode::BadFoldSource;
        let compiled = gatos_fold::compile_lua(text, file);
        let findings = compiled.map_or_else(|errors| errors, |compiled| compiled.warnings);
        return SourceFindings::new(file, code, findings);
    }
    SourceFindings::new(file, code, lua::findings_of(text, profile))
}

/// A source as text.
///
/// # Errors
/// A finding where it is not UTF-8.
pub fn text_of<'a>(
    file: &str,
    code: ErrorCode,
    source: &'a [u8],
) -> Result<&'a str, SourceFindings> {
    std::str::from_utf8(source).map_err(|error| {
        let finding = not_utf8(source, error.valid_up_to());
        SourceFindings::new(file, code, vec![finding])
    })
}

fn not_utf8(source: &[u8], offset: usize) -> Finding {
    let before = &source[..offset];
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let line_start = before
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |index| index + 1);
    let column = String::from_utf8_lossy(&before[line_start..])
        .chars()
        .count()
        + 1;
    let position = Position {
        line: place(line),
        column: place(column),
    };
    let message = format!("the source is not UTF-8 at byte {offset}");
    Finding::error(position, "utf-8", message, "save the file as UTF-8")
}

/// A line or column as findings have it; sources are far shorter than its range.
fn place(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl SourceFindings {
    /// Findings of one file; `code` is what a refusal of it says.
    pub fn new(file: &str, code: ErrorCode, findings: Vec<Finding>) -> SourceFindings {
        SourceFindings {
            file: file.to_owned(),
            code,
            findings,
        }
    }

    /// Adds findings, each at its place.
    pub fn add(&mut self, findings: Vec<Finding>) {
        if !findings.is_empty() {
            self.findings.extend(findings);
            self.findings.sort_by_key(Finding::position);
        }
    }

    /// Findings that stop the source from compiling.
    pub fn error_count(&self) -> usize {
        self.findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error)
            .count()
    }

    /// Makes errors of warnings: all of them, or those of these rules.
    pub fn promote(&mut self, all: bool, rules: &[String]) {
        for finding in &mut self.findings {
            if all || rules.iter().any(|rule| rule == finding.rule) {
                finding.severity = Severity::Error;
            }
        }
    }

    /// The findings and the file they are of.
    pub fn parts(&self) -> (&str, &[Finding]) {
        (&self.file, &self.findings)
    }

    /// Findings of any severity.
    pub fn count(&self) -> usize {
        self.findings.len()
    }

    /// One text a finding, in the form editors jump to: `file:line:column: error[rule]: message`.
    pub fn texts(&self) -> Vec<Text> {
        self.findings
            .iter()
            .map(|finding| self.text(finding))
            .collect()
    }

    fn text(&self, finding: &Finding) -> Text {
        let (word, tone) = match finding.severity {
            Severity::Error => ("error", Tone::Bad),
            Severity::Warning => ("warning", Tone::Warn),
        };
        let text = Text::new()
            .strong(format!("{}:{}:{}", self.file, finding.line, finding.column))
            .say(": ")
            .toned(tone, word)
            .faint(format!("[{}]", finding.rule))
            .say(": ")
            .foreign(&finding.message)
            .end();
        if finding.hint.is_empty() {
            text
        } else {
            text.faint("  hint: ").foreign(&finding.hint).end()
        }
    }

    /// The findings as a list of documents.
    pub fn to_values(&self) -> Vec<Value> {
        self.findings
            .iter()
            .map(|finding| self.value(finding))
            .collect()
    }

    /// The findings as one list.
    pub fn to_value(&self) -> Value {
        Value::List(self.to_values())
    }

    fn value(&self, finding: &Finding) -> Value {
        let severity = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        reply::object(vec![
            ("file", reply::text(&self.file)),
            ("line", Value::from(finding.line)),
            ("column", Value::from(finding.column)),
            ("rule", Value::from(finding.rule)),
            ("severity", Value::from(severity)),
            ("message", reply::text(&finding.message)),
            ("hint", reply::text(&finding.hint)),
        ])
    }

    /// The refusal of a source with errors.
    pub fn to_fault(&self) -> Fault {
        let errors = counted(self.error_count() as u64, "error", "errors");
        Fault::new(
            self.code,
            &self.file,
            format!("`{}` has {errors}", self.file),
        )
        .with_detail("findings", self.to_value())
    }
}

/// The reply to `lint`.
pub fn lint_reply(checked: usize, all: &[SourceFindings]) -> Value {
    let findings: Vec<Value> = all.iter().flat_map(SourceFindings::to_values).collect();
    let ok = all.iter().all(|source| source.error_count() == 0);
    document(
        ok,
        [
            ("checked", Value::from(checked)),
            ("findings", Value::List(findings)),
        ],
    )
}
