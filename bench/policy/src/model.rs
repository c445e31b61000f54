//! What all four languages can say, and requests about it.
//!
//! A rule allows where all its lines hold, or denies where one does. Names are lower-case words, so that no language
//! needs to quote them.

/// A rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its id.
    pub id: String,
    /// The intents it is about; all if empty.
    pub intents: Vec<&'static str>,
    /// The folder it is about; every path if `None`.
    pub below: Option<&'static str>,
    /// Whether it allows; else it denies.
    pub is_allow: bool,
    /// Its lines, at least one.
    pub lines: Vec<Test>,
}

/// A question about a request.
#[derive(Clone, Debug)]
pub enum Test {
    Cap(&'static str),
    AnyCap(Vec<&'static str>),
    AllCaps(Vec<&'static str>),
    Label(&'static str),
    Group(&'static str),
    Actor(&'static str),
    Remote(&'static str),
    Level(Order, i64),
    Epoch(Order, i64),
    /// `payload.amount`.
    Amount(Order, i64),
    /// The address lies in the network.
    Network(&'static str),
    /// The path is the folder or lies below it.
    Below(&'static str),
    PathStarts(&'static str),
    PathEnds(&'static str),
    Not(Box<Test>),
    And(Vec<Test>),
    Or(Vec<Test>),
}

/// A comparison.
#[derive(Clone, Copy, Debug)]
pub enum Order {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    pub const ALL: [Order; 6] = [
        Order::Equal,
        Order::NotEqual,
        Order::Less,
        Order::LessOrEqual,
        Order::Greater,
        Order::GreaterOrEqual,
    ];

    /// The sign, which is the same in all four languages.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Order::Equal => "==",
            Order::NotEqual => "!=",
            Order::Less => "<",
            Order::LessOrEqual => "<=",
            Order::Greater => ">",
            Order::GreaterOrEqual => ">=",
        }
    }
}

/// A request. What is `None` is missing.
#[derive(Clone, Debug)]
pub struct Request {
    pub intent: &'static str,
    pub actor: &'static str,
    pub level: i64,
    pub groups: Vec<&'static str>,
    pub caps: Option<Vec<&'static str>>,
    pub labels: Option<Vec<&'static str>>,
    pub remote: Option<&'static str>,
    pub address: Option<&'static str>,
    pub epoch: Option<i64>,
    pub path: Option<&'static str>,
    pub amount: Option<i64>,
}

/// Names between a sign, in quotes.
pub(crate) fn quoted(names: &[&str], quote: char) -> String {
    let names: Vec<String> = names
        .iter()
        .map(|name| format!("{quote}{name}{quote}"))
        .collect();
    names.join(", ")
}
