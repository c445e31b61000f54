//! Facts: a request seen through one policy, so that deciding compares small numbers instead of texts.
//!
//! A policy knows every text its rules compare with. Making facts looks each text of the request up once: names become
//! numbers, lists become sets of bits, the address is parsed, the patterns of paths are tried, the actor is found in the
//! trust snapshot. What a rule needs beyond that it takes from the request itself.
//!
//! INVARIANT: facts say no more and no less about the request than the request does, for the questions [`Test`] asks.
//! Tests: tests/it/language/random.rs compares every answer with a plain twin.
//!
//! [`Test`]: super::decide

use super::request::{Request, TrustEntry};
use alloc::vec::Vec;
use core::net::IpAddr;
use gatos_values::Glob;

/// Most names of one kind, and most patterns, that a policy numbers. What lies beyond is compared as text.
pub(super) const SYMBOL_COUNT_MAX: usize = 256;

/// The number of a name the policy does not know.
pub(super) const UNKNOWN_SYMBOL: u16 = u16::MAX;

/// A set of symbols.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bits([u64; SYMBOL_COUNT_MAX / 64]);

impl Bits {
    pub(super) fn insert(&mut self, symbol: u16) {
        if let Some(word) = self.0.get_mut(usize::from(symbol) / 64) {
            *word |= 1 << (symbol % 64);
        }
    }

    pub(super) fn contains(&self, symbol: u16) -> bool {
        let word = self.0.get(usize::from(symbol) / 64);
        word.is_some_and(|word| word >> (symbol % 64) & 1 == 1)
    }

    /// Whether the two have a symbol in common.
    pub(super) fn meets(&self, other: &Bits) -> bool {
        self.0
            .iter()
            .zip(&other.0)
            .any(|(left, right)| left & right != 0)
    }

    /// Whether every symbol of the other is in this one.
    pub(super) fn covers(&self, other: &Bits) -> bool {
        self.0
            .iter()
            .zip(&other.0)
            .all(|(left, right)| left & right == *right)
    }
}

/// Names of one kind, sorted; the place of a name is its number.
#[derive(Clone, Debug, Default)]
pub(super) struct Symbols(Vec<alloc::boxed::Box<str>>);

impl Symbols {
    pub(super) fn from_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Symbols {
        let mut names: Vec<alloc::boxed::Box<str>> = names.into_iter().map(Into::into).collect();
        names.sort_unstable();
        names.dedup();
        names.truncate(SYMBOL_COUNT_MAX);
        Symbols(names)
    }

    /// The number of a name, or [`UNKNOWN_SYMBOL`].
    pub(super) fn number(&self, name: &str) -> u16 {
        let place = self.0.binary_search_by(|known| (**known).cmp(name));
        place
            .ok()
            .and_then(|place| u16::try_from(place).ok())
            .unwrap_or(UNKNOWN_SYMBOL)
    }

    fn bits<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Bits {
        let mut bits = Bits::default();
        for name in names {
            let number = self.number(name);
            if number != UNKNOWN_SYMBOL {
                bits.insert(number);
            }
        }
        bits
    }
}

/// Everything a policy numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Vocabulary {
    pub(super) actors: Symbols,
    pub(super) remotes: Symbols,
    pub(super) caps: Symbols,
    pub(super) labels: Symbols,
    pub(super) groups: Symbols,
    /// Different patterns of paths.
    pub(super) patterns: Vec<Pattern>,
    /// Whether a rule asks for the address.
    pub(super) has_networks: bool,
}

/// A pattern of paths, with the common shapes told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    pub(super) glob: Glob,
    shape: Shape,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// No star.
    Exact,
    /// No star but a last segment `**`; so many bytes stand before its `/`.
    Below(usize),
    /// Everything else.
    Stars,
}

impl Pattern {
    pub(super) fn new(glob: &Glob) -> Pattern {
        let text = glob.as_str();
        let shape = match text.strip_suffix("/**") {
            _ if !text.contains('*') => Shape::Exact,
            Some(folder) if !folder.contains('*') => Shape::Below(folder.len()),
            _ => Shape::Stars,
        };
        Pattern {
            glob: glob.clone(),
            shape,
        }
    }

    /// The same as the glob's own answer.
    pub(super) fn matches(&self, path: &str) -> bool {
        match self.shape {
            Shape::Exact => self.glob.as_str() == path,
            Shape::Below(size) => {
                let (path, pattern) = (path.as_bytes(), self.glob.as_str().as_bytes());
                path.get(..size) == pattern.get(..size)
                    && path.get(size).is_none_or(|byte| *byte == b'/')
            }
            Shape::Stars => self.glob.matches(path),
        }
    }
}

/// An address: missing, not one, or there.
#[derive(Clone, Copy, Debug)]
pub(super) enum Address {
    None,
    Some(IpAddr),
}

/// A request seen through one policy.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    pub(super) request: Request<'a>,
    /// `None` if the request has no actor.
    pub(super) actor: Option<u16>,
    pub(super) remote: Option<u16>,
    pub(super) caps: Option<Bits>,
    pub(super) labels: Option<Bits>,
    /// `None` if there is no actor or the snapshot does not know it.
    pub(super) level: Option<i64>,
    pub(super) groups: Option<Bits>,
    pub(super) address: Address,
    /// Which patterns match the path; `None` without a path.
    pub(super) patterns: Option<Bits>,
}

impl Vocabulary {
    pub(super) fn facts<'a>(&self, request: &Request<'a>) -> Facts<'a> {
        let entry: Option<&TrustEntry> = request.actor.and_then(|actor| request.trust.get(actor));
        let names = |symbols: &Symbols, names: Option<&[&str]>| {
            names.map(|names| symbols.bits(names.iter().copied()))
        };
        let address = match request.remote_addr {
            Some(text) if self.has_networks => text.parse().map_or(Address::None, Address::Some),
            _ => Address::None,
        };
        Facts {
            actor: request.actor.map(|actor| self.actors.number(actor)),
            remote: request.remote.map(|remote| self.remotes.number(remote)),
            caps: names(&self.caps, request.caps),
            labels: names(&self.labels, request.labels),
            level: entry.map(|entry| entry.level),
            groups: entry.map(|entry| {
                self.groups
                    .bits(entry.groups.iter().map(|group| group.as_str()))
            }),
            address,
            patterns: request.path.map(|path| self.matching(path)),
            request: *request,
        }
    }

    fn matching(&self, path: &str) -> Bits {
        let mut bits = Bits::default();
        for (number, pattern) in self.patterns.iter().enumerate() {
            if pattern.matches(path) {
                bits.insert(u16::try_from(number).unwrap_or(UNKNOWN_SYMBOL));
            }
        }
        bits
    }
}
