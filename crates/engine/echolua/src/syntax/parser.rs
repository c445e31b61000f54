//! From tokens to the syntax tree, going on after mistakes.
//!
//! After a mistake the parser skips to a token that can start a statement, so that an editor gets a tree and every
//! mistake at once. Blocks keep what was read.
//!
//! INVARIANT: nesting is bounded by [`NESTING_MAX`], the tree's height by [`HEIGHT_MAX`].
//! Tests: `tests/it/front.rs`.

mod expression;

use super::lexer::{Lexer, Token};
use super::tree::{
    Attribute, Block, Expression, ExpressionKind, FunctionBody, Name, Statement, StatementKind,
};
use super::{HEIGHT_MAX, NESTING_MAX};
use crate::finding::{Finding, Place};
use crate::profile::Profile;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// What came of a source.
pub struct Parsed<'a> {
    /// The main function: variadic, without parameters.
    pub main: FunctionBody<'a>,
    /// What was wrong.
    pub findings: Vec<Finding>,
}

/// Reads a whole source.
#[must_use]
pub fn parse(source: &[u8], profile: Profile) -> Parsed<'_> {
    let mut lexer = Lexer::new(source, profile);
    let (token, place) = lexer.next_token();
    let mut parser = Parser {
        lexer,
        token,
        place,
        last_line: 1,
        depth: 0,
        height: 0,
        function_height: 0,
        findings: Vec::new(),
        stop: false,
    };
    let mut body = parser.block();
    while parser.token != Token::End && !parser.stop {
        parser.unexpected("<eof>");
        parser.advance();
        body.statements.append(&mut parser.block().statements);
    }
    let end_line = parser.place.line;
    let mut findings = parser.lexer.findings;
    findings.append(&mut parser.findings);
    findings.sort_by_key(|finding| finding.place);
    let main = FunctionBody {
        place: Place { line: 0, column: 1 },
        end_line,
        parameters: Vec::new(),
        is_variadic: true,
        body,
    };
    Parsed { main, findings }
}

/// A mistake was noted; the parser has to find its feet again.
struct Lost;
type Parse<T> = Result<T, Lost>;

/// More findings than this help nobody.
const FINDING_COUNT_MAX: usize = 50;

struct Parser<'a> {
    lexer: Lexer<'a>,
    token: Token<'a>,
    place: Place,
    last_line: u32,
    depth: u32,
    /// Highest expression so far of the function that is being read.
    height: u32,
    /// That of the function read last.
    function_height: u32,
    findings: Vec<Finding>,
    stop: bool,
}

impl<'a> Parser<'a> {
    fn advance(&mut self) -> Token<'a> {
        self.last_line = self.place.line;
        let (token, place) = self.lexer.next_token();
        self.place = place;
        core::mem::replace(&mut self.token, token)
    }

    fn is(&self, mark: &'static str) -> bool {
        self.token == Token::Mark(mark)
    }

    fn accept(&mut self, mark: &'static str) -> bool {
        let found = self.is(mark);
        if found {
            self.advance();
        }
        found
    }

    fn expect(&mut self, mark: &'static str) -> Parse<()> {
        if self.accept(mark) {
            return Ok(());
        }
        Err(self.unexpected(mark))
    }

    /// Expects the mark that closes what was opened at `open`.
    fn close(&mut self, mark: &'static str, opening: &str, open: Place) -> Parse<()> {
        if self.accept(mark) {
            return Ok(());
        }
        if open.line == self.place.line {
            return Err(self.unexpected(mark));
        }
        let near = self.near();
        let message = format!(
            "'{mark}' expected (to close '{opening}' at line {}) near {near}",
            open.line
        );
        Err(self.fail(message))
    }

    fn unexpected(&mut self, wanted: &str) -> Lost {
        let near = self.near();
        let wanted = if wanted.starts_with('<') || wanted.contains(' ') {
            String::from(wanted)
        } else {
            format!("'{wanted}'")
        };
        self.fail(format!("{wanted} expected near {near}"))
    }

    fn fail(&mut self, message: String) -> Lost {
        let place = self.place;
        self.fail_at(place, message)
    }

    fn fail_at(&mut self, place: Place, message: String) -> Lost {
        self.findings.push(Finding::error(
            place,
            "syntax",
            message,
            "correct the syntax",
        ));
        if self.findings.len() >= FINDING_COUNT_MAX {
            self.stop = true;
        }
        Lost
    }

    /// The token as messages show it.
    fn near(&self) -> String {
        match &self.token {
            Token::Name(name) => format!("'{name}'"),
            Token::Mark(mark) => format!("'{mark}'"),
            Token::Number(_) | Token::Text(_) => {
                format!("'{}'", String::from_utf8_lossy(self.lexer.token_text()))
            }
            Token::End => String::from("<eof>"),
        }
    }

    fn enter(&mut self) -> Parse<()> {
        self.depth += 1;
        if self.depth > NESTING_MAX {
            // Going on would repeat the complaint at every level.
            self.stop = true;
            self.depth -= 1;
            return Err(self.fail(String::from(
                "chunk has too many syntax levels (C stack overflow)",
            )));
        }
        Ok(())
    }

    fn leave(&mut self) {
        self.depth -= 1;
    }

    fn expression_of(
        &mut self,
        place: Place,
        height: u32,
        kind: ExpressionKind<'a>,
    ) -> Parse<Expression<'a>> {
        let height = height + 1;
        self.height = self.height.max(height);
        if height > HEIGHT_MAX {
            self.stop = true;
            return Err(self.fail_at(place, String::from("expression is too long or too deep")));
        }
        Ok(Expression {
            place,
            height,
            kind,
        })
    }

    fn name(&mut self) -> Parse<Name<'a>> {
        let place = self.place;
        match self.token {
            Token::Name(text) => {
                self.advance();
                Ok(Name { text, place })
            }
            _ => Err(self.unexpected("<name>")),
        }
    }

    fn ends_block(&self) -> bool {
        matches!(
            self.token,
            Token::End | Token::Mark("end" | "else" | "elseif" | "until")
        )
    }

    /// Statements up to a word that ends a block.
    fn block(&mut self) -> Block<'a> {
        let mut block = Block::default();
        while !self.ends_block() && !self.stop {
            if self.accept(";") {
                continue;
            }
            let is_return = self.is("return");
            match self.statement() {
                Ok(statement) => block.statements.push(statement),
                Err(Lost) => self.find_feet(),
            }
            if is_return && !self.ends_block() && !self.stop {
                self.unexpected(if self.depth == 0 { "<eof>" } else { "end" });
                self.find_feet();
            }
        }
        block
    }

    /// Skips to a word that can start a statement or ends a block.
    fn find_feet(&mut self) {
        let begins = |token: &Token<'_>| {
            matches!(
                token,
                Token::End
                    | Token::Mark(
                        "local"
                            | "if"
                            | "for"
                            | "while"
                            | "repeat"
                            | "return"
                            | "break"
                            | "goto"
                            | "function"
                            | "do"
                            | "end"
                            | "else"
                            | "elseif"
                            | "until"
                            | ";"
                    )
            )
        };
        if self.stop {
            return;
        }
        while !begins(&self.token) {
            self.advance();
        }
    }

    fn statement(&mut self) -> Parse<Statement<'a>> {
        self.enter()?;
        let place = self.place;
        let kind = self.statement_kind(place);
        self.leave();
        Ok(Statement { place, kind: kind? })
    }

    fn statement_kind(&mut self, place: Place) -> Parse<StatementKind<'a>> {
        let Token::Mark(mark) = self.token else {
            return self.expression_statement();
        };
        match mark {
            "if" => self.if_statement(place),
            "while" => {
                self.advance();
                let condition = self.expression()?;
                self.expect("do")?;
                let body = self.block();
                self.close("end", "while", place)?;
                Ok(StatementKind::While(condition, body))
            }
            "do" => {
                self.advance();
                let body = self.block();
                self.close("end", "do", place)?;
                Ok(StatementKind::Do(body))
            }
            "for" => self.for_statement(place),
            "repeat" => {
                self.advance();
                let body = self.block();
                self.close("until", "repeat", place)?;
                Ok(StatementKind::Repeat(body, self.expression()?))
            }
            "function" => self.function_statement(place),
            "local" => {
                self.advance();
                if self.accept("function") {
                    let name = self.name()?;
                    let body = self.function_body(place, false)?;
                    // Counted like the expression it could be.
                    self.expression_of(place, self.function_height, ExpressionKind::Nil)?;
                    return Ok(StatementKind::LocalFunction(name, Box::new(body)));
                }
                self.local_statement()
            }
            "return" => {
                self.advance();
                let values = if self.ends_block() || self.is(";") {
                    Vec::new()
                } else {
                    self.expressions()?
                };
                self.accept(";");
                Ok(StatementKind::Return(values))
            }
            "break" => {
                self.advance();
                Ok(StatementKind::Break)
            }
            "goto" => {
                self.advance();
                Ok(StatementKind::Goto(self.name()?))
            }
            "::" => {
                self.advance();
                let name = self.name()?;
                self.expect("::")?;
                Ok(StatementKind::Label(name))
            }
            _ => self.expression_statement(),
        }
    }

    fn if_statement(&mut self, place: Place) -> Parse<StatementKind<'a>> {
        let mut arms = Vec::new();
        loop {
            self.advance();
            let condition = self.expression()?;
            self.expect("then")?;
            arms.push((condition, self.block()));
            if arms.len() as u32 > HEIGHT_MAX {
                return Err(self.fail(String::from("too many `elseif`")));
            }
            if !self.is("elseif") {
                break;
            }
        }
        // Each arm lies in the one before it once sugar is gone.
        self.height = self.height.max(arms.len() as u32);
        let otherwise = if self.accept("else") {
            Some(self.block())
        } else {
            None
        };
        self.close("end", "if", place)?;
        Ok(StatementKind::If(arms, otherwise))
    }

    fn for_statement(&mut self, place: Place) -> Parse<StatementKind<'a>> {
        self.advance();
        let first = self.name()?;
        if self.accept("=") {
            let start = self.expression()?;
            self.expect(",")?;
            let limit = self.expression()?;
            let step = if self.accept(",") {
                Some(self.expression()?)
            } else {
                None
            };
            self.expect("do")?;
            let body = self.block();
            self.close("end", "for", place)?;
            return Ok(StatementKind::NumericFor(
                first,
                Box::new([start, limit]),
                step,
                body,
            ));
        }
        let mut names = Vec::from([first]);
        while self.accept(",") {
            names.push(self.name()?);
        }
        if !self.is("in") {
            return Err(self.unexpected("'=' or 'in'"));
        }
        self.advance();
        let values = self.expressions()?;
        self.expect("do")?;
        let body = self.block();
        self.close("end", "for", place)?;
        Ok(StatementKind::GenericFor(names, values, body))
    }

    fn function_statement(&mut self, place: Place) -> Parse<StatementKind<'a>> {
        self.advance();
        let name = self.name()?;
        let mut target = self.expression_of(name.place, 0, ExpressionKind::Name(name.text))?;
        let mut is_method = false;
        while !is_method && (self.is(".") || self.is(":")) {
            is_method = self.is(":");
            let place = self.place;
            self.advance();
            let field = self.name()?;
            target = self.field_of(place, target, field)?;
        }
        let body = self.function_body(place, is_method)?;
        let height = self.function_height;
        let function =
            self.expression_of(place, height, ExpressionKind::Function(Box::new(body)))?;
        Ok(StatementKind::Assign(
            Vec::from([target]),
            Vec::from([function]),
        ))
    }

    fn local_statement(&mut self) -> Parse<StatementKind<'a>> {
        let mut names = Vec::new();
        loop {
            let name = self.name()?;
            let attribute = self.attribute()?;
            names.push((name, attribute));
            if !self.accept(",") {
                break;
            }
        }
        let values = if self.accept("=") {
            self.expressions()?
        } else {
            Vec::new()
        };
        Ok(StatementKind::Local(names, values))
    }

    fn attribute(&mut self) -> Parse<Attribute> {
        if !self.accept("<") {
            return Ok(Attribute::None);
        }
        let name = self.name()?;
        let attribute = match name.text {
            "const" => Attribute::Const,
            "close" => Attribute::Close,
            text => {
                return Err(self.fail_at(name.place, format!("unknown attribute '{text}'")));
            }
        };
        self.expect(">")?;
        Ok(attribute)
    }

    fn expression_statement(&mut self) -> Parse<StatementKind<'a>> {
        let first = self.suffixed_expression()?;
        if !self.is("=") && !self.is(",") {
            return match first.kind {
                ExpressionKind::Call(..) | ExpressionKind::Method(..) => {
                    Ok(StatementKind::Call(first))
                }
                _ => {
                    let near = self.near();
                    Err(self.fail(format!("syntax error near {near}")))
                }
            };
        }
        let mut targets = Vec::from([first]);
        while self.accept(",") {
            targets.push(self.suffixed_expression()?);
            if targets.len() > NESTING_MAX as usize {
                self.stop = true;
                return Err(self.fail(String::from("too many targets of an assignment")));
            }
        }
        let is_target = |target: &Expression<'_>| {
            matches!(
                target.kind,
                ExpressionKind::Name(_) | ExpressionKind::Index(..)
            )
        };
        if !targets.iter().all(is_target) {
            let near = self.near();
            return Err(self.fail(format!("syntax error near {near}")));
        }
        self.expect("=")?;
        Ok(StatementKind::Assign(targets, self.expressions()?))
    }
}
