//! Which texts there are as far as some tests can tell: one text, or a few, for each combination of answers.
//!
//! Every test is a small machine that reads a text character by character; all machines run side by side, and each
//! state that they reach together stands for all the texts that lead there. Characters that no test names are one
//! letter of the alphabet, or, where texts are ordered, one for each gap between named ones.
//!
//! INVARIANT: two texts that reach the same state get the same answer from every test, and every state that some text
//! reaches has a witness, or [`witnesses`] gives none at all.
//! Tests: `texts/tests.rs`, which counts on the evaluator.

#[cfg(test)]
mod tests;

use super::glob_machine::GlobMachine;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use gatos_values::text::is_nfc_assigned;

/// Most work of one exploration: states × letters × machines.
pub const STEP_COUNT_MAX: usize = 1 << 24;

/// Most states of one exploration.
const STATE_COUNT_MAX: usize = 1 << 15;

/// Texts kept for one state.
const TEXT_COUNT_MAX: usize = 3;

/// Longest length that tests may count, in bytes.
pub const LENGTH_MAX: usize = 256;

/// Case that a test ignores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fold {
    /// None.
    Exact,
    /// It reads `A`–`Z` as `a`–`z`.
    Lower,
    /// It reads `a`–`z` as `A`–`Z`.
    Upper,
}

impl Fold {
    const fn apply(self, letter: char) -> char {
        match self {
            Fold::Exact => letter,
            Fold::Lower => letter.to_ascii_lowercase(),
            Fold::Upper => letter.to_ascii_uppercase(),
        }
    }
}

/// One test of a text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TextTest {
    /// Whether it is this text.
    Is(String),
    /// Whether it starts with this text, or is a start of it.
    Follows(String),
    /// How it compares with this text, and all that [`TextTest::Follows`] tells.
    Order(String),
    /// Whether this is a part of it.
    Contains(String),
    /// Whether it ends with this.
    EndsWith(String),
    /// Whether it is a part, or an end, of this.
    Within(String),
    /// Whether it matches this pattern, whose segments lie between `/`.
    Glob(String),
    /// How many bytes it has, told up to this many.
    Length(usize),
}

impl TextTest {
    fn named(&self) -> &str {
        match self {
            TextTest::Is(text)
            | TextTest::Follows(text)
            | TextTest::Order(text)
            | TextTest::Contains(text)
            | TextTest::EndsWith(text)
            | TextTest::Within(text)
            | TextTest::Glob(text) => text,
            TextTest::Length(_) => "",
        }
    }
}

/// A few texts for each state that the tests can reach, every state once; `None` if that is too much work.
/// `step_count_max` bounds the steps of all machines.
pub fn witnesses(
    tests: &BTreeSet<(Fold, TextTest)>,
    step_count_max: usize,
) -> Option<Vec<Vec<String>>> {
    let alphabet = alphabet(tests);
    let mut machines: Vec<(Fold, Machine)> = tests
        .iter()
        .map(|(fold, test)| (*fold, Machine::new(test)))
        .collect();
    let step_cost = alphabet.len() * machines.len().max(1);
    let state_count_max = STATE_COUNT_MAX.min(step_count_max / step_cost);
    let start: Vec<u32> = machines
        .iter()
        .map(|(_, machine)| machine.start())
        .collect();
    let mut states = BTreeMap::from([(start.clone(), 0_usize)]);
    let mut found: Vec<Vec<String>> = vec![vec![String::new()]];
    let mut pending = VecDeque::from([(start, 0_usize)]);
    while let Some((state, index)) = pending.pop_front() {
        for letter in &alphabet {
            let next: Vec<u32> = state
                .iter()
                .zip(&mut machines)
                .map(|(state, (fold, machine))| machine.step(*state, fold.apply(*letter)))
                .collect();
            let mut text = found[index][0].clone();
            text.push(*letter);
            if let Some(known) = states.get(&next) {
                let texts = &mut found[*known];
                if texts.len() < TEXT_COUNT_MAX && is_nfc_assigned(&text) {
                    texts.push(text);
                }
                continue;
            }
            if found.len() >= state_count_max {
                return None;
            }
            states.insert(next.clone(), found.len());
            pending.push_back((next, found.len()));
            found.push(vec![text]);
        }
    }
    Some(found)
}

/// One letter for each kind of character that the tests tell apart.
fn alphabet(tests: &BTreeSet<(Fold, TextTest)>) -> Vec<char> {
    let mut named: BTreeSet<char> = BTreeSet::new();
    for (fold, test) in tests {
        for letter in test.named().chars() {
            named.insert(letter);
            if *fold != Fold::Exact {
                named.insert(letter.to_ascii_lowercase());
                named.insert(letter.to_ascii_uppercase());
            }
        }
    }
    if tests
        .iter()
        .any(|(_, test)| matches!(test, TextTest::Glob(_)))
    {
        named.insert('/');
    }
    let ordered = tests
        .iter()
        .any(|(_, test)| matches!(test, TextTest::Order(_)));
    let counted = tests
        .iter()
        .any(|(_, test)| matches!(test, TextTest::Length(_)));
    let folded = tests.iter().any(|(fold, _)| *fold != Fold::Exact);
    // Where one gap between named letters must be told from the next.
    let mut cuts: BTreeSet<u32> = BTreeSet::new();
    if ordered {
        cuts.extend(named.iter().map(|letter| *letter as u32));
        // A folded letter is compared as another one.
        if folded {
            cuts.extend([
                u32::from('A'),
                u32::from('Z') + 1,
                u32::from('a'),
                u32::from('z') + 1,
            ]);
        }
    }
    if counted {
        cuts.extend([0x80, 0x800, 0x1_0000]);
    }
    let mut alphabet: Vec<char> = named.iter().copied().collect();
    let starts = core::iter::once(0).chain(cuts.iter().copied());
    let ends = cuts.iter().copied().chain(core::iter::once(0x11_0000));
    for (start, end) in starts.zip(ends) {
        alphabet.extend(unnamed(&named, start, end));
    }
    alphabet
}

/// A readable character from `start` up to `end` that no test names.
fn unnamed(named: &BTreeSet<char>, start: u32, end: u32) -> Option<char> {
    let readable = "xyzuvwqXYZabcdefghijklmnoprst0123456789-_.".chars();
    let readable = readable.filter(|letter| (start..end).contains(&(*letter as u32)));
    let others = (start..end)
        .take(4096)
        .filter_map(char::from_u32)
        .filter(|letter| {
            let mut buffer = [0; 4];
            !letter.is_control() && is_nfc_assigned(letter.encode_utf8(&mut buffer))
        });
    let controls = (start..end).filter_map(char::from_u32);
    readable
        .chain(others)
        .chain(controls.take(64))
        .find(|letter| !named.contains(letter))
}

enum Machine {
    /// How far the text follows this one; then off, or where it went off.
    Follow {
        text: Vec<char>,
        ordered: bool,
    },
    /// How much of this the text ends with; at the whole it may stay.
    Search {
        text: Vec<char>,
        stays: bool,
    },
    /// The sets of ends at which the text stands inside this one.
    Within {
        text: Vec<char>,
        sets: Vec<Vec<usize>>,
    },
    Glob(GlobMachine),
    Length {
        length_max: usize,
    },
}

impl Machine {
    fn new(test: &TextTest) -> Machine {
        let letters = |text: &String| text.chars().collect();
        match test {
            TextTest::Is(text) | TextTest::Follows(text) => Machine::Follow {
                text: letters(text),
                ordered: false,
            },
            TextTest::Order(text) => Machine::Follow {
                text: letters(text),
                ordered: true,
            },
            TextTest::Contains(text) => Machine::Search {
                text: letters(text),
                stays: true,
            },
            TextTest::EndsWith(text) => Machine::Search {
                text: letters(text),
                stays: false,
            },
            TextTest::Within(text) => {
                let text: Vec<char> = letters(text);
                Machine::Within {
                    sets: vec![(0..=text.len()).collect()],
                    text,
                }
            }
            TextTest::Glob(pattern) => Machine::Glob(GlobMachine::new(pattern)),
            TextTest::Length(length_max) => Machine::Length {
                length_max: (*length_max).min(LENGTH_MAX),
            },
        }
    }

    const fn start(&self) -> u32 {
        0
    }

    fn step(&mut self, state: u32, letter: char) -> u32 {
        match self {
            Machine::Follow { text, ordered } => follow(text, *ordered, state, letter),
            Machine::Search { text, stays } => search(text, *stays, state as usize, letter),
            Machine::Within { text, sets } => {
                let ends = &sets[state as usize];
                let next = ends.iter().filter(|end| text.get(**end) == Some(&letter));
                let next: Vec<usize> = next.map(|end| end + 1).collect();
                number(sets, next)
            }
            Machine::Glob(machine) => machine.step(state, letter),
            Machine::Length { length_max } => {
                (state as usize + letter.len_utf8()).min(*length_max + 1) as u32
            }
        }
    }
}

/// The number of a set among those seen.
pub fn number<T: PartialEq>(sets: &mut Vec<T>, wanted: T) -> u32 {
    let known = sets.iter().position(|set| *set == wanted);
    let index = known.unwrap_or_else(|| {
        sets.push(wanted);
        sets.len() - 1
    });
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// States: 0..=length while the text follows; then longer, less, greater.
fn follow(text: &[char], ordered: bool, state: u32, letter: char) -> u32 {
    let length = text.len() as u32;
    let (longer, less, greater) = (length + 1, length + 2, length + 3);
    if state == length || state == longer {
        return longer;
    }
    match text.get(state as usize) {
        None => state,
        Some(expected) if *expected == letter => state + 1,
        Some(expected) if ordered && letter < *expected => less,
        Some(_) => greater,
    }
}

/// The longest start of `text` that what was read ends with.
fn search(text: &[char], stays: bool, matched: usize, letter: char) -> u32 {
    if stays && matched == text.len() {
        return matched as u32;
    }
    let mut read: Vec<char> = text[..matched].to_vec();
    read.push(letter);
    let longest = (0..=read.len().min(text.len()))
        .rev()
        .find(|count| read.ends_with(&text[..*count]));
    longest.unwrap_or(0) as u32
}
