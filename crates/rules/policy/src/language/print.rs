//! The one layout of an expression: single blanks, single quotes, only the brackets that help.
//!
//! INVARIANT: printing and parsing again gives the same tree, and printing that the same text.
//! Tests: `parser/tests.rs`.

use super::syntax::{Form, Node};
use alloc::format;
use alloc::string::String;

/// How tightly a form binds; brackets go around what binds less than its place asks for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    Or,
    And,
    Not,
    Comparison,
    Sum,
    Product,
    Operand,
}

/// The expression as text.
#[must_use]
pub fn print(node: &Node) -> String {
    let mut output = String::new();
    write(node, Binding::Or, &mut output);
    output
}

fn binding(form: &Form) -> Binding {
    match form {
        Form::Or(_) => Binding::Or,
        Form::And(_) => Binding::And,
        Form::Not(_) => Binding::Not,
        Form::Compare(..) | Form::Relation(..) => Binding::Comparison,
        Form::Add(..) | Form::Subtract(..) => Binding::Sum,
        Form::Multiply(..) => Binding::Product,
        _ => Binding::Operand,
    }
}

fn write(node: &Node, place: Binding, output: &mut String) {
    if binding(&node.form) < place {
        output.push('(');
        write_bare(node, output);
        output.push(')');
    } else {
        write_bare(node, output);
    }
}

fn write_bare(node: &Node, output: &mut String) {
    match &node.form {
        Form::Null => output.push_str("null"),
        Form::Bool(value) => output.push_str(if *value { "true" } else { "false" }),
        Form::Number(number) => output.push_str(&format!("{number}")),
        Form::Text(text) => write_text(text, output),
        Form::List(items) => {
            output.push('[');
            separated(items, ", ", Binding::Or, output);
            output.push(']');
        }
        Form::Name(name) => output.push_str(name),
        Form::Field(inner, name) => {
            write(inner, Binding::Operand, output);
            output.push('.');
            output.push_str(name);
        }
        Form::Index(inner, index) => {
            write(inner, Binding::Operand, output);
            output.push('[');
            write(index, Binding::Or, output);
            output.push(']');
        }
        Form::Not(inner) => {
            // Brackets that the grammar does not need, so that nobody reads `not a == b` as `(not a) == b`.
            let is_not = matches!(inner.form, Form::Not(_));
            let place = if is_not {
                Binding::Not
            } else {
                Binding::Operand
            };
            output.push_str("not ");
            write(inner, place, output);
        }
        Form::And(operands) => separated(operands, " and ", Binding::Not, output),
        Form::Or(operands) => separated(operands, " or ", Binding::And, output),
        Form::Compare(comparison, left, right) => {
            between(
                left,
                comparison.as_str(),
                right,
                (Binding::Sum, Binding::Sum),
                output,
            );
        }
        Form::Relation(relation, left, right) => {
            between(
                left,
                relation.as_str(),
                right,
                (Binding::Sum, Binding::Sum),
                output,
            );
        }
        Form::Add(left, right) => {
            between(left, "+", right, (Binding::Sum, Binding::Product), output);
        }
        Form::Subtract(left, right) => {
            between(left, "-", right, (Binding::Sum, Binding::Product), output);
        }
        Form::Multiply(left, right) => {
            between(
                left,
                "*",
                right,
                (Binding::Product, Binding::Operand),
                output,
            );
        }
        Form::Call(function, arguments) => {
            output.push_str(function.as_str());
            output.push('(');
            separated(arguments, ", ", Binding::Or, output);
            output.push(')');
        }
    }
}

fn separated(nodes: &[Node], separator: &str, place: Binding, output: &mut String) {
    for (index, node) in nodes.iter().enumerate() {
        if index > 0 {
            output.push_str(separator);
        }
        write(node, place, output);
    }
}

fn between(left: &Node, sign: &str, right: &Node, places: (Binding, Binding), output: &mut String) {
    write(left, places.0, output);
    output.push(' ');
    output.push_str(sign);
    output.push(' ');
    write(right, places.1, output);
}

/// A text in single quotes.
fn write_text(text: &str, output: &mut String) {
    output.push('\'');
    for character in text.chars() {
        match character {
            '\\' => output.push_str("\\\\"),
            '\'' => output.push_str("\\'"),
            '\n' => output.push_str("\\n"),
            '\t' => output.push_str("\\t"),
            '\r' => output.push_str("\\r"),
            control if control.is_control() => {
                output.push_str(&format!("\\u{{{:x}}}", u32::from(control)));
            }
            other => output.push(other),
        }
    }
    output.push('\'');
}
