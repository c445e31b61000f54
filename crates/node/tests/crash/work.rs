//! What the writers append: calls that their name decides, so that a later process can repeat one exactly.
//!
//! Each payload says to which call it belongs, which place it has there and how many there are, so that
//! the judge sees half a call for what it is.

use gatos_node::{Acknowledgement, Intent};
use gatos_values::{Actor, EventType, IdempotencyKey, Map, Namespace, Text, Value};

use crate::dice::Dice;

/// The first one makes the repository.
pub const ACTORS: &[&str] = &["user:alice", "user:bob", "service:ci"];
pub const NAMESPACES: &[&str] = &["ops", "finance", "finance/eu"];

/// Names one call: the writer's seed, the thread, the number of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CallName {
    pub writer: u64,
    pub thread: u64,
    pub number: u64,
}

impl std::fmt::Display for CallName {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}-{}-{}", self.writer, self.thread, self.number)
    }
}

impl CallName {
    /// The writer's seed decides the kind of its calls, so that whoever repeats one draws the same.
    fn mix(self) -> Mix {
        match self.writer % 2 {
            0 => Mix::Everything,
            _ => Mix::VisibleSingles,
        }
    }

    pub fn parse(text: &str) -> Option<CallName> {
        let mut parts = text.split('-').map(|part| part.parse().ok());
        Some(CallName {
            writer: parts.next()??,
            thread: parts.next()??,
            number: parts.next()??,
        })
    }
}

/// One call to append.
pub struct Call {
    pub intents: Vec<Intent>,
    pub ack: Acknowledgement,
    /// Whether its events carry idempotency keys, so that it may be repeated.
    pub can_repeat: bool,
}

/// What kind of calls a writer makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mix {
    /// One to 64 events a call, durable or visible, small and large.
    Everything,
    /// One small event a call, visible: a pack a call, so that upkeep has work.
    VisibleSingles,
}

impl Mix {
    /// A writer's seed out of a random number.
    pub fn seed(self, random: u64) -> u64 {
        let even = random % (1 << 40) * 2;
        match self {
            Mix::Everything => even,
            Mix::VisibleSingles => even + 1,
        }
    }
}

impl Call {
    pub fn draw(name: CallName) -> Call {
        let mix = name.mix();
        let mut dice = Dice::new(
            name.writer
                .wrapping_mul(1_000_003)
                .wrapping_add(name.thread)
                .wrapping_mul(1_000_003)
                .wrapping_add(name.number),
        );
        let (length, ack) = match mix {
            Mix::VisibleSingles => (1, Acknowledgement::Visible),
            Mix::Everything => (length(&mut dice), level(&mut dice)),
        };
        let can_repeat = dice.one_in(3);
        let crosses_journals = length > 1 && dice.one_in(3);
        let actor = *dice.choose(ACTORS);
        let ns = *dice.choose(NAMESPACES);
        let intents = (0..length)
            .map(|index| {
                let (actor, ns) = match crosses_journals {
                    true => (*dice.choose(ACTORS), *dice.choose(NAMESPACES)),
                    false => (actor, ns),
                };
                let padding = padding(&mut dice, mix);
                let mut intent = Intent::new(
                    Namespace::parse(ns).expect("a namespace of the test"),
                    EventType::parse("crash.tick").expect("a type of the test"),
                    payload(name, index, length, padding),
                );
                intent.actor = Some(Actor::parse(actor).expect("an actor of the test"));
                if can_repeat {
                    let key = format!("{name}-{index}");
                    intent.idem = Some(IdempotencyKey::parse(&key).expect("a key of the test"));
                }
                intent
            })
            .collect();
        Call {
            intents,
            ack,
            can_repeat,
        }
    }
}

fn length(dice: &mut Dice) -> u64 {
    match dice.below(4) {
        0 => dice.between(1, 64),
        1 => dice.between(1, 8),
        _ => 1,
    }
}

fn level(dice: &mut Dice) -> Acknowledgement {
    match dice.one_in(3) {
        true => Acknowledgement::Visible,
        false => Acknowledgement::Durable,
    }
}

/// Mostly small; now and then so large that a few calls fill a segment of the log.
fn padding(dice: &mut Dice, mix: Mix) -> usize {
    let size = match (mix, dice.below(64)) {
        (Mix::VisibleSingles, _) => dice.below(40),
        (_, 0) => dice.between(20_000, 60_000),
        (_, 1..=3) => dice.between(1_000, 8_000),
        _ => dice.below(300),
    };
    usize::try_from(size).expect("a small number")
}

fn payload(name: CallName, index: u64, length: u64, padding: usize) -> Value {
    let text = |content: &str| Value::Text(Text::new(content).expect("ASCII is text"));
    Value::Map(
        Map::new()
            .with("call", text(&name.to_string()))
            .with("index", Value::from(index))
            .with("of", Value::from(length))
            .with("padding", text(&"x".repeat(padding))),
    )
}
