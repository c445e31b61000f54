//! The grammar of docs/formats/rgs.md is the parser's: sentences made from it parse, and print and parse again.
//!
//! `GATOS_GRAMMAR_SENTENCES` makes more of them.

use super::generator::Chooser;
use gatos_policy::language::syntax::{parse, print};
use std::collections::BTreeMap;
use std::path::Path;

/// What stands on the right of a rule.
#[derive(Clone, Debug)]
enum Part {
    Word(String),
    Rule(String),
    Sequence(Vec<Part>),
    Choice(Vec<Part>),
    Optional(Box<Part>),
    Repeated(Box<Part>),
}

struct Grammar(BTreeMap<String, Part>);

fn grammar() -> Grammar {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs/formats/rgs.md");
    let page = std::fs::read_to_string(path).expect("the page");
    let (_, after) = page.split_once("```ebnf\n").expect("a block");
    let (block, _) = after.split_once("```").expect("its end");
    let mut tokens = tokens(block).into_iter().peekable();
    let mut rules = BTreeMap::new();
    while let Some(name) = tokens.next() {
        assert_eq!(tokens.next().as_deref(), Some("="), "after {name}");
        rules.insert(name, choice(&mut tokens));
        assert_eq!(tokens.next().as_deref(), Some(";"));
    }
    Grammar(rules)
}

/// Names, quoted words with their first quote kept, and signs.
fn tokens(block: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = block.trim_start();
    while let Some(first) = rest.chars().next() {
        let size = match first {
            '"' | '\'' => 2 + rest[1..].find(first).expect("a closing quote"),
            'a'..='z' | 'A'..='Z' => rest
                .find(|c: char| !c.is_alphanumeric())
                .unwrap_or(rest.len()),
            _ => 1,
        };
        let is_quoted = matches!(first, '"' | '\'');
        tokens.push(rest[..size - usize::from(is_quoted)].to_owned());
        rest = rest[size..].trim_start();
    }
    tokens
}

type Tokens = std::iter::Peekable<std::vec::IntoIter<String>>;

fn choice(tokens: &mut Tokens) -> Part {
    let mut parts = vec![sequence(tokens)];
    while tokens.next_if(|token| token == "|").is_some() {
        parts.push(sequence(tokens));
    }
    Part::Choice(parts)
}

fn sequence(tokens: &mut Tokens) -> Part {
    let mut parts = vec![part(tokens)];
    while tokens.next_if(|token| token == ",").is_some() {
        parts.push(part(tokens));
    }
    Part::Sequence(parts)
}

fn part(tokens: &mut Tokens) -> Part {
    let token = tokens.next().expect("a part");
    let mut inner = |close: &str| {
        let inner = choice(tokens);
        assert_eq!(tokens.next().as_deref(), Some(close));
        inner
    };
    match token.as_str() {
        "(" => inner(")"),
        "[" => Part::Optional(Box::new(inner("]"))),
        "{" => Part::Repeated(Box::new(inner("}"))),
        _ => match token.strip_prefix(['"', '\'']) {
            Some(word) => Part::Word(word.to_owned()),
            None => Part::Rule(token),
        },
    }
}

impl Grammar {
    /// Appends a sentence of the part; `fuel` bounds how much is optional.
    fn speak(
        &self,
        part: &Part,
        is_word: bool,
        chooser: &mut Chooser,
        fuel: &mut u64,
        output: &mut String,
    ) {
        match part {
            Part::Word(word) => {
                output.push_str(word);
                if !is_word {
                    output.push(' ');
                }
            }
            Part::Rule(name) => {
                let inside = name.starts_with(|first: char| first.is_ascii_uppercase());
                let rule = self.0.get(name).unwrap_or_else(|| panic!("no rule {name}"));
                self.speak(rule, inside, chooser, fuel, output);
                if inside && !is_word {
                    output.push(' ');
                }
            }
            Part::Sequence(parts) => {
                parts
                    .iter()
                    .for_each(|part| self.speak(part, is_word, chooser, fuel, output));
            }
            Part::Choice(parts) => {
                // Without fuel only alternatives without rules of the syntax, so that sentences end.
                let short: Vec<&Part> = parts
                    .iter()
                    .filter(|part| *fuel > 0 || part.is_short())
                    .collect();
                let parts = if short.is_empty() {
                    parts.iter().collect()
                } else {
                    short
                };
                *fuel = fuel.saturating_sub(1);
                let chosen = chooser.pick(&parts);
                self.speak(chosen, is_word, chooser, fuel, output);
            }
            Part::Optional(inner) => {
                if *fuel > 0 && chooser.percent(40) {
                    self.speak(inner, is_word, chooser, fuel, output);
                }
            }
            Part::Repeated(inner) => {
                while *fuel > 0 && chooser.percent(30) {
                    self.speak(inner, is_word, chooser, fuel, output);
                }
            }
        }
    }
}

impl Part {
    fn is_short(&self) -> bool {
        match self {
            Part::Word(_) => true,
            Part::Rule(name) => !["clause", "list", "call", "negation"].contains(&name.as_str()),
            Part::Sequence(parts) | Part::Choice(parts) => parts.iter().all(Part::is_short),
            Part::Optional(_) | Part::Repeated(_) => true,
        }
    }
}

#[test]
fn sentences_of_the_grammar_parse() {
    let grammar = grammar();
    let count = std::env::var("GATOS_GRAMMAR_SENTENCES")
        .ok()
        .and_then(|text| text.parse().ok());
    let (mut longest, mut too_deep) = (0, 0);
    for seed in 0..count.unwrap_or(2_000_u64) {
        let mut chooser = Chooser::new(seed);
        let (mut fuel, mut sentence) = (20 + chooser.below(150), String::new());
        grammar.speak(
            &grammar.0["clause"],
            false,
            &mut chooser,
            &mut fuel,
            &mut sentence,
        );
        match parse(&sentence) {
            Ok(node) => {
                let text = print(&node);
                let again =
                    parse(&text).unwrap_or_else(|error| panic!("seed {seed}: {text}: {error}"));
                assert_eq!(print(&again), text, "seed {seed}: {sentence}");
                longest = longest.max(sentence.len());
            }
            Err(error) if error.message.contains("nested deeper") => too_deep += 1,
            Err(error) => panic!("seed {seed}: {sentence}: {error}"),
        }
        // A sentence with a hole is one or is none; it never does harm.
        let hole = usize::try_from(chooser.below(sentence.len() as u64)).expect("small");
        let holed: String = sentence
            .char_indices()
            .filter(|(at, _)| *at != hole)
            .map(|(_, c)| c)
            .collect();
        if let Ok(node) = parse(&holed) {
            assert!(parse(&print(&node)).is_ok(), "seed {seed}: {holed}");
        }
    }
    assert!(
        longest > 200 && too_deep * 10 < count.unwrap_or(2_000),
        "{longest} bytes, {too_deep} too deep"
    );
}
