//! From syntax to expressions: names, types, short forms, constants.
//!
//! INVARIANT 1: lowering what [`raise`](super::raise::raise) makes of a lowered expression gives the expression again. The reader of `.rgc`
//! relies on it: there is one set of checks.
//! INVARIANT 2: folding keeps the value for every request, unknown included.
//! TWIN: expressions. Tests: `lower/tests.rs`.

mod constants;
mod settled;
#[cfg(test)]
mod tests;

use constants::folded;
pub use settled::is_settled;
use settled::variable_type;

use super::expression::{Comparison, Expression, Literal, NODE_COUNT_MAX, TrustField, Variable};
use super::names::{Function, Relation};
use super::network::{Network, NetworkError};
use super::syntax::{Form, Node, SyntaxError};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt::{self, Display, Formatter};
use gatos_values::{Glob, Text};
use gatos_yaml::Fix;

/// Most actors a `quorum` may ask for.
pub const QUORUM_COUNT_MAX: u32 = 1000;

/// What is known of an expression's values before any request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    /// Out of the payload: anything.
    Any,
    Null,
    Bool,
    Number,
    Text,
    /// A list of texts.
    Texts,
    /// A list of other constants.
    List,
}

impl Type {
    const fn shown(self) -> &'static str {
        match self {
            Type::Any => "anything",
            Type::Null => "null",
            Type::Bool => "a truth value",
            Type::Number => "a number",
            Type::Text => "a text",
            Type::Texts => "a list of texts",
            Type::List => "a list",
        }
    }

    const fn is_list(self) -> bool {
        matches!(self, Type::Any | Type::Texts | Type::List)
    }
}

/// A word of the language in a message.
#[derive(Clone, Copy)]
struct Quoted(&'static str);

impl Display for Quoted {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}`", self.0)
    }
}

struct Typed {
    expression: Expression,
    kind: Type,
    offset: usize,
}

type Lowered = Result<Typed, SyntaxError>;

/// Checks and resolves one line of a rule.
///
/// # Errors
/// The first thing that does not fit, with its place.
pub fn lower_clause(node: &Node) -> Result<Expression, SyntaxError> {
    let typed = lower(node)?;
    expect(&typed, Type::Bool, "a line of a rule")?;
    let count = typed.expression.node_count();
    if count > NODE_COUNT_MAX {
        let message = format!("the line has {count} parts, more than {NODE_COUNT_MAX}");
        return Err(SyntaxError::new(
            node.offset,
            message,
            "split it into several lines",
        ));
    }
    Ok(typed.expression)
}

fn lower(node: &Node) -> Lowered {
    let offset = node.offset;
    let typed = |expression, kind| Typed {
        expression: folded(expression),
        kind,
        offset,
    };
    let literal = |literal, kind| Ok(typed(Expression::Literal(literal), kind));
    match &node.form {
        Form::Null => literal(Literal::Null, Type::Null),
        Form::Bool(value) => literal(Literal::Bool(*value), Type::Bool),
        Form::Number(number) => literal(Literal::Number(number.normalised()), Type::Number),
        Form::Text(text) => literal(Literal::Text(text.clone()), Type::Text),
        Form::List(items) => list(items, offset),
        Form::Name(name) => name_typed(name, offset),
        Form::Field(inner, name) => field(inner, name, offset),
        Form::Index(inner, index) => indexed(inner, index, offset),
        Form::Not(inner) => {
            let inner = operand(inner, Type::Bool, "`not`")?;
            Ok(typed(Expression::Not(Box::new(inner)), Type::Bool))
        }
        Form::And(operands) => Ok(typed(
            Expression::And(truths(operands, "`and`")?),
            Type::Bool,
        )),
        Form::Or(operands) => Ok(typed(Expression::Or(truths(operands, "`or`")?), Type::Bool)),
        Form::Compare(comparison, left, right) => {
            let (left, right) = comparable(*comparison, left, right)?;
            let expression = Expression::Compare(*comparison, Box::new(left), Box::new(right));
            Ok(typed(expression, Type::Bool))
        }
        Form::Add(left, right) => {
            let (left, right) = numbers(left, right, "`+`")?;
            Ok(typed(Expression::Add(left, right), Type::Number))
        }
        Form::Subtract(left, right) => {
            let (left, right) = numbers(left, right, "`-`")?;
            Ok(typed(Expression::Subtract(left, right), Type::Number))
        }
        Form::Multiply(left, right) => Ok(typed(multiple(left, right, offset)?, Type::Number)),
        Form::Relation(relation, left, right) => {
            Ok(typed(related(*relation, left, right)?, Type::Bool))
        }
        Form::Call(function, arguments) => {
            let (expression, kind) = called(*function, arguments, offset)?;
            Ok(typed(expression, kind))
        }
    }
}

/// `whose` is written only where it does not fit.
fn expect(typed: &Typed, wanted: Type, whose: impl Display) -> Result<(), SyntaxError> {
    let fits = typed.kind == wanted
        || typed.kind == Type::Any
        || (wanted == Type::List && typed.kind.is_list());
    if fits {
        return Ok(());
    }
    let message = format!(
        "{whose} must be {}, not {}",
        wanted.shown(),
        typed.kind.shown()
    );
    let hint = match (wanted, typed.kind) {
        (Type::Bool, _) => "compare it with something",
        (Type::Text, Type::Number) => "put the number in quotes",
        (Type::Number, Type::Text) => "write the number without quotes",
        (Type::List, Type::Text) => "use `contains` or `==` for text, or put the text in a list",
        _ => "see docs/formats/rgs.md for what fits where",
    };
    Err(SyntaxError::new(typed.offset, message, hint))
}

fn operand(
    node: &Node,
    wanted: Type,
    whose: impl Display + Copy,
) -> Result<Expression, SyntaxError> {
    let typed = lower(node)?;
    expect(&typed, wanted, format_args!("the operand of {whose}"))?;
    Ok(typed.expression)
}

fn boxed(
    node: &Node,
    wanted: Type,
    whose: impl Display + Copy,
) -> Result<Box<Expression>, SyntaxError> {
    operand(node, wanted, whose).map(Box::new)
}

fn truths(operands: &[Node], whose: impl Display + Copy) -> Result<Vec<Expression>, SyntaxError> {
    operands
        .iter()
        .map(|node| operand(node, Type::Bool, whose))
        .collect()
}

fn numbers(
    left: &Node,
    right: &Node,
    whose: impl Display + Copy,
) -> Result<(Box<Expression>, Box<Expression>), SyntaxError> {
    Ok((
        boxed(left, Type::Number, whose)?,
        boxed(right, Type::Number, whose)?,
    ))
}

fn list(items: &[Node], offset: usize) -> Lowered {
    let mut literals = Vec::with_capacity(items.len());
    for item in items {
        let typed = lower(item)?;
        let Expression::Literal(literal) = typed.expression else {
            let hint = "compare with each of them, with `or` between";
            let message = "a list holds constants only".to_string();
            return Err(SyntaxError::new(item.offset, message, hint));
        };
        literals.push(literal);
    }
    let texts = literals
        .iter()
        .all(|literal| matches!(literal, Literal::Text(_)));
    Ok(Typed {
        expression: Expression::List(literals),
        kind: if texts { Type::Texts } else { Type::List },
        offset,
    })
}

fn name_typed(name: &str, offset: usize) -> Lowered {
    let Some(variable) = Variable::parse(name) else {
        return Err(unknown_name(name, offset));
    };
    Ok(Typed {
        expression: Expression::Variable(variable),
        kind: variable_type(variable),
        offset,
    })
}

fn unknown_name(name: &str, offset: usize) -> SyntaxError {
    if name == "trust" {
        let message = "`trust` by itself has no value".to_string();
        return SyntaxError::new(
            offset,
            message,
            "write `trust[actor].level` or `trust[actor].groups`",
        );
    }
    let names = Variable::ALL.map(Variable::as_str);
    let alike = names.iter().find(|known| {
        known.eq_ignore_ascii_case(name) || known.starts_with(name) || name.starts_with(**known)
    });
    let hint = match alike {
        Some(known) => format!("write `{known}`, or put text in quotes"),
        None => format!("put text in quotes; names are {}, trust", names.join(", ")),
    };
    SyntaxError::new(offset, format!("`{name}` is not a part of a request"), hint)
        .with_fix(alike.map(|known| Fix::new(name, *known)))
}

/// `trust[actor].level`, or a member of a map in the payload.
fn field(inner: &Node, name: &str, offset: usize) -> Lowered {
    if let Form::Index(base, actor) = &inner.form
        && is_trust(base)
    {
        let actor = boxed(actor, Type::Text, "`trust[…]`")?;
        let Some(field) = TrustField::parse(name) else {
            let message = format!("trust has no field `{name}`");
            return Err(SyntaxError::new(
                offset,
                message,
                "fields are `level` and `groups`",
            ));
        };
        return Ok(Typed {
            expression: Expression::Trust(actor, field),
            kind: match field {
                TrustField::Level => Type::Number,
                TrustField::Groups => Type::Texts,
            },
            offset,
        });
    }
    let text = Text::new(name).map_err(|cause| {
        SyntaxError::new(offset, cause.to_string(), "use assigned characters only")
    })?;
    let inner = payload_part(inner)?;
    Ok(Typed {
        expression: Expression::Field(Box::new(inner), text),
        kind: Type::Any,
        offset,
    })
}

fn is_trust(node: &Node) -> bool {
    matches!(&node.form, Form::Name(name) if name == "trust")
}

fn indexed(inner: &Node, index: &Node, offset: usize) -> Lowered {
    if is_trust(inner) {
        let message = "`trust[…]` by itself has no value".to_string();
        return Err(SyntaxError::new(
            offset,
            message,
            "add `.level` or `.groups`",
        ));
    }
    let inner = Box::new(payload_part(inner)?);
    let key = lower(index)?;
    let expression = match (key.expression, key.kind) {
        (Expression::Literal(Literal::Text(name)), _) => Expression::Field(inner, name),
        (key, Type::Text | Type::Number | Type::Any) => Expression::Index(inner, Box::new(key)),
        (_, kind) => {
            let message = format!("an index is a text or a number, not {}", kind.shown());
            return Err(SyntaxError::new(
                index.offset,
                message,
                "write a name in quotes or a number",
            ));
        }
    };
    Ok(Typed {
        expression,
        kind: Type::Any,
        offset,
    })
}

fn payload_part(node: &Node) -> Result<Expression, SyntaxError> {
    let typed = lower(node)?;
    if typed.kind == Type::Any {
        return Ok(typed.expression);
    }
    let message = format!("{} has no parts", typed.kind.shown());
    let hint = "only `payload` and `trust[actor]` have parts";
    Err(SyntaxError::new(node.offset, message, hint))
}

fn comparable(
    comparison: Comparison,
    left: &Node,
    right: &Node,
) -> Result<(Expression, Expression), SyntaxError> {
    let (left, right) = (lower(left)?, lower(right)?);
    let equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
    if !equality {
        let unordered = |kind| !matches!(kind, Type::Number | Type::Text | Type::Any);
        if let Some(typed) = [&left, &right]
            .into_iter()
            .find(|typed| unordered(typed.kind))
        {
            let message = format!(
                "`{}` has no order for {}",
                comparison.as_str(),
                typed.kind.shown()
            );
            return Err(SyntaxError::new(
                typed.offset,
                message,
                "numbers and texts have an order",
            ));
        }
    }
    let free = |kind| kind == Type::Any || (equality && kind == Type::Null);
    let lists = left.kind.is_list() && right.kind.is_list();
    if left.kind != right.kind && !free(left.kind) && !free(right.kind) && !lists {
        let (left_kind, right_kind) = (left.kind.shown(), right.kind.shown());
        let message = format!("{left_kind} and {right_kind} never compare");
        let hint = match (left.kind.is_list(), right.kind.is_list()) {
            (true, false) => "write `includes` to look into a list",
            (false, true) => "write `in` to look into a list",
            _ => "compare things of one kind",
        };
        return Err(SyntaxError::new(right.offset, message, hint));
    }
    Ok((left.expression, right.expression))
}

fn multiple(left: &Node, right: &Node, offset: usize) -> Result<Expression, SyntaxError> {
    let (left, right) = numbers(left, right, "`*`")?;
    let integer = |expression: &Expression| match expression {
        Expression::Literal(Literal::Number(number)) => number.as_integer(),
        _ => None,
    };
    match (integer(&left), integer(&right)) {
        (_, Some(factor)) => Ok(Expression::Multiply(left, factor)),
        (Some(factor), _) => Ok(Expression::Multiply(right, factor)),
        _ => {
            let message = "`*` needs a constant integer on one side".to_string();
            Err(SyntaxError::new(offset, message, "multiply by a constant"))
        }
    }
}

fn related(relation: Relation, left: &Node, right: &Node) -> Result<Expression, SyntaxError> {
    let name = Quoted(relation.as_str());
    let texts = || {
        Ok((
            boxed(left, Type::Text, name)?,
            boxed(right, Type::Text, name)?,
        ))
    };
    let lists = || {
        Ok((
            boxed(left, Type::List, name)?,
            boxed(right, Type::List, name)?,
        ))
    };
    match relation {
        Relation::Includes => included(left, right, name),
        Relation::In => included(right, left, name),
        Relation::Contains => contained(left, right, name),
        Relation::StartsWith => texts().map(|(left, right)| Expression::StartsWith(left, right)),
        Relation::EndsWith => texts().map(|(left, right)| Expression::EndsWith(left, right)),
        Relation::AnyOf => lists().map(|(left, right)| Expression::AnyOf(left, right)),
        Relation::AllOf => lists().map(|(left, right)| Expression::AllOf(left, right)),
        Relation::MatchesGlob => {
            let left = boxed(left, Type::Text, name)?;
            let pattern = constant_text(right, name)?;
            let glob = Glob::parse(&pattern, '/')
                .map_err(|cause| SyntaxError::new(right.offset, cause.to_string(), GLOB_HINT))?;
            Ok(Expression::MatchesGlob(left, glob))
        }
        Relation::InCidr => {
            let left = boxed(left, Type::Text, name)?;
            let written = constant_text(right, name)?;
            let network = Network::parse(&written).map_err(|cause| {
                let message = format!("`{written}` is not a network: {cause}");
                let hint = match cause {
                    NetworkError::HostBits(network) | NetworkError::Spelling(network) => {
                        format!("write '{network}'")
                    }
                    NetworkError::Form => "write '10.0.0.0/8' or '2001:db8::/32'".to_string(),
                };
                SyntaxError::new(right.offset, message, hint)
            })?;
            Ok(Expression::InNetwork(left, network))
        }
    }
}

/// What to say about patterns.
pub const GLOB_HINT: &str =
    "`*` stands for anything within a segment, `**` for any number of whole segments";

fn included(list: &Node, item: &Node, name: Quoted) -> Result<Expression, SyntaxError> {
    let (list, item) = (lower(list)?, lower(item)?);
    expect(&list, Type::List, format_args!("the list of {name}"))?;
    includes_typed(list, item)
}

fn includes_typed(list: Typed, item: Typed) -> Result<Expression, SyntaxError> {
    if list.kind == Type::Texts && !matches!(item.kind, Type::Text | Type::Any | Type::Null) {
        let message = format!("a list of texts never has {} in it", item.kind.shown());
        let hint = match item.kind {
            Type::Texts => "write `any_of` or `all_of` to compare two lists",
            _ => "put it in quotes",
        };
        return Err(SyntaxError::new(item.offset, message, hint));
    }
    Ok(Expression::Includes(
        Box::new(list.expression),
        Box::new(item.expression),
    ))
}

/// `contains` of a list is `includes`; of a text it looks for a part; of the payload the request tells.
fn contained(whole: &Node, part: &Node, name: Quoted) -> Result<Expression, SyntaxError> {
    let (whole, part) = (lower(whole)?, lower(part)?);
    match whole.kind {
        Type::Texts | Type::List => return includes_typed(whole, part),
        Type::Text => expect(
            &part,
            Type::Text,
            format_args!("the part that {name} looks for"),
        )?,
        Type::Any => {}
        kind => {
            let message = format!("{name} looks into a list or a text, not {}", kind.shown());
            let hint = "see docs/formats/rgs.md for what fits where";
            return Err(SyntaxError::new(whole.offset, message, hint));
        }
    }
    Ok(Expression::Contains(
        Box::new(whole.expression),
        Box::new(part.expression),
    ))
}

fn constant_text(node: &Node, name: Quoted) -> Result<Text, SyntaxError> {
    match lower(node)?.expression {
        Expression::Literal(Literal::Text(text)) => Ok(text),
        _ => {
            let message = format!("{name} needs a constant text");
            Err(SyntaxError::new(
                node.offset,
                message,
                "write the text in quotes",
            ))
        }
    }
}

fn called(
    function: Function,
    arguments: &[Node],
    offset: usize,
) -> Result<(Expression, Type), SyntaxError> {
    let name = Quoted(function.as_str());
    let [first, rest @ ..] = arguments else {
        let message = format!("{name} needs an argument");
        return Err(SyntaxError::new(offset, message, "see docs/formats/rgs.md"));
    };
    let variable = |variable| Box::new(Expression::Variable(variable));
    let epoch = |comparison| {
        let bound = boxed(first, Type::Number, name)?;
        Ok((
            Expression::Compare(comparison, variable(Variable::Epoch), bound),
            Type::Bool,
        ))
    };
    match function {
        Function::HasCap => {
            let cap = boxed(first, Type::Text, name)?;
            Ok((
                Expression::Includes(variable(Variable::Caps), cap),
                Type::Bool,
            ))
        }
        Function::BeforeEpoch => epoch(Comparison::Less),
        Function::AfterEpoch => epoch(Comparison::Greater),
        Function::Lower => Ok((
            Expression::Lower(boxed(first, Type::Text, name)?),
            Type::Text,
        )),
        Function::Upper => Ok((
            Expression::Upper(boxed(first, Type::Text, name)?),
            Type::Text,
        )),
        Function::Len => {
            let inner = lower(first)?;
            if inner.kind != Type::Text {
                expect(&inner, Type::List, "the operand of `len`")?;
            }
            Ok((Expression::Length(Box::new(inner.expression)), Type::Number))
        }
        Function::Quorum => Ok((quorum(first, rest, name)?, Type::Bool)),
    }
}

fn quorum(actors: &Node, rest: &[Node], name: Quoted) -> Result<Expression, SyntaxError> {
    let actors = boxed(actors, Type::List, name)?;
    let [group, count_node] = rest else {
        let message = format!("{name} takes 3 arguments");
        return Err(SyntaxError::new(
            0,
            message,
            "write `quorum(payload.approvals, 'group', 2)`",
        ));
    };
    let group = constant_text(group, name)?;
    let count = match lower(count_node)?.expression {
        Expression::Literal(Literal::Number(number)) => number
            .as_integer()
            .and_then(|integer| u32::try_from(integer).ok())
            .filter(|count| (1..=QUORUM_COUNT_MAX).contains(count)),
        _ => None,
    };
    let Some(count) = count else {
        let message = format!("{name} needs a constant count from 1 to {QUORUM_COUNT_MAX}");
        return Err(SyntaxError::new(
            count_node.offset,
            message,
            "write a number such as 2",
        ));
    };
    Ok(Expression::Quorum {
        actors,
        group,
        count,
    })
}
