//! Who sees which name: locals of open blocks, upvalues of open functions, labels.
//!
//! Tests: `tests/it/front.rs`.

use super::Compiler;
use crate::elc::{Capture, Expression, SLOT_COUNT_MAX, UPVALUE_COUNT_MAX};
use crate::syntax::tree::{Block, Name, StatementKind};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// What is known of a function while its body is compiled.
pub(super) struct Scope<'a> {
    /// Names that can be seen, innermost last.
    pub locals: Vec<Local<'a>>,
    /// Names of all slots ever taken, in order.
    pub declared: Vec<&'a str>,
    pub upvalues: Vec<Upvalue<'a>>,
    pub blocks: Vec<OpenBlock<'a>>,
    pub is_variadic: bool,
    /// Where the function begins; 0 for the main one.
    pub line: u32,
    pub slots: u32,
    pub loops: u32,
    pub label_count: u32,
}

#[derive(Clone)]
pub(super) struct Local<'a> {
    pub name: &'a str,
    pub is_constant: bool,
    pub kind: LocalKind,
}

#[derive(Clone)]
pub(super) enum LocalKind {
    Slot(u32),
    /// A `<const>` whose value is known.
    Value(Expression),
}

pub(super) struct Upvalue<'a> {
    pub name: &'a str,
    pub capture: Capture,
    pub is_constant: bool,
}

pub(super) struct OpenBlock<'a> {
    pub local_count: usize,
    pub slots: u32,
    pub labels: Vec<OpenLabel<'a>>,
    /// The first slot that the block's own statements declare, and the names of those they will have declared at its end.
    pub first_slot: u32,
    pub names: Vec<&'a str>,
}

/// A label of an open block; `label` is a number for now, given anew by `labels::number`.
pub(super) struct OpenLabel<'a> {
    pub name: &'a str,
    pub label: u32,
    pub line: u32,
    /// Slots alive at the label.
    pub slots: u32,
    /// Whether only labels follow in its block.
    pub is_last: bool,
    /// Whether the text has come past it: an inner label may have the name of an outer one that is still to come.
    pub is_passed: bool,
}

/// Where a name leads.
pub(super) enum Found {
    Local(u32),
    Upvalue(u32),
    Value(Expression),
    Global,
}

impl<'a> Scope<'a> {
    pub fn new(has_globals: bool) -> Scope<'a> {
        let mut upvalues = Vec::new();
        if has_globals {
            upvalues.push(Upvalue {
                name: "_ENV",
                capture: Capture::Globals,
                is_constant: false,
            });
        }
        Scope {
            locals: Vec::new(),
            declared: Vec::new(),
            upvalues,
            blocks: Vec::new(),
            is_variadic: false,
            line: 0,
            slots: 0,
            loops: 0,
            label_count: 0,
        }
    }
}

impl<'a> Compiler<'a> {
    /// Takes the next slot for a name.
    pub(super) fn declare(&mut self, name: Name<'a>) -> u32 {
        let slot = self.scope().slots;
        if slot >= SLOT_COUNT_MAX {
            let message = format!(
                "too many local variables (limit is {SLOT_COUNT_MAX}) in {} near '{}'",
                self.function_name(),
                name.text
            );
            self.error(
                name.place,
                "limit",
                message,
                "use a table, or split the function",
            );
        }
        let scope = self.scope();
        scope.slots += 1;
        scope.declared.push(name.text);
        scope.locals.push(Local {
            name: name.text,
            is_constant: false,
            kind: LocalKind::Slot(slot),
        });
        slot
    }

    /// The innermost function as messages name it.
    fn function_name(&mut self) -> String {
        match self.scope().line {
            0 => String::from("main function"),
            line => format!("function at line {line}"),
        }
    }

    /// Opens a block whose own slots are declared already; they end with the block.
    pub(super) fn open_block(
        &mut self,
        block: &Block<'a>,
        local_count: usize,
        slots: u32,
        is_seen: bool,
    ) {
        let mut labels: Vec<OpenLabel<'a>> = Vec::new();
        let first_slot = self.scope().slots;
        let mut own_names: Vec<&'a str> = Vec::new();
        for (index, statement) in block.statements.iter().enumerate() {
            match &statement.kind {
                StatementKind::Local(names, values) => {
                    // A constant that is known takes no slot; `statement` decides alike.
                    let is_known = super::statement::is_known_constant(names, values);
                    if !is_known {
                        own_names.extend(names.iter().map(|(name, _)| name.text));
                    }
                }
                StatementKind::LocalFunction(name, _) => own_names.push(name.text),
                StatementKind::Label(name) => {
                    let visible = self
                        .scope()
                        .blocks
                        .iter()
                        .flat_map(|open| &open.labels)
                        .filter(|outer| outer.is_passed)
                        .chain(&labels);
                    let twin = visible
                        .filter(|other| other.name == name.text)
                        .map(|other| other.line)
                        .next();
                    if let Some(line) = twin {
                        let message =
                            format!("label '{}' already defined on line {line}", name.text);
                        self.error(name.place, "label", message, "rename one of them");
                    }
                    let label = self.scope().label_count;
                    self.scope().label_count += 1;
                    let rest = &block.statements[index..];
                    let is_last = rest
                        .iter()
                        .all(|next| matches!(next.kind, StatementKind::Label(_)));
                    labels.push(OpenLabel {
                        name: name.text,
                        label,
                        line: name.place.line,
                        slots: first_slot + own_names.len() as u32,
                        is_last: is_last && !is_seen,
                        is_passed: false,
                    });
                }
                _ => {}
            }
        }
        self.scope().blocks.push(OpenBlock {
            local_count,
            slots,
            labels,
            first_slot,
            names: own_names,
        });
    }

    pub(super) fn close_block(&mut self) {
        let scope = self.scope();
        if let Some(block) = scope.blocks.pop() {
            scope.locals.truncate(block.local_count);
            scope.slots = block.slots;
        }
    }

    /// Where a name leads from the innermost function.
    pub(super) fn find(&mut self, name: Name<'a>) -> Found {
        let depth = self.scopes.len() - 1;
        let found = self.find_in(depth, name.text);
        if self.scope().upvalues.len() > UPVALUE_COUNT_MAX {
            let function = self.function_name();
            let message = format!("too many upvalues (limit is {UPVALUE_COUNT_MAX}) in {function}");
            self.error(name.place, "limit", message, "gather them in a table");
        }
        found
    }

    fn find_in(&mut self, depth: usize, name: &'a str) -> Found {
        let scope = &self.scopes[depth];
        if let Some(local) = scope.locals.iter().rev().find(|local| local.name == name) {
            return match &local.kind {
                LocalKind::Slot(slot) => Found::Local(*slot),
                LocalKind::Value(value) => Found::Value(value.clone()),
            };
        }
        if let Some(index) = scope
            .upvalues
            .iter()
            .position(|upvalue| upvalue.name == name)
        {
            return Found::Upvalue(index as u32);
        }
        if depth == 0 {
            return Found::Global;
        }
        let outer = self.find_in(depth - 1, name);
        let capture = match outer {
            Found::Local(slot) => Capture::Local(slot),
            Found::Upvalue(index) => Capture::Upvalue(index),
            other => return other,
        };
        let is_constant = self.is_constant_in(depth - 1, name);
        let upvalues = &mut self.scopes[depth].upvalues;
        upvalues.push(Upvalue {
            name,
            capture,
            is_constant,
        });
        Found::Upvalue(upvalues.len() as u32 - 1)
    }

    fn is_constant_in(&self, depth: usize, name: &str) -> bool {
        let scope = &self.scopes[depth];
        let local = scope.locals.iter().rev().find(|local| local.name == name);
        let upvalue = || scope.upvalues.iter().find(|upvalue| upvalue.name == name);
        local.map_or_else(
            || upvalue().is_some_and(|upvalue| upvalue.is_constant),
            |local| local.is_constant,
        )
    }

    /// Whether the variable that the name leads to must not be assigned.
    pub(super) fn is_constant(&self, name: &str) -> bool {
        self.is_constant_in(self.scopes.len() - 1, name)
    }
}
