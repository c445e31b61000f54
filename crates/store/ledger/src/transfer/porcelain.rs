//! Reading what `git fetch` and `git push --porcelain` print about single refs.

use super::RejectedRef;

/// Lines ` ! [rejected]  <from> -> <to>  (<reason>)` of a fetch.
pub(super) fn rejected_by_fetch(said: &str) -> Vec<RejectedRef> {
    said.lines()
        .filter_map(|line| {
            let rest = line.trim_start().strip_prefix("! [")?;
            let (_, rest) = rest.split_once(']')?;
            let (name, rest) = rest.trim_start().split_once(" -> ")?;
            Some(RejectedRef {
                name: full_name(name.trim()),
                reason: reason_of(rest),
            })
        })
        .collect()
}

/// `git fetch` cuts `refs/` off the names it shows.
fn full_name(shown: &str) -> String {
    if shown.starts_with("refs/") {
        shown.to_owned()
    } else {
        format!("refs/{shown}")
    }
}

/// What stands in the last parentheses of a line.
fn reason_of(line: &str) -> String {
    let inside = line
        .rsplit_once('(')
        .and_then(|(_, rest)| rest.split_once(')'));
    inside
        .map_or("rejected", |(reason, _)| reason)
        .trim()
        .to_owned()
}

/// One line of `git push --porcelain`: `<flag> TAB <from>:<to> TAB <summary>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PushLine {
    /// The ref at the remote.
    pub(super) name: String,
    /// ` ` moved, `*` new, `=` as before, `!` rejected.
    pub(super) flag: char,
    /// Why it was rejected.
    pub(super) reason: Option<String>,
}

pub(super) fn push_lines(printed: &str) -> Vec<PushLine> {
    printed
        .lines()
        .filter_map(|line| {
            let mut parts = line.splitn(3, '\t');
            let flag = parts
                .next()
                .filter(|flag| flag.chars().count() == 1)?
                .chars()
                .next()?;
            let (_, name) = parts.next()?.rsplit_once(':')?;
            let summary = parts.next()?;
            let reason = (flag == '!').then(|| match summary.split_once('(') {
                Some(_) => reason_of(summary),
                None => summary.trim_matches(['[', ']']).to_owned(),
            });
            Some(PushLine {
                name: name.to_owned(),
                flag,
                reason,
            })
        })
        .collect()
}
