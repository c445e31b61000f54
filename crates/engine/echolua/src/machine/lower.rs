//! From ELC to register code, when a program is loaded.
//!
//! Locals live in registers. A local that a closure captures and that is assigned after its declaration lives in a
//! cell; one that is never assigned again is captured by value. Conditions become jumps, loops end in one instruction
//! that pays fuel and jumps back.
//!
//! Reading order: this file, `capture` (which locals need cells), `statement`, `expression`, `condition`.
//!
//! TWIN: weights — `elc/weight.rs`. Tests: `tests/it/language.rs`.

mod capture;
mod condition;
mod expression;
mod statement;

use super::op::{Name, Op};
use crate::elc::{self, Block, Capture, Expression, Function, Module};
use crate::names;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use capture::Captures;

/// Registers of one function.
const REGISTER_COUNT_MAX: u32 = 250;

/// Why a valid module cannot be lowered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LowerError {
    /// Index of the function.
    pub function: usize,
    /// Which limit.
    pub reason: &'static str,
}

/// A constant, before it is in a heap.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Constant {
    Nil,
    Boolean(bool),
    Integer(i64),
    Float(u64),
    Fixed(i64),
    Text(Box<[u8]>),
    Intrinsic(&'static str),
}

/// Where a closure takes an upvalue from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A register, by value; it may hold a cell.
    Register(u8),
    /// An upvalue of the maker.
    Upvalue(u8),
    /// The closure that is being made.
    Itself,
}

/// How a message names the value of an operand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hint {
    /// Instruction.
    pub pc: u32,
    /// Which operand of it.
    pub operand: u8,
    /// Such as `local`.
    pub kind: &'static str,
    /// The name.
    pub name: Box<str>,
}

/// A function as register code.
#[derive(Debug, Default)]
pub(crate) struct Lowered {
    pub code: Vec<Op>,
    pub lines: Vec<u32>,
    pub constants: Vec<Constant>,
    pub hints: Vec<Hint>,
    pub sources: Vec<Source>,
    pub parameter_count: u8,
    pub is_variadic: bool,
    pub register_count: u8,
    pub weight: u32,
    pub line: u32,
    pub upvalue_count: usize,
    /// Whether upvalue 0, the globals, is a cell; of a script's main function only.
    pub has_cell_environment: bool,
}

/// Every function of a module as register code, in the same order.
pub(crate) fn lower(module: &Module) -> Result<Vec<Lowered>, LowerError> {
    let captures = Captures::of(module);
    let mut lowered = Vec::new();
    // Filled in when the maker of each function is lowered, which comes first.
    let mut sources: Vec<Vec<Source>> = alloc::vec![Vec::new(); module.functions.len()];
    for index in 0..module.functions.len() {
        let function = &module.functions[index];
        let mut lowerer = Lowerer {
            module,
            captures: &captures,
            index,
            function,
            output: Lowered::default(),
            constants: BTreeMap::new(),
            locals: Vec::new(),
            declared: 0,
            free: 0,
            line: function.debug.line,
            loops: Vec::new(),
            labels: BTreeMap::new(),
            jumps: Vec::new(),
            closers: Vec::new(),
            sources: &mut sources,
            limit: None,
        };
        lowerer.function();
        if let Some(reason) = lowerer.limit {
            return Err(LowerError {
                function: index,
                reason,
            });
        }
        lowered.push(lowerer.output);
    }
    for (function, sources) in lowered.iter_mut().zip(sources) {
        function.sources = sources;
    }
    Ok(lowered)
}

/// A local that is alive: where it is and whether that is a cell.
#[derive(Clone, Copy)]
struct Place {
    register: u8,
    is_cell: bool,
    declaration: usize,
}

/// A loop that is being lowered.
struct Loop {
    /// Jumps to its end.
    breaks: Vec<usize>,
    /// How many closers were alive around it.
    closer_count: usize,
}

struct Label {
    position: u32,
    weight: u32,
    /// How many closers are alive there.
    closer_count: usize,
}

/// A jump to a label further down.
struct Forward {
    jump: usize,
    label: u32,
    /// The instruction that closes what the jump leaves, and the closers alive at it.
    close: Option<(usize, Vec<u8>)>,
}

struct Lowerer<'m> {
    module: &'m Module,
    captures: &'m Captures,
    index: usize,
    function: &'m Function,
    output: Lowered,
    constants: BTreeMap<Constant, u32>,
    locals: Vec<Place>,
    declared: usize,
    /// The next free register.
    free: u32,
    line: u32,
    loops: Vec<Loop>,
    /// Labels that were passed, by number.
    labels: BTreeMap<u32, Label>,
    jumps: Vec<Forward>,
    /// Registers of slots that are to be closed, innermost last.
    closers: Vec<u8>,
    sources: &'m mut Vec<Vec<Source>>,
    limit: Option<&'static str>,
}

impl Lowerer<'_> {
    fn function(&mut self) {
        let function = self.function;
        self.output.parameter_count = function.parameter_count as u8;
        self.output.is_variadic = function.is_variadic;
        self.output.weight = elc::function_weight(function);
        self.output.line = function.debug.line;
        self.output.upvalue_count = function.captures.len();
        for _ in 0..function.parameter_count {
            let register = self.take(1);
            self.declare(register);
        }
        self.make_cells(0);
        self.statements(&function.body);
        self.line = function.debug.end_line;
        if let Some(a) = self.closers.first().copied() {
            self.emit(Op::Close { a });
        }
        self.emit(Op::ReturnNothing);
        for forward in core::mem::take(&mut self.jumps) {
            self.resolve(&forward);
        }
        self.output.has_cell_environment = self.index == 0 && self.captures.is_upvalue_cell(0, 0);
    }

    fn resolve(&mut self, forward: &Forward) {
        let Some(label) = self.labels.get(&forward.label) else {
            return;
        };
        let (position, closer_count) = (label.position, label.closer_count);
        self.patch_to(forward.jump, position);
        if let Some((close, closers)) = &forward.close
            && let Some(register) = closers.get(closer_count)
        {
            self.output.code[*close] = Op::Close { a: *register };
        }
    }

    fn emit(&mut self, op: Op) -> usize {
        self.output.code.push(op);
        self.output.lines.push(self.line);
        self.output.code.len() - 1
    }

    fn here(&self) -> u32 {
        self.output.code.len() as u32
    }

    /// Makes a jump lead to the next instruction.
    fn patch(&mut self, jump: usize) {
        let here = self.here();
        self.patch_to(jump, here);
    }

    fn patch_all(&mut self, jumps: Vec<usize>) {
        for jump in jumps {
            self.patch(jump);
        }
    }

    fn patch_to(&mut self, jump: usize, position: u32) {
        self.output.code[jump].set_target(position);
    }

    /// Takes `count` registers.
    fn take(&mut self, count: u32) -> u8 {
        let first = self.free;
        self.free += count;
        if self.free > REGISTER_COUNT_MAX {
            self.limit = Some("function or expression needs too many registers");
            self.free = first.min(REGISTER_COUNT_MAX - 1);
            return 0;
        }
        self.output.register_count = self.output.register_count.max(self.free as u8);
        first as u8
    }

    /// Makes a register the home of the next local.
    fn declare(&mut self, register: u8) {
        let is_cell = self.captures.needs_cell(self.index, self.declared);
        self.locals.push(Place {
            register,
            is_cell,
            declaration: self.declared,
        });
        self.declared += 1;
    }

    /// Puts the values of the locals from `first` on into cells where they need one.
    fn make_cells(&mut self, first: usize) {
        for index in first..self.locals.len() {
            let place = self.locals[index];
            if place.is_cell {
                self.emit(Op::NewCell { a: place.register });
            }
        }
    }

    fn place(&self, slot: u32) -> Place {
        self.locals[slot as usize]
    }

    fn constant(&mut self, constant: Constant) -> u32 {
        let next = self.output.constants.len() as u32;
        let constants = &mut self.output.constants;
        *self
            .constants
            .entry(constant)
            .or_insert_with_key(|constant| {
                constants.push(constant.clone());
                next
            })
    }

    /// A constant text as the key of an instruction, if its number fits the short form.
    fn name(&mut self, text: &[u8]) -> Option<Name> {
        let k = self.short_constant(Constant::Text(text.into()))?;
        Some(Name::of_constant(k))
    }

    /// The constant's number if it fits the short form.
    fn short_constant(&mut self, constant: Constant) -> Option<u16> {
        u16::try_from(self.constant(constant)).ok()
    }

    /// Notes how messages name an operand of the last instruction.
    fn hint(&mut self, operand: u8, expression: &Expression) {
        let pc = self.here() - 1;
        if let Some((kind, name)) = self.describe(expression) {
            self.output.hints.push(Hint {
                pc,
                operand,
                kind,
                name: Box::from(name.as_str()),
            });
        }
    }

    /// What kind of variable an expression is and its name, for messages.
    fn describe(&self, expression: &Expression) -> Option<(&'static str, String)> {
        let debug = &self.function.debug;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let name_of_local = |slot: &u32| {
            let place = self.locals.get(*slot as usize)?;
            debug.locals.get(place.declaration)
        };
        match expression {
            Expression::Local(slot) => {
                name_of_local(slot).map(|name| ("local", String::from(&**name)))
            }
            Expression::Upvalue(index) => {
                let name = debug.upvalues.get(*index as usize)?;
                Some(("upvalue", String::from(&**name)))
            }
            Expression::Index { operands, .. } => {
                let Expression::Text(key) = &operands.1 else {
                    return Some(("field", String::from("?")));
                };
                let environment = match &operands.0 {
                    Expression::Local(slot) => name_of_local(slot),
                    Expression::Upvalue(index) => debug.upvalues.get(*index as usize),
                    _ => None,
                };
                let is_global = environment.is_some_and(|name| &**name == "_ENV");
                Some((if is_global { "global" } else { "field" }, text(key)))
            }
            Expression::Method { name, .. } => Some(("method", text(name))),
            Expression::Text(constant) => Some(("constant", text(constant))),
            Expression::Export(index) => names::EXPORTS
                .get(*index as usize)
                .map(|name| ("global", String::from(*name))),
            _ => None,
        }
    }

    /// Where the closure of an inner function takes its upvalues from; `own` is the slot it is put in, if any.
    fn note_sources(&mut self, inner: u32, own: Option<u32>) {
        let module = self.module;
        let Some(function) = module.functions.get(inner as usize) else {
            return;
        };
        let mut list = Vec::new();
        for capture in &function.captures {
            list.push(match capture {
                Capture::Local(slot) if own == Some(*slot) && !self.place(*slot).is_cell => {
                    Source::Itself
                }
                Capture::Local(slot) => Source::Register(self.place(*slot).register),
                Capture::Upvalue(index) => Source::Upvalue(*index as u8),
                Capture::Globals => Source::Itself,
            });
        }
        self.sources[inner as usize] = list;
    }

    fn statements(&mut self, block: &Block) {
        // Weights of labels are only counted where there are labels.
        let has_label =
            |statement: &elc::Statement| matches!(statement, elc::Statement::Label { .. });
        let weight = if block.iter().any(has_label) {
            elc::label_weight(block)
        } else {
            0
        };
        for statement in block {
            self.statement(statement, weight);
        }
    }
}
