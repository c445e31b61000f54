//! The three truth values and Kleene's connectives.
//!
//! INVARIANT: the connectives are monotone: learning what was unknown never turns true into false or back.
//! Tests: `truth/tests.rs`.

#[cfg(test)]
mod tests;

/// True, false, or not known. The order is False < Unknown < True, so `and` is the least and `or` the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Truth {
    /// It does not hold.
    False,
    /// It cannot be told from what is there.
    Unknown,
    /// It holds.
    True,
}

impl Truth {
    /// All three, in order.
    pub const ALL: [Truth; 3] = [Truth::False, Truth::Unknown, Truth::True];

    /// False if one is false, else unknown if one is unknown.
    #[must_use]
    pub fn and(self, other: Truth) -> Truth {
        self.min(other)
    }

    /// True if one is true, else unknown if one is unknown.
    #[must_use]
    pub fn or(self, other: Truth) -> Truth {
        self.max(other)
    }

    /// The other one; unknown stays unknown.
    #[must_use]
    pub const fn negated(self) -> Truth {
        match self {
            Truth::False => Truth::True,
            Truth::Unknown => Truth::Unknown,
            Truth::True => Truth::False,
        }
    }

    /// `true`, `false` or `unknown`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Truth::False => "false",
            Truth::Unknown => "unknown",
            Truth::True => "true",
        }
    }
}

impl From<bool> for Truth {
    fn from(value: bool) -> Truth {
        if value { Truth::True } else { Truth::False }
    }
}
