//! What a command answers: nothing, or complaints that carry their cure.
//!
//! A [`Complaint`] is about one place. A [`Failure`] ends a command. Printing is the caller's.

use std::fmt;

/// How every command ends.
pub type Outcome<T = ()> = Result<T, Failure>;

/// One thing found wrong: where it is, what it is, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// A file, a file and line, or a crate name.
    pub place: String,
    /// What is wrong there.
    pub what: String,
    /// What mends it.
    pub cure: String,
}

impl Complaint {
    /// A complaint about `place`.
    pub fn new(
        place: impl Into<String>,
        what: impl Into<String>,
        cure: impl Into<String>,
    ) -> Complaint {
        Complaint {
            place: place.into(),
            what: what.into(),
            cure: cure.into(),
        }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}: {}\n    cure: {}",
            self.place, self.what, self.cure
        )
    }
}

/// Why a command stopped; the text is what the person reads.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    /// A failure with this text.
    pub fn new(text: impl Into<String>) -> Failure {
        Failure(text.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Turns the complaints of one check into its answer.
pub fn settle(check: &str, complaints: &[Complaint]) -> Outcome {
    if complaints.is_empty() {
        println!("{check}: ok");
        return Ok(());
    }
    let mut text = String::new();
    for complaint in complaints {
        text.push_str(&format!("{complaint}\n"));
    }
    text.push_str(&format!("{check}: {} complaint(s)", complaints.len()));
    Err(Failure::new(text))
}
