//! Intents: what a request wants to do. The list is closed.
//!
//! TWIN: intents — the table in docs/formats/rgs.md. Tests: `compile/tests.rs`.

use core::fmt;

/// What a request wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Intent {
    /// See state, events or messages.
    Read,
    /// Append events.
    Write,
    /// Run something.
    Exec,
    /// Put a message on the bus.
    Publish,
    /// Take messages from the bus.
    Subscribe,
    /// Carry data out of the repository.
    Export,
    /// Change trust, policies or folds.
    Govern,
}

impl Intent {
    /// Every intent, in the order of the specification.
    pub const ALL: [Intent; 7] = [
        Intent::Read,
        Intent::Write,
        Intent::Exec,
        Intent::Publish,
        Intent::Subscribe,
        Intent::Export,
        Intent::Govern,
    ];

    /// The word in sources and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Intent::Read => "read",
            Intent::Write => "write",
            Intent::Exec => "exec",
            Intent::Publish => "publish",
            Intent::Subscribe => "subscribe",
            Intent::Export => "export",
            Intent::Govern => "govern",
        }
    }

    /// The intent of this word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Intent> {
        Intent::ALL
            .into_iter()
            .find(|intent| intent.as_str() == text)
    }
}

impl fmt::Display for Intent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// A set of intents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IntentSet(u8);

impl IntentSet {
    /// No intent.
    pub const NONE: IntentSet = IntentSet(0);

    /// Every intent.
    pub const ALL: IntentSet = IntentSet(0b111_1111);

    /// The set with this intent as well.
    #[must_use]
    pub const fn with(self, intent: Intent) -> IntentSet {
        IntentSet(self.0 | 1 << intent as u8)
    }

    /// Whether the intent is in the set.
    #[must_use]
    pub const fn contains(self, intent: Intent) -> bool {
        self.0 >> intent as u8 & 1 == 1
    }

    /// The intents of the set, in the order of [`Intent::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Intent> {
        Intent::ALL
            .into_iter()
            .filter(move |intent| self.contains(*intent))
    }
}
