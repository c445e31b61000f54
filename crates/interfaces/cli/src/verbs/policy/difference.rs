//! A difference of two policies for people: what is newly allowed and denied, each with a proof or a request.
//!
//! Tests: tests/transcripts/analysis.md.

use crate::text::{Text, Tone};
use gatos_policy::analysis::{Counterexample, Difference, Part, Undecided, Verdict};
use gatos_policy::language::suite::describe;
use gatos_values::json;

/// How many lines that are in the way are named.
const CLAUSE_COUNT_MAX: usize = 8;

/// The difference; the names are those of the policies.
pub fn text(difference: &Difference, names: [&str; 2]) -> Text {
    let (word, tone) = match difference.word() {
        "equivalent" => ("they decide every request alike: proved", Tone::Good),
        "differs" => ("they differ", Tone::Warn),
        _ => ("undecided", Tone::Warn),
    };
    let mut text = Text::new().toned(tone, word).end();
    if difference.is_equivalent() {
        return text;
    }
    for part in Part::ALL {
        text = text.then(part_text(part, difference.verdict(part), names));
    }
    text
}

fn part_text(part: Part, verdict: &Verdict, names: [&str; 2]) -> Text {
    let label = match part {
        Part::NewlyAllowed => "newly allowed",
        Part::NewlyDenied => "newly denied",
        Part::Records => "on record",
    };
    match verdict {
        Verdict::Equivalent => {
            let nothing = match part {
                Part::Records => "the same requests: proved",
                _ => "nothing: proved",
            };
            Text::new().field(label, nothing)
        }
        Verdict::Differs(example) => Text::new()
            .field(label, "for example")
            .then(example_text(part, example, names)),
        Verdict::Undecided(undecided) => undecided_text(label, undecided, names),
    }
}

fn example_text(part: Part, example: &Counterexample, names: [&str; 2]) -> Text {
    let request = json::encode_canonical(&example.request.to_value()).unwrap_or_default();
    let mut text = Text::new()
        .say("    ")
        .foreign(String::from_utf8_lossy(&request))
        .end();
    for (name, decision) in names.iter().zip(&example.decisions) {
        let tone = match decision.is_allow() {
            true => Tone::Good,
            false => Tone::Bad,
        };
        text = text
            .say("    ")
            .foreign(name)
            .say(": ")
            .toned(tone, describe(decision));
        if part == Part::Records {
            text = text.say(match decision.audit() {
                true => ", on record",
                false => ", not on record",
            });
        }
        text = text.end();
    }
    text
}

fn undecided_text(label: &str, undecided: &Undecided, names: [&str; 2]) -> Text {
    let why = match undecided.is_too_large {
        true => "undecided: the policies are too large together",
        false => "undecided: these lines are beyond the proof",
    };
    let mut text = Text::new().field(label, why);
    for clause in undecided.clauses.iter().take(CLAUSE_COUNT_MAX) {
        let name = names[clause.policy.min(1)];
        text = text
            .say("    ")
            .foreign(name)
            .say(" ")
            .strong(&clause.rule)
            .say(": ")
            .foreign(&clause.line)
            .end();
    }
    text
}
