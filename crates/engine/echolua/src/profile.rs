//! The two profiles of the one language: what a source may say and what its numbers are.
//!
//! Tests: `tests/it/front.rs`.

/// Which rules a program keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Profile {
    /// Pure and total: integers that trap and Q32.32, no order that is not defined, no coroutines.
    Fold,
    /// Lua 5.4 for worlds: integers that wrap and binary64 with one NaN.
    Script,
}

impl Profile {
    /// The word of the profile on the command line and in messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Profile::Fold => "fold",
            Profile::Script => "script",
        }
    }

    /// The profile with this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Profile> {
        match word {
            "fold" => Some(Profile::Fold),
            "script" => Some(Profile::Script),
            _ => None,
        }
    }
}
