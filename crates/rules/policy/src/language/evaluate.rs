//! What an expression is worth for a request: a datum, or unknown with where and why.
//!
//! One arm for each expression, nothing clever: this file is the definition. `decide` is the fast road to the same
//! answers, and the tests compare the two.
//!
//! INVARIANT: total. What is missing, of the wrong type, out of range or no address is unknown, and unknown spreads
//! as in Kleene's logic. Text compares by its bytes; numbers are exact or unknown.
//! TWIN: semantics — docs/formats/rgs.md. Tests: `evaluate/tests.rs`, tests/it/language.

#[cfg(test)]
mod tests;

use super::expression::{Comparison, Expression, Literal, TrustField, Variable};
use super::request::{Request, TrustEntry};
use super::truth::Truth;
use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::net::IpAddr;
use gatos_values::{Number, Text, Value};

/// Why something is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnknownCause {
    /// The request, the payload or the trust snapshot does not have it.
    Missing,
    /// It is there, but of a type the operation has no answer for.
    WrongType,
    /// The number is outside the range of numbers.
    Overflow,
    /// The text is not an address.
    BadAddress,
}

impl UnknownCause {
    /// Every cause.
    pub const ALL: [UnknownCause; 4] = [
        UnknownCause::Missing,
        UnknownCause::WrongType,
        UnknownCause::Overflow,
        UnknownCause::BadAddress,
    ];

    /// The word in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            UnknownCause::Missing => "missing",
            UnknownCause::WrongType => "wrong_type",
            UnknownCause::Overflow => "overflow",
            UnknownCause::BadAddress => "bad_address",
        }
    }
}

/// The innermost expression that has no value, and why. Of several, the leftmost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unknown<'p> {
    /// The expression.
    pub expression: &'p Expression,
    /// Why.
    pub cause: UnknownCause,
}

/// What a known expression is worth.
#[derive(Clone, Debug)]
pub enum Datum<'a> {
    /// `null`.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    Text(Cow<'a, str>),
    /// A list of the request.
    Names(&'a [&'a str]),
    /// A list of the trust snapshot.
    Texts(&'a [Text]),
    /// A list of the policy.
    Literals(&'a [Literal]),
    /// A list of the payload.
    Values(&'a [Value]),
    /// A map or bytes of the payload.
    Other(&'a Value),
}

/// A datum, or unknown.
pub type Outcome<'a> = Result<Datum<'a>, Unknown<'a>>;

/// What the expression is worth.
///
/// # Errors
/// [`Unknown`].
pub fn evaluate<'a>(expression: &'a Expression, request: &Request<'a>) -> Outcome<'a> {
    let unknown = |cause| Unknown { expression, cause };
    match expression {
        Expression::Literal(literal) => Ok(literal_datum(literal)),
        Expression::List(items) => Ok(Datum::Literals(items)),
        Expression::Variable(variable) => {
            variable_datum(*variable, request).ok_or(unknown(UnknownCause::Missing))
        }
        Expression::Field(inner, name) => {
            let found = match evaluate(inner, request)? {
                Datum::Other(Value::Map(map)) => map.get(name),
                _ => return Err(wrong_type(inner)),
            };
            found.map(value_datum).ok_or(unknown(UnknownCause::Missing))
        }
        Expression::Index(inner, index) => {
            let found = match (evaluate(inner, request)?, evaluate(index, request)?) {
                (Datum::Other(Value::Map(map)), Datum::Text(name)) => map.get(&name),
                (Datum::Values(items), Datum::Number(number)) => item_at(items, number),
                (Datum::Other(Value::Map(_)) | Datum::Values(_), _) => {
                    return Err(wrong_type(index));
                }
                _ => return Err(wrong_type(inner)),
            };
            found.map(value_datum).ok_or(unknown(UnknownCause::Missing))
        }
        Expression::Trust(actor, field) => {
            let name = text(actor, request)?;
            let entry = request.trust.get(&name);
            entry
                .map(|entry| trust_datum(entry, *field))
                .ok_or(unknown(UnknownCause::Missing))
        }
        Expression::Not(inner) => Ok(Datum::Bool(!truth_of(inner, request)?)),
        Expression::And(operands) => connective(operands, request, false),
        Expression::Or(operands) => connective(operands, request, true),
        Expression::Compare(comparison, left, right) => {
            let (left, right) = (evaluate(left, request)?, evaluate(right, request)?);
            compare(*comparison, &left, &right)
                .ok_or(unknown(UnknownCause::WrongType))
                .map(Datum::Bool)
        }
        Expression::Add(left, right) => {
            let (left, right) = (number(left, request)?, number(right, request)?);
            let sum = left.checked_add(right);
            sum.map(Datum::Number)
                .map_err(|_| unknown(UnknownCause::Overflow))
        }
        Expression::Subtract(left, right) => {
            let (left, right) = (number(left, request)?, number(right, request)?);
            let difference = left.checked_sub(right);
            difference
                .map(Datum::Number)
                .map_err(|_| unknown(UnknownCause::Overflow))
        }
        Expression::Multiply(inner, factor) => {
            let multiple = number(inner, request)?.checked_multiple(*factor);
            multiple
                .map(Datum::Number)
                .map_err(|_| unknown(UnknownCause::Overflow))
        }
        Expression::Includes(list, item) => {
            let (items, item) = (list_items(list, request)?, evaluate(item, request)?);
            kleene(includes(&items, &item), expression)
        }
        Expression::Contains(whole, part) => {
            let (whole_datum, part_datum) = (evaluate(whole, request)?, evaluate(part, request)?);
            match (&whole_datum, &part_datum) {
                (Datum::Text(whole), Datum::Text(part)) => Ok(Datum::Bool(whole.contains(&**part))),
                (Datum::Text(_), _) => Err(wrong_type(part)),
                _ => match items_of(&whole_datum) {
                    Some(items) => kleene(includes(&items, &part_datum), expression),
                    None => Err(wrong_type(whole)),
                },
            }
        }
        Expression::StartsWith(whole, part) => {
            let (whole, part) = (text(whole, request)?, text(part, request)?);
            Ok(Datum::Bool(whole.starts_with(&*part)))
        }
        Expression::EndsWith(whole, part) => {
            let (whole, part) = (text(whole, request)?, text(part, request)?);
            Ok(Datum::Bool(whole.ends_with(&*part)))
        }
        Expression::MatchesGlob(inner, glob) => {
            Ok(Datum::Bool(glob.matches(&text(inner, request)?)))
        }
        Expression::InNetwork(inner, network) => {
            let address: Result<IpAddr, _> = text(inner, request)?.parse();
            let address = address.map_err(|_| Unknown {
                expression: inner,
                cause: UnknownCause::BadAddress,
            })?;
            Ok(Datum::Bool(network.contains(address)))
        }
        Expression::AnyOf(list, wanted) => {
            let (items, wanted) = (list_items(list, request)?, list_items(wanted, request)?);
            let any = wanted.iter().map(|item| includes(&items, item));
            kleene(any.fold(Truth::False, Truth::or), expression)
        }
        Expression::AllOf(list, wanted) => {
            let (items, wanted) = (list_items(list, request)?, list_items(wanted, request)?);
            let all = wanted.iter().map(|item| includes(&items, item));
            kleene(all.fold(Truth::True, Truth::and), expression)
        }
        Expression::Length(inner) => {
            let datum = evaluate(inner, request)?;
            let length = match &datum {
                Datum::Text(text) => text.len(),
                list => items_of(list).ok_or(wrong_type(inner))?.len(),
            };
            Ok(Datum::Number(Number::Integer(length as i128)))
        }
        Expression::Lower(inner) => Ok(Datum::Text(Cow::Owned(
            text(inner, request)?.to_ascii_lowercase(),
        ))),
        Expression::Upper(inner) => Ok(Datum::Text(Cow::Owned(
            text(inner, request)?.to_ascii_uppercase(),
        ))),
        Expression::Quorum {
            actors,
            group,
            count,
        } => {
            let actors = list_items(actors, request)?;
            kleene(quorum(&actors, group, *count, request), expression)
        }
    }
}

/// What a line of a rule is: a datum that is not a truth value is unknown.
#[must_use]
pub fn judge<'a>(
    expression: &'a Expression,
    request: &Request<'a>,
) -> (Truth, Option<Unknown<'a>>) {
    match truth_of(expression, request) {
        Ok(value) => (Truth::from(value), None),
        Err(unknown) => (Truth::Unknown, Some(unknown)),
    }
}

fn truth_of<'a>(expression: &'a Expression, request: &Request<'a>) -> Result<bool, Unknown<'a>> {
    match evaluate(expression, request)? {
        Datum::Bool(value) => Ok(value),
        _ => Err(wrong_type(expression)),
    }
}

/// `and` stops at false, `or` at true; else the first unknown operand stands for the whole.
fn connective<'a>(operands: &'a [Expression], request: &Request<'a>, stop: bool) -> Outcome<'a> {
    let mut first_unknown = None;
    for operand in operands {
        match truth_of(operand, request) {
            Ok(value) if value == stop => return Ok(Datum::Bool(stop)),
            Ok(_) => {}
            Err(unknown) => first_unknown = first_unknown.or(Some(unknown)),
        }
    }
    first_unknown.map_or(Ok(Datum::Bool(!stop)), Err)
}

fn kleene(truth: Truth, expression: &Expression) -> Outcome<'_> {
    match truth {
        Truth::True => Ok(Datum::Bool(true)),
        Truth::False => Ok(Datum::Bool(false)),
        Truth::Unknown => Err(wrong_type(expression)),
    }
}

const fn wrong_type(expression: &Expression) -> Unknown<'_> {
    Unknown {
        expression,
        cause: UnknownCause::WrongType,
    }
}

fn text<'a>(
    expression: &'a Expression,
    request: &Request<'a>,
) -> Result<Cow<'a, str>, Unknown<'a>> {
    match evaluate(expression, request)? {
        Datum::Text(text) => Ok(text),
        _ => Err(wrong_type(expression)),
    }
}

fn number<'a>(expression: &'a Expression, request: &Request<'a>) -> Result<Number, Unknown<'a>> {
    match evaluate(expression, request)? {
        Datum::Number(number) => Ok(number),
        _ => Err(wrong_type(expression)),
    }
}

fn list_items<'a>(
    expression: &'a Expression,
    request: &Request<'a>,
) -> Result<Vec<Datum<'a>>, Unknown<'a>> {
    items_of(&evaluate(expression, request)?).ok_or(wrong_type(expression))
}

/// The items, if it is a list.
fn items_of<'a>(datum: &Datum<'a>) -> Option<Vec<Datum<'a>>> {
    Some(match datum {
        Datum::Names(names) => names
            .iter()
            .map(|name| Datum::Text(Cow::Borrowed(*name)))
            .collect(),
        Datum::Texts(texts) => texts
            .iter()
            .map(|text| Datum::Text(Cow::Borrowed(text.as_str())))
            .collect(),
        Datum::Literals(literals) => literals.iter().map(literal_datum).collect(),
        Datum::Values(values) => values.iter().map(value_datum).collect(),
        _ => return None,
    })
}

fn includes(items: &[Datum<'_>], wanted: &Datum<'_>) -> Truth {
    items
        .iter()
        .map(|item| equal(item, wanted))
        .fold(Truth::False, Truth::or)
}

/// Equality. Null equals null and nothing else; lists are equal item by item; things of different kinds, maps and
/// bytes have no answer.
fn equal(left: &Datum<'_>, right: &Datum<'_>) -> Truth {
    match (left, right) {
        (Datum::Null, Datum::Null) => Truth::True,
        (Datum::Null, _) | (_, Datum::Null) => Truth::False,
        (Datum::Bool(left), Datum::Bool(right)) => Truth::from(left == right),
        (Datum::Number(left), Datum::Number(right)) => Truth::from(left == right),
        (Datum::Text(left), Datum::Text(right)) => Truth::from(left == right),
        _ => match (items_of(left), items_of(right)) {
            (Some(left), Some(right)) if left.len() != right.len() => Truth::False,
            (Some(left), Some(right)) => {
                let pairs = left.iter().zip(&right);
                pairs
                    .map(|(left, right)| equal(left, right))
                    .fold(Truth::True, Truth::and)
            }
            _ => Truth::Unknown,
        },
    }
}

/// `None` where the two have no order, or no equality.
fn compare(comparison: Comparison, left: &Datum<'_>, right: &Datum<'_>) -> Option<bool> {
    let equality = || match equal(left, right) {
        Truth::True => Some(true),
        Truth::False => Some(false),
        Truth::Unknown => None,
    };
    match comparison {
        Comparison::Equal => equality(),
        Comparison::NotEqual => equality().map(|equal| !equal),
        _ => match (left, right) {
            (Datum::Number(left), Datum::Number(right)) => Some(comparison.holds(left.cmp(right))),
            (Datum::Text(left), Datum::Text(right)) => Some(comparison.holds(left.cmp(right))),
            _ => None,
        },
    }
}

/// An item that is no text may be anybody; an actor the snapshot does not know belongs to no group.
fn quorum(actors: &[Datum<'_>], group: &str, count: u32, request: &Request<'_>) -> Truth {
    let mut members: Vec<&str> = Vec::new();
    let mut unclear: u64 = 0;
    for actor in actors {
        match actor {
            Datum::Text(name) => {
                let is_member = request
                    .trust
                    .get(name)
                    .is_some_and(|entry| entry.is_in(group));
                if is_member && !members.contains(&&**name) {
                    members.push(name);
                }
            }
            _ => unclear += 1,
        }
    }
    let sure = members.len() as u64;
    let count = u64::from(count);
    if sure >= count {
        Truth::True
    } else if sure + unclear < count {
        Truth::False
    } else {
        Truth::Unknown
    }
}

fn literal_datum(literal: &Literal) -> Datum<'_> {
    match literal {
        Literal::Null => Datum::Null,
        Literal::Bool(value) => Datum::Bool(*value),
        Literal::Number(number) => Datum::Number(*number),
        Literal::Text(text) => Datum::Text(Cow::Borrowed(text)),
    }
}

fn value_datum(value: &Value) -> Datum<'_> {
    match value {
        Value::Null => Datum::Null,
        Value::Bool(value) => Datum::Bool(*value),
        Value::Integer(integer) => Datum::Number(Number::Integer(*integer)),
        Value::Fixed(fixed) => Datum::Number(Number::from_fixed(*fixed)),
        Value::Text(text) => Datum::Text(Cow::Borrowed(text)),
        Value::List(items) => Datum::Values(items),
        Value::Map(_) | Value::Bytes(_) => Datum::Other(value),
    }
}

fn variable_datum<'a>(variable: Variable, request: &Request<'a>) -> Option<Datum<'a>> {
    let text = |text: Option<&'a str>| text.map(|text| Datum::Text(Cow::Borrowed(text)));
    match variable {
        Variable::Intent => text(Some(request.intent.as_str())),
        Variable::Actor => text(request.actor),
        Variable::Caps => request.caps.map(Datum::Names),
        Variable::Labels => request.labels.map(Datum::Names),
        Variable::Remote => text(request.remote),
        Variable::RemoteAddr => text(request.remote_addr),
        Variable::Epoch => request
            .epoch
            .map(|epoch| Datum::Number(Number::Integer(i128::from(epoch)))),
        Variable::Path => text(request.path),
        Variable::Resource => text(request.resource),
        Variable::Payload => request.payload.map(value_datum),
    }
}

fn trust_datum(entry: &TrustEntry, field: TrustField) -> Datum<'_> {
    match field {
        TrustField::Level => Datum::Number(Number::Integer(i128::from(entry.level))),
        TrustField::Groups => Datum::Texts(&entry.groups),
    }
}

fn item_at(items: &[Value], number: Number) -> Option<&Value> {
    let index = usize::try_from(number.as_integer()?).ok()?;
    items.get(index)
}
