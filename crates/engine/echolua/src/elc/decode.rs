//! Reading a module: canonical CBOR back to the tree, then every rule of `verify`.
//!
//! Nesting is counted while reading, and nothing is reserved on the word of a length field.
//!
//! TWIN: elc-numbers — `encode.rs`, `docs/formats/elc.md`. Tests: `tests/it/elc.rs`.

use super::{
    Binary, Block, Capture, DEPTH_MAX, ElcError, Expression, Function, FunctionDebug, Item,
    MAP_VERSION, Module, SIZE_MAX, Statement, Target, Unary, VERSION, Values,
};
use crate::names;
use crate::profile::Profile;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use gatos_values::cbor::Items;
use gatos_values::{Sha256Digest, Value};

/// Unary operators by number.
pub(super) const UNARY: [Unary; 4] = [Unary::Negate, Unary::Not, Unary::Length, Unary::BitNot];

/// Binary operators by number.
pub(super) const BINARY: [Binary; 17] = [
    Binary::Add,
    Binary::Subtract,
    Binary::Multiply,
    Binary::Divide,
    Binary::FloorDivide,
    Binary::Modulo,
    Binary::Power,
    Binary::BitAnd,
    Binary::BitOr,
    Binary::BitXor,
    Binary::ShiftLeft,
    Binary::ShiftRight,
    Binary::Equal,
    Binary::Less,
    Binary::LessEqual,
    Binary::Greater,
    Binary::GreaterEqual,
];

/// Reads and verifies a module.
///
/// # Errors
/// [`ElcError`] for anything [`super::encode`] would not have written for a valid module.
pub fn decode(bytes: &[u8]) -> Result<Module, ElcError> {
    decode_whole(bytes).map(|decoded| decoded.module)
}

fn decode_whole(bytes: &[u8]) -> Result<Decoded, ElcError> {
    if bytes.len() > SIZE_MAX {
        return Err(ElcError::TooLarge { size: bytes.len() });
    }
    let mut reader = Reader {
        items: Items::new(bytes),
        depth: 0,
        line_slots: 0,
        lines: Vec::new(),
    };
    let parts = reader.items.list()?;
    let version = reader.items.count()?;
    if version != VERSION {
        return Err(ElcError::Version { found: version });
    }
    let profile = Profile::parse(reader.items.text()?).ok_or(reader.form("no such profile"))?;
    if parts != if profile == Profile::Script { 4 } else { 3 } {
        return Err(reader.form("not a module"));
    }
    let count = reader.items.list()?;
    let mut functions = Vec::new();
    let mut line_counts = Vec::new();
    let start = reader.items.offset();
    for _ in 0..count {
        reader.line_slots = 0;
        functions.push(reader.function()?);
        line_counts.push(reader.line_slots);
    }
    let mut module = Module { profile, functions };
    if profile == Profile::Script {
        reader.debug(&mut module, &line_counts, bytes, start)?;
    }
    reader.items.end()?;
    super::verify(&module)?;
    Ok(Decoded {
        module,
        line_counts,
        start,
    })
}

/// Reads a fold's module with what [`super::encode_map`] wrote beside it; also gives the name of the source.
///
/// # Errors
/// [`ElcError`] for bytes that are no module, no map, or the map of another module.
pub fn decode_with_map(bytes: &[u8], map: &[u8]) -> Result<(Module, String), ElcError> {
    let mut decoded = decode_whole(bytes)?;
    if map.len() > SIZE_MAX {
        return Err(ElcError::TooLarge { size: map.len() });
    }
    let mut reader = Reader {
        items: Items::new(map),
        depth: 0,
        line_slots: 0,
        lines: Vec::new(),
    };
    if reader.items.list()? != 4 || reader.items.count()? != MAP_VERSION {
        return Err(reader.form("not a map of lines and names"));
    }
    let source = String::from(reader.items.text()?);
    if reader.items.bytes()? != Sha256Digest::of(bytes).as_bytes() {
        return Err(reader.form("the lines and names of another program"));
    }
    reader.debug(
        &mut decoded.module,
        &decoded.line_counts,
        bytes,
        decoded.start,
    )?;
    reader.items.end()?;
    // Lines and names are no part of the rules, but a map must not smuggle in what the module does not have.
    super::verify(&decoded.module)?;
    Ok((decoded.module, source))
}

/// A module, and what reading its lines needs.
struct Decoded {
    module: Module,
    /// How many nodes with a line each function has.
    line_counts: Vec<usize>,
    /// Where the functions begin, in bytes.
    start: usize,
}

struct Reader<'a> {
    items: Items<'a>,
    depth: u32,
    /// How many nodes with a line the current function has had.
    line_slots: usize,
    /// Lines of the current function in reverse, in the second pass; empty in the first.
    lines: Vec<u32>,
}

impl<'a> Reader<'a> {
    fn form(&self, reason: &'static str) -> ElcError {
        ElcError::Form {
            reason,
            offset: self.items.offset(),
        }
    }

    /// The line of the node that is read: 0 in the first pass and for folds.
    fn line(&mut self) -> u32 {
        self.line_slots += 1;
        self.lines.pop().unwrap_or(0)
    }

    fn enter(&mut self) -> Result<(), ElcError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.form("nesting is too deep"));
        }
        Ok(())
    }

    fn leave(&mut self) {
        self.depth -= 1;
    }

    fn number(&mut self) -> Result<u32, ElcError> {
        let count = self.items.count()?;
        u32::try_from(count).map_err(|_| self.form("a number is too large"))
    }

    fn boolean(&mut self) -> Result<bool, ElcError> {
        match self.items.value(0)? {
            Value::Bool(value) => Ok(value),
            _ => Err(self.form("not a boolean")),
        }
    }

    /// The head of a node: how many operands follow, and its number.
    fn node(&mut self) -> Result<(u64, usize), ElcError> {
        let count = self.items.list()?;
        if count == 0 {
            return Err(self.form("an empty node"));
        }
        Ok((self.items.count()?, count - 1))
    }

    /// Lines and names: the functions are read a second time, now that their lines are known.
    fn debug(
        &mut self,
        module: &mut Module,
        line_counts: &[usize],
        bytes: &'a [u8],
        start: usize,
    ) -> Result<(), ElcError> {
        if self.items.list()? != module.functions.len() {
            return Err(self.form("not one part of lines for each function"));
        }
        let body = bytes.get(start..).unwrap_or_default();
        let mut again = Reader {
            items: Items::new(body),
            depth: 0,
            line_slots: 0,
            lines: Vec::new(),
        };
        for (function, line_count) in module.functions.iter_mut().zip(line_counts) {
            if self.items.list()? != 5 {
                return Err(self.form("not the lines of a function"));
            }
            let (line, end_line) = (self.number()?, self.number()?);
            let locals = self.names()?;
            let upvalues = self.names()?;
            if self.items.list()? != *line_count {
                return Err(self.form("not one line for each node"));
            }
            again.lines.clear();
            for _ in 0..*line_count {
                let line = self.number()?;
                again.lines.push(line);
            }
            again.lines.reverse();
            *function = again.function()?;
            function.debug = FunctionDebug {
                line,
                end_line,
                locals,
                upvalues,
            };
        }
        Ok(())
    }

    fn names(&mut self) -> Result<Vec<Box<str>>, ElcError> {
        let count = self.items.list()?;
        let mut names = Vec::new();
        for _ in 0..count {
            let name = core::str::from_utf8(self.items.bytes()?)
                .map_err(|_| self.form("a name is not UTF-8"))?;
            names.push(Box::from(name));
        }
        Ok(names)
    }

    fn function(&mut self) -> Result<Function, ElcError> {
        if self.items.list()? != 4 {
            return Err(self.form("not a function"));
        }
        let parameter_count = self.number()?;
        let is_variadic = self.boolean()?;
        let count = self.items.list()?;
        let mut captures = Vec::new();
        for _ in 0..count {
            captures.push(match self.node()? {
                (0, 1) => Capture::Local(self.number()?),
                (1, 1) => Capture::Upvalue(self.number()?),
                (2, 0) => Capture::Globals,
                _ => return Err(self.form("not a capture")),
            });
        }
        Ok(Function {
            parameter_count,
            is_variadic,
            captures,
            body: self.block()?,
            debug: FunctionDebug::default(),
        })
    }

    fn block(&mut self) -> Result<Block, ElcError> {
        self.enter()?;
        let count = self.items.list()?;
        let mut block = Vec::new();
        for _ in 0..count {
            block.push(self.statement()?);
        }
        self.leave();
        Ok(block)
    }

    fn values(&mut self) -> Result<Values, ElcError> {
        if self.items.list()? != 2 {
            return Err(self.form("not a list of values"));
        }
        let count = self.items.list()?;
        let mut single = Vec::new();
        for _ in 0..count {
            single.push(self.expression()?);
        }
        let rest = self.optional()?;
        Ok(Values { single, rest })
    }

    fn optional(&mut self) -> Result<Option<Box<Expression>>, ElcError> {
        if self.items.null()? {
            return Ok(None);
        }
        Ok(Some(Box::new(self.expression()?)))
    }

    fn statement(&mut self) -> Result<Statement, ElcError> {
        Ok(match self.node()? {
            (0, 2) => Statement::Local {
                count: self.number()?,
                values: self.values()?,
            },
            (1, 1) => Statement::Close {
                line: self.line(),
                slot: self.number()?,
            },
            (2, 1) => Statement::LocalFunction {
                function: self.number()?,
            },
            (3, 2) => {
                let count = self.items.list()?;
                let mut targets = Vec::new();
                for _ in 0..count {
                    targets.push(self.target()?);
                }
                Statement::Assign {
                    targets,
                    values: self.values()?,
                }
            }
            (4, 1) => Statement::Call(self.expression()?),
            (5, 1) => Statement::Do(self.block()?),
            (6, 2) => Statement::While {
                condition: self.expression()?,
                body: self.block()?,
            },
            (7, 2) => Statement::Repeat {
                body: self.block()?,
                condition: self.expression()?,
            },
            (8, 3) => Statement::If {
                condition: self.expression()?,
                then: self.block()?,
                otherwise: self.block()?,
            },
            (9, 4) => Statement::NumericFor {
                line: self.line(),
                start: self.expression()?,
                limit: self.expression()?,
                step: self.expression()?,
                body: self.block()?,
            },
            (10, 3) => Statement::GenericFor {
                line: self.line(),
                count: self.number()?,
                values: self.values()?,
                body: self.block()?,
            },
            (11, 1) => Statement::Goto {
                label: self.number()?,
            },
            (12, 1) => Statement::Label {
                label: self.number()?,
            },
            (13, 0) => Statement::Break,
            (14, 1) => Statement::Return {
                line: self.line(),
                values: self.values()?,
            },
            _ => return Err(self.form("no such statement")),
        })
    }

    fn target(&mut self) -> Result<Target, ElcError> {
        Ok(match self.node()? {
            (0, 1) => Target::Local(self.number()?),
            (1, 1) => Target::Upvalue(self.number()?),
            (2, 1) => Target::Export(self.number()?),
            (3, 2) => Target::Index {
                line: self.line(),
                table: self.expression()?,
                key: self.expression()?,
            },
            _ => return Err(self.form("no such target")),
        })
    }

    fn expression(&mut self) -> Result<Expression, ElcError> {
        self.enter()?;
        let expression = self.expression_inside();
        self.leave();
        expression
    }

    fn pair(&mut self) -> Result<Box<(Expression, Expression)>, ElcError> {
        Ok(Box::new((self.expression()?, self.expression()?)))
    }

    fn expression_inside(&mut self) -> Result<Expression, ElcError> {
        Ok(match self.node()? {
            (0, 0) => Expression::Nil,
            (1, 1) => Expression::Boolean(self.boolean()?),
            (2, 1) => {
                let integer = self.items.value(0)?.as_integer();
                let integer = integer.and_then(|integer| i64::try_from(integer).ok());
                Expression::Integer(integer.ok_or(self.form("not an integer of 64 bits"))?)
            }
            (3, 1) => Expression::Float(self.items.count()?),
            (4, 1) => match self.items.value(0)? {
                Value::Fixed(fixed) => {
                    let steps = i64::try_from(fixed.steps());
                    Expression::Fixed(steps.map_err(|_| self.form("not a Q32.32"))?)
                }
                _ => return Err(self.form("not a fixed-point number")),
            },
            (5, 1) => Expression::Text(Box::from(self.items.bytes()?)),
            (6, 0) => Expression::Rest,
            (7, 1) => Expression::Local(self.number()?),
            (8, 1) => Expression::Upvalue(self.number()?),
            (9, 1) => Expression::Export(self.number()?),
            (10, 1) => {
                let name = names::intrinsic(self.items.text()?);
                Expression::Intrinsic(name.ok_or(self.form("no such function of the library"))?)
            }
            (11, 1) => Expression::Function(self.number()?),
            (12, 2) => self.table()?,
            (13, 2) => {
                let line = self.line();
                let number = self.number()? as usize;
                let operator = UNARY
                    .get(number)
                    .copied()
                    .ok_or(self.form("no such operator"))?;
                Expression::Unary {
                    operator,
                    operand: Box::new(self.expression()?),
                    line,
                }
            }
            (14, 3) => {
                let line = self.line();
                let number = self.number()? as usize;
                let operator = BINARY
                    .get(number)
                    .copied()
                    .ok_or(self.form("no such operator"))?;
                Expression::Binary {
                    operator,
                    operands: self.pair()?,
                    line,
                }
            }
            (15, 1) => {
                let line = self.line();
                let count = self.items.list()?;
                let mut operands = Vec::new();
                for _ in 0..count {
                    operands.push(self.expression()?);
                }
                Expression::Concat { operands, line }
            }
            (16, 2) => Expression::And(self.pair()?),
            (17, 2) => Expression::Or(self.pair()?),
            (18, 2) => Expression::Index {
                line: self.line(),
                operands: self.pair()?,
            },
            (19, 2) => Expression::Call {
                line: self.line(),
                function: Box::new(self.expression()?),
                arguments: self.values()?,
            },
            (20, 3) => Expression::Method {
                line: self.line(),
                object: Box::new(self.expression()?),
                name: Box::from(self.items.bytes()?),
                arguments: self.values()?,
            },
            _ => return Err(self.form("no such expression")),
        })
    }

    fn table(&mut self) -> Result<Expression, ElcError> {
        let line = self.line();
        let count = self.items.list()?;
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(match self.items.list()? {
                1 => Item::Listed(self.expression()?),
                2 => Item::Keyed(self.expression()?, self.expression()?),
                _ => return Err(self.form("not an item of a table")),
            });
        }
        let rest = self.optional()?;
        Ok(Expression::Table { items, rest, line })
    }
}
