//! Reports of the sweeps, line by line against the reference. Pure: text in, verdict out.
//!
//! Tests: `compare/tests.rs`.

#[cfg(test)]
mod tests;

use std::fmt;

/// What a program printed: one line a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report(Vec<Line>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    topic: String,
    case_count: String,
    digest: String,
}

/// What became of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every line agrees.
    Same { topic_count: usize },
    /// Lines differ.
    Differs(Vec<Difference>),
    /// The program was not built, crashed, hung or printed something else.
    Broken { reason: String },
    /// The target cannot be prepared on this machine.
    NotRun { reason: String },
}

/// A topic that is not the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub topic: String,
    pub kind: DifferenceKind,
}

/// In what way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DifferenceKind {
    /// Another digest over as many cases.
    Digest,
    /// Another number of cases.
    CaseCount,
    /// The program did not print the topic.
    Missing,
    /// The reference does not have the topic.
    Extra,
}

impl Report {
    /// Reads `topic<TAB>cases<TAB>digest` lines; `#` begins a comment.
    ///
    /// # Errors
    /// A sentence about the line that is none, or about a topic that comes twice; also about no line at all.
    pub fn parse(text: &str) -> Result<Report, String> {
        let mut lines: Vec<Line> = Vec::new();
        // A program on Windows may end its lines with two characters.
        for (index, text) in text.lines().map(str::trim_end).enumerate() {
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let line = Line::parse(text).ok_or_else(|| {
                format!("line {} is not `topic cases digest`: {text:?}", index + 1)
            })?;
            if lines.iter().any(|other| other.topic == line.topic) {
                return Err(format!(
                    "line {} repeats the topic {}",
                    index + 1,
                    line.topic
                ));
            }
            lines.push(line);
        }
        if lines.is_empty() {
            return Err("there is no line".to_owned());
        }
        Ok(Report(lines))
    }

    /// Whether `found` says what this reference says. Differences come in the order of the reference, extra topics last.
    pub fn compare(&self, found: &Report) -> Verdict {
        let missing_or_other = self.0.iter().filter_map(|expected| {
            let kind = expected.difference(found.line(&expected.topic))?;
            Some(Difference::new(&expected.topic, kind))
        });
        let is_extra = |line: &&Line| self.line(&line.topic).is_none();
        let extra = found.0.iter().filter(is_extra);
        let extra = extra.map(|line| Difference::new(&line.topic, DifferenceKind::Extra));
        let differences: Vec<Difference> = missing_or_other.chain(extra).collect();
        if differences.is_empty() {
            return Verdict::Same {
                topic_count: self.0.len(),
            };
        }
        Verdict::Differs(differences)
    }

    /// How many cases the topic has, as printed.
    pub fn case_count(&self, topic: &str) -> Option<String> {
        self.line(topic).map(|line| line.case_count.clone())
    }

    fn line(&self, topic: &str) -> Option<&Line> {
        self.0.iter().find(|line| line.topic == topic)
    }
}

impl Line {
    fn parse(text: &str) -> Option<Line> {
        let mut columns = text.split('\t').map(str::to_owned);
        let (topic, case_count, digest) = (columns.next()?, columns.next()?, columns.next()?);
        let hex = digest.strip_prefix("blake3:")?;
        let is_digest = hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_whole = columns.next().is_none() && case_count.parse::<u64>().is_ok() && is_digest;
        (is_whole && !topic.is_empty()).then_some(Line {
            topic,
            case_count,
            digest,
        })
    }

    fn difference(&self, found: Option<&Line>) -> Option<DifferenceKind> {
        let Some(found) = found else {
            return Some(DifferenceKind::Missing);
        };
        if self.case_count != found.case_count {
            return Some(DifferenceKind::CaseCount);
        }
        (self.digest != found.digest).then_some(DifferenceKind::Digest)
    }
}

impl Difference {
    fn new(topic: &str, kind: DifferenceKind) -> Difference {
        let topic = topic.to_owned();
        Difference { topic, kind }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let note = match self.kind {
            DifferenceKind::Digest => "",
            DifferenceKind::CaseCount => " (other number of cases)",
            DifferenceKind::Missing => " (missing)",
            DifferenceKind::Extra => " (unknown)",
        };
        write!(formatter, "{}{note}", self.topic)
    }
}
