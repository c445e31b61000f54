//! Words of the language that have no type of their own: relations between two operands, and functions.
//!
//! TWIN: words — docs/formats/rgs.md. Tests: `parser/tests.rs`.

/// A predicate of two operands, written between them or as a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// The list has the item.
    Includes,
    /// The list has the item, or the text the part.
    Contains,
    /// The item is in the list.
    In,
    /// The text starts so.
    StartsWith,
    /// The text ends so.
    EndsWith,
    /// The text matches the pattern.
    MatchesGlob,
    /// The address lies in the network.
    InCidr,
    /// The first list has some item of the second.
    AnyOf,
    /// The first list has every item of the second.
    AllOf,
}

impl Relation {
    /// Every relation.
    pub const ALL: [Relation; 9] = [
        Relation::Includes,
        Relation::Contains,
        Relation::In,
        Relation::StartsWith,
        Relation::EndsWith,
        Relation::MatchesGlob,
        Relation::InCidr,
        Relation::AnyOf,
        Relation::AllOf,
    ];

    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Relation::Includes => "includes",
            Relation::Contains => "contains",
            Relation::In => "in",
            Relation::StartsWith => "starts_with",
            Relation::EndsWith => "ends_with",
            Relation::MatchesGlob => "matches_glob",
            Relation::InCidr => "in_cidr",
            Relation::AnyOf => "any_of",
            Relation::AllOf => "all_of",
        }
    }

    /// The relation of this word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Relation> {
        Relation::ALL
            .into_iter()
            .find(|relation| relation.as_str() == text)
    }
}

/// A function that is always written as a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Function {
    /// `has_cap(text)`: short for `caps includes text`.
    HasCap,
    /// `before_epoch(number)`: short for `epoch < number`.
    BeforeEpoch,
    /// `after_epoch(number)`: short for `epoch > number`.
    AfterEpoch,
    /// `len(list or text)`.
    Len,
    /// `lower(text)`.
    Lower,
    /// `upper(text)`.
    Upper,
    /// `quorum(list, group, count)`.
    Quorum,
}

impl Function {
    /// Every function.
    pub const ALL: [Function; 7] = [
        Function::HasCap,
        Function::BeforeEpoch,
        Function::AfterEpoch,
        Function::Len,
        Function::Lower,
        Function::Upper,
        Function::Quorum,
    ];

    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Function::HasCap => "has_cap",
            Function::BeforeEpoch => "before_epoch",
            Function::AfterEpoch => "after_epoch",
            Function::Len => "len",
            Function::Lower => "lower",
            Function::Upper => "upper",
            Function::Quorum => "quorum",
        }
    }

    /// The function of this word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Function> {
        Function::ALL
            .into_iter()
            .find(|function| function.as_str() == text)
    }

    /// How many arguments it takes.
    #[must_use]
    pub const fn argument_count(self) -> usize {
        match self {
            Function::Quorum => 3,
            _ => 1,
        }
    }
}

/// Words that are no variable.
pub const KEYWORDS: [&str; 7] = ["and", "or", "not", "true", "false", "null", "trust"];
