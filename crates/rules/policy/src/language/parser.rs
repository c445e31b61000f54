//! The parser of expressions: precedence climbing by one function for each line of the grammar.
//!
//! INVARIANT: it recurses and builds at most [`DEPTH_MAX`] levels, whatever the text.
//! Grammar: docs/formats/rgs.md. Tests: `parser/tests.rs`, also on sentences made from the grammar.

#[cfg(test)]
mod tests;

use super::expression::{Comparison, DEPTH_MAX};
use super::names::{Function, KEYWORDS, Relation};
use super::syntax::{Form, Node};
use super::tokens::{Token, TokenKind, tokens};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use gatos_values::Number;
use gatos_yaml::Fix;

/// Longest text of one expression, in bytes.
pub const CLAUSE_SIZE_MAX: usize = 4096;

/// Why a text is not an expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} (byte {offset})")]
pub struct SyntaxError {
    /// Byte offset in the text.
    pub offset: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// The same as an edit, where it is known word for word.
    pub fix: Option<Fix>,
}

impl SyntaxError {
    pub(super) fn new(offset: usize, message: String, hint: impl Into<String>) -> SyntaxError {
        SyntaxError {
            offset,
            message,
            hint: hint.into(),
            fix: None,
        }
    }

    pub(super) fn with_fix(self, fix: Option<Fix>) -> SyntaxError {
        SyntaxError { fix, ..self }
    }
}

/// Parses one expression.
///
/// # Errors
/// [`SyntaxError`] at the first thing that does not fit.
pub fn parse(text: &str) -> Result<Node, SyntaxError> {
    if text.len() > CLAUSE_SIZE_MAX {
        let message = format!(
            "the line has {} bytes, more than {CLAUSE_SIZE_MAX}",
            text.len()
        );
        return Err(SyntaxError::new(0, message, "split it into several lines"));
    }
    let mut parser = Parser {
        tokens: tokens(text)?,
        next: 0,
        level: 0,
    };
    let tree = parser.clause()?;
    match parser.peek() {
        TokenKind::End => Ok(tree.node),
        _ => Err(parser.unexpected("an operator or the end")),
    }
}

/// A node with its levels, so that the limit is kept without walking the tree again.
struct Tree {
    node: Node,
    depth: usize,
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
    /// Brackets and `not`s around the place that is being read.
    level: usize,
}

type Parsed = Result<Tree, SyntaxError>;

impl Parser {
    fn clause(&mut self) -> Parsed {
        self.level += 1;
        if self.level > DEPTH_MAX {
            return Err(self.too_deep(self.offset()));
        }
        let tree = self.chain("or", Form::Or, Parser::conjunction);
        self.level -= 1;
        tree
    }

    fn conjunction(&mut self) -> Parsed {
        self.chain("and", Form::And, Parser::negation)
    }

    /// Operands with one word between them.
    fn chain(
        &mut self,
        word: &str,
        form: fn(Vec<Node>) -> Form,
        operand: fn(&mut Parser) -> Parsed,
    ) -> Parsed {
        let first = operand(self)?;
        if !self.at_word(word) {
            return Ok(first);
        }
        let offset = first.node.offset;
        let mut operands = vec![first];
        while self.take_word(word) {
            operands.push(operand(self)?);
        }
        self.tree(offset, operands, form)
    }

    fn negation(&mut self) -> Parsed {
        let offset = self.offset();
        if !self.take_word("not") {
            return self.comparison();
        }
        self.level += 1;
        if self.level > DEPTH_MAX {
            return Err(self.too_deep(offset));
        }
        let inner = self.negation()?;
        self.level -= 1;
        self.tree(offset, vec![inner], |mut nodes| {
            Form::Not(first(&mut nodes))
        })
    }

    fn comparison(&mut self) -> Parsed {
        let left = self.sum()?;
        let offset = left.node.offset;
        let tree = if let Some(comparison) = self.take_comparison() {
            let right = self.sum()?;
            self.pair(offset, left, right, |left, right| {
                Form::Compare(comparison, left, right)
            })?
        } else if let Some(relation) = self.take_relation() {
            let right = self.sum()?;
            self.pair(offset, left, right, |left, right| {
                Form::Relation(relation, left, right)
            })?
        } else {
            return Ok(left);
        };
        if self.at_comparison() {
            let message = "comparisons do not chain".to_string();
            let hint = "write `a < b and b < c`, or use brackets";
            return Err(SyntaxError::new(self.offset(), message, hint));
        }
        Ok(tree)
    }

    fn sum(&mut self) -> Parsed {
        let mut left = self.product()?;
        loop {
            let offset = left.node.offset;
            let form = if self.take_sign("+") {
                Form::Add
            } else if self.take_sign("-") {
                Form::Subtract
            } else {
                return Ok(left);
            };
            let right = self.product()?;
            left = self.pair(offset, left, right, form)?;
        }
    }

    fn product(&mut self) -> Parsed {
        let mut left = self.operand()?;
        while self.take_sign("*") {
            let offset = left.node.offset;
            let right = self.operand()?;
            left = self.pair(offset, left, right, Form::Multiply)?;
        }
        Ok(left)
    }

    /// A primary with fields and indexes behind it.
    fn operand(&mut self) -> Parsed {
        let mut inner = self.primary()?;
        loop {
            let offset = inner.node.offset;
            if self.take_sign(".") {
                let TokenKind::Word(name) = self.peek().clone() else {
                    return Err(self.unexpected("a field name"));
                };
                self.next += 1;
                inner = self.tree(offset, vec![inner], |mut nodes| {
                    Form::Field(first(&mut nodes), name)
                })?;
            } else if self.take_sign("[") {
                let index = self.clause()?;
                self.expect("]")?;
                inner = self.pair(offset, inner, index, Form::Index)?;
            } else {
                return Ok(inner);
            }
        }
    }

    fn primary(&mut self) -> Parsed {
        let offset = self.offset();
        let kind = self.peek().clone();
        self.next += 1;
        match kind {
            TokenKind::Number(number) => self.leaf(offset, Form::Number(number)),
            TokenKind::Text(text) => self.leaf(offset, Form::Text(text)),
            TokenKind::Word(word) => self.word(offset, word),
            TokenKind::Sign("-") => self.negative(offset),
            TokenKind::Sign("(") => {
                let inner = self.clause()?;
                self.expect(")")?;
                Ok(inner)
            }
            TokenKind::Sign("[") => {
                let items = self.items("]", true)?;
                self.tree(offset, items, Form::List)
            }
            _ => {
                self.next -= 1;
                Err(self.unexpected("a value"))
            }
        }
    }

    fn negative(&mut self, offset: usize) -> Parsed {
        let negated = match self.peek() {
            TokenKind::Number(number) => number.checked_neg().ok(),
            _ => None,
        };
        let Some(number) = negated else {
            return Err(self.unexpected("a number"));
        };
        self.next += 1;
        self.leaf(offset, Form::Number(number))
    }

    fn word(&mut self, offset: usize, word: String) -> Parsed {
        let form = match word.as_str() {
            "true" => Form::Bool(true),
            "false" => Form::Bool(false),
            "null" => Form::Null,
            _ if self.at_sign("(") => return self.call(offset, &word),
            "and" | "or" | "not" => {
                self.next -= 1;
                return Err(self.unexpected("a value"));
            }
            _ => Form::Name(word),
        };
        self.leaf(offset, form)
    }

    fn call(&mut self, offset: usize, word: &str) -> Parsed {
        let (function, relation) = (Function::parse(word), Relation::parse(word));
        if function.is_none() && relation.is_none() {
            return Err(not_a_function(offset, word));
        }
        self.next += 1;
        let mut arguments = self.items(")", false)?;
        let expected = function.map_or(2, Function::argument_count);
        if arguments.len() != expected {
            let message = format!(
                "`{word}` takes {expected} arguments, not {}",
                arguments.len()
            );
            return Err(SyntaxError::new(offset, message, "see docs/formats/rgs.md"));
        }
        if let Some(function) = function {
            return self.tree(offset, arguments, |nodes| Form::Call(function, nodes));
        }
        match (arguments.pop(), arguments.pop(), relation) {
            (Some(right), Some(left), Some(relation)) => {
                self.pair(offset, left, right, |left, right| {
                    Form::Relation(relation, left, right)
                })
            }
            _ => Err(self.unexpected("two arguments")),
        }
    }

    /// Clauses with commas between them, up to the closing sign.
    fn items(&mut self, close: &'static str, may_trail: bool) -> Result<Vec<Tree>, SyntaxError> {
        let mut items = Vec::new();
        if self.take_sign(close) {
            return Ok(items);
        }
        loop {
            items.push(self.clause()?);
            if self.take_sign(close) {
                return Ok(items);
            }
            if !self.take_sign(",") {
                return Err(self.unexpected(&format!("`,` or `{close}`")));
            }
            if may_trail && self.take_sign(close) {
                return Ok(items);
            }
        }
    }

    // Building.

    fn leaf(&self, offset: usize, form: Form) -> Parsed {
        self.tree(offset, Vec::new(), |_| form)
    }

    fn pair(
        &self,
        offset: usize,
        left: Tree,
        right: Tree,
        form: impl FnOnce(Box<Node>, Box<Node>) -> Form,
    ) -> Parsed {
        let depth = 1 + left.depth.max(right.depth);
        if depth > DEPTH_MAX {
            return Err(self.too_deep(offset));
        }
        let form = form(Box::new(left.node), Box::new(right.node));
        let node = Node { offset, form };
        Ok(Tree { node, depth })
    }

    fn tree(
        &self,
        offset: usize,
        children: Vec<Tree>,
        form: impl FnOnce(Vec<Node>) -> Form,
    ) -> Parsed {
        let depth = 1 + children.iter().map(|child| child.depth).max().unwrap_or(0);
        if depth > DEPTH_MAX {
            return Err(self.too_deep(offset));
        }
        let form = form(children.into_iter().map(|child| child.node).collect());
        let node = Node { offset, form };
        Ok(Tree { node, depth })
    }

    fn too_deep(&self, offset: usize) -> SyntaxError {
        let message = format!("nested deeper than {DEPTH_MAX} levels");
        SyntaxError::new(
            offset,
            message,
            "write it flatter, or split it into several lines",
        )
    }

    // Tokens.

    fn peek(&self) -> &TokenKind {
        self.tokens
            .get(self.next)
            .map_or(&TokenKind::End, |token| &token.kind)
    }

    fn offset(&self) -> usize {
        let token = self.tokens.get(self.next).or(self.tokens.last());
        token.map_or(0, |token| token.offset)
    }

    fn at_word(&self, word: &str) -> bool {
        matches!(self.peek(), TokenKind::Word(found) if found == word)
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.at_word(word);
        self.next += usize::from(found);
        found
    }

    fn at_sign(&self, sign: &str) -> bool {
        matches!(self.peek(), TokenKind::Sign(found) if *found == sign)
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let found = self.at_sign(sign);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), SyntaxError> {
        if self.take_sign(sign) {
            return Ok(());
        }
        Err(self.unexpected(&format!("`{sign}`")))
    }

    fn comparison_here(&self) -> Option<Comparison> {
        let TokenKind::Sign(sign) = self.peek() else {
            return None;
        };
        Comparison::ALL
            .into_iter()
            .find(|comparison| comparison.as_str() == *sign)
    }

    fn relation_here(&self) -> Option<Relation> {
        match self.peek() {
            TokenKind::Word(word) => Relation::parse(word),
            _ => None,
        }
    }

    fn at_comparison(&self) -> bool {
        self.comparison_here().is_some() || self.relation_here().is_some()
    }

    fn take_comparison(&mut self) -> Option<Comparison> {
        let found = self.comparison_here();
        self.next += usize::from(found.is_some());
        found
    }

    fn take_relation(&mut self) -> Option<Relation> {
        let found = self.relation_here();
        self.next += usize::from(found.is_some());
        found
    }

    fn unexpected(&self, wanted: &str) -> SyntaxError {
        let message = format!("expected {wanted}, found {}", self.peek().shown());
        let hint = match self.peek() {
            TokenKind::Word(word) if KEYWORDS.contains(&word.as_str()) => {
                "a word of the language stands where something else belongs"
            }
            TokenKind::Word(_) => "put text in quotes",
            TokenKind::End => "the line stops too early, or a bracket is not closed",
            _ => "check the signs and brackets around this place",
        };
        SyntaxError::new(self.offset(), message, hint)
    }
}

/// The only child; a leaf in its place cannot occur.
fn first(nodes: &mut Vec<Node>) -> Box<Node> {
    let missing = Node {
        offset: 0,
        form: Form::Number(Number::ZERO),
    };
    Box::new(nodes.pop().unwrap_or(missing))
}

fn not_a_function(offset: usize, word: &str) -> SyntaxError {
    let names: Vec<&str> = Function::ALL
        .into_iter()
        .map(Function::as_str)
        .chain(Relation::ALL.into_iter().map(Relation::as_str))
        .collect();
    let alike = names.iter().find(|name| name.eq_ignore_ascii_case(word));
    let hint = match alike {
        Some(name) => format!("write `{name}`"),
        None => format!("functions are {}", names.join(", ")),
    };
    SyntaxError::new(offset, format!("`{word}` is not a function"), hint)
        .with_fix(alike.map(|name| Fix::new(word, *name)))
}
