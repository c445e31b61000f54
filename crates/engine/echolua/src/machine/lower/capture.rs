//! Which locals need a cell: those that a closure captures and that are assigned after their declaration.
//!
//! Tests: `tests/it/language.rs`.

use crate::elc::{Block, Capture, Expression, Item, Module, Statement, Target, Values};
use alloc::vec::Vec;

/// What is known of every declaration and upvalue of a module.
pub(super) struct Captures {
    /// For each function and declaration: does it need a cell?
    cells: Vec<Vec<bool>>,
    /// For each function and upvalue: is it a cell?
    upvalue_cells: Vec<Vec<bool>>,
}

impl Captures {
    /// Looks at inner functions first, which come later.
    pub fn of(module: &Module) -> Captures {
        let count = module.functions.len();
        let mut assigned_upvalues: Vec<Vec<bool>> = alloc::vec![Vec::new(); count];
        let mut cells: Vec<Vec<bool>> = alloc::vec![Vec::new(); count];
        // For each inner function, what its captures lead to: a declaration or an upvalue of the maker.
        let mut origins: Vec<Vec<Origin>> = alloc::vec![Vec::new(); count];
        let mut makers: Vec<usize> = alloc::vec![0; count];
        for index in (0..count).rev() {
            let function = &module.functions[index];
            let mut walk = Walk {
                module,
                index,
                assigned_inside: &assigned_upvalues,
                origins: &mut origins,
                makers: &mut makers,
                slots: Vec::new(),
                captured: Vec::new(),
                assigned: Vec::new(),
                assigned_upvalues: alloc::vec![false; function.captures.len()],
            };
            walk.declare(function.parameter_count);
            walk.block(&function.body);
            let Walk {
                captured,
                assigned,
                assigned_upvalues: found,
                ..
            } = walk;
            cells[index] = captured
                .iter()
                .zip(&assigned)
                .map(|(captured, assigned)| *captured && *assigned)
                .collect();
            assigned_upvalues[index] = found;
        }
        let mut upvalue_cells: Vec<Vec<bool>> = Vec::new();
        for index in 0..count {
            let maker = makers[index];
            let is_cell = |origin: &Origin| match origin {
                Origin::Declaration(declaration) => cells[maker][*declaration],
                Origin::Upvalue(upvalue) => upvalue_cells[maker][*upvalue],
            };
            let found = if index == 0 {
                // Only `_ENV`; it is a cell from the start if anybody assigns it.
                assigned_upvalues[0].clone()
            } else {
                origins[index].iter().map(is_cell).collect()
            };
            upvalue_cells.push(found);
        }
        Captures {
            cells,
            upvalue_cells,
        }
    }

    pub fn needs_cell(&self, function: usize, declaration: usize) -> bool {
        self.cells[function]
            .get(declaration)
            .copied()
            .unwrap_or(false)
    }

    pub fn is_upvalue_cell(&self, function: usize, upvalue: u32) -> bool {
        self.upvalue_cells[function]
            .get(upvalue as usize)
            .copied()
            .unwrap_or(false)
    }
}

#[derive(Clone, Copy)]
enum Origin {
    Declaration(usize),
    Upvalue(usize),
}

struct Walk<'w> {
    module: &'w Module,
    index: usize,
    assigned_inside: &'w [Vec<bool>],
    origins: &'w mut Vec<Vec<Origin>>,
    makers: &'w mut Vec<usize>,
    /// Declaration of each slot alive.
    slots: Vec<usize>,
    captured: Vec<bool>,
    assigned: Vec<bool>,
    assigned_upvalues: Vec<bool>,
}

impl Walk<'_> {
    fn declare(&mut self, count: u32) {
        for _ in 0..count {
            self.slots.push(self.captured.len());
            self.captured.push(false);
            self.assigned.push(false);
        }
    }

    fn block(&mut self, block: &Block) {
        let alive = self.slots.len();
        for statement in block {
            self.statement(statement);
        }
        self.slots.truncate(alive);
    }

    fn body(&mut self, own: u32, block: &Block) {
        let alive = self.slots.len();
        self.declare(own);
        self.block(block);
        self.slots.truncate(alive);
    }

    fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Local { count, values } => {
                self.values(values);
                self.declare(*count);
            }
            Statement::LocalFunction { function } => {
                self.declare(1);
                self.made(*function);
            }
            Statement::Assign { targets, values } => {
                for target in targets {
                    match target {
                        Target::Local(slot) => self.assigned[self.slots[*slot as usize]] = true,
                        Target::Upvalue(index) => self.assigned_upvalues[*index as usize] = true,
                        Target::Export(_) => {}
                        Target::Index { table, key, .. } => {
                            self.expression(table);
                            self.expression(key);
                        }
                    }
                }
                self.values(values);
            }
            Statement::Call(call) => self.expression(call),
            Statement::Do(body) => self.block(body),
            Statement::While { condition, body } => {
                self.expression(condition);
                self.block(body);
            }
            Statement::Repeat { body, condition } => {
                let alive = self.slots.len();
                for statement in body {
                    self.statement(statement);
                }
                self.expression(condition);
                self.slots.truncate(alive);
            }
            Statement::If {
                condition,
                then,
                otherwise,
            } => {
                self.expression(condition);
                self.block(then);
                self.block(otherwise);
            }
            Statement::NumericFor {
                start,
                limit,
                step,
                body,
                ..
            } => {
                self.expression(start);
                self.expression(limit);
                self.expression(step);
                self.body(1, body);
            }
            Statement::GenericFor {
                count,
                values,
                body,
                ..
            } => {
                self.values(values);
                self.body(*count, body);
            }
            Statement::Return { values, .. } => self.values(values),
            Statement::Close { .. }
            | Statement::Goto { .. }
            | Statement::Label { .. }
            | Statement::Break => {}
        }
    }

    fn values(&mut self, values: &Values) {
        for value in &values.single {
            self.expression(value);
        }
        if let Some(rest) = &values.rest {
            self.expression(rest);
        }
    }

    fn made(&mut self, inner: u32) {
        let inner = inner as usize;
        self.makers[inner] = self.index;
        let mut origins = Vec::new();
        for (position, capture) in self.module.functions[inner].captures.iter().enumerate() {
            let is_assigned = self.assigned_inside[inner]
                .get(position)
                .copied()
                .unwrap_or(false);
            match capture {
                Capture::Local(slot) => {
                    let declaration = self.slots[*slot as usize];
                    self.captured[declaration] = true;
                    self.assigned[declaration] |= is_assigned;
                    origins.push(Origin::Declaration(declaration));
                }
                Capture::Upvalue(index) => {
                    self.assigned_upvalues[*index as usize] |= is_assigned;
                    origins.push(Origin::Upvalue(*index as usize));
                }
                Capture::Globals => {}
            }
        }
        self.origins[inner] = origins;
    }

    fn expression(&mut self, expression: &Expression) {
        match expression {
            Expression::Function(index) => self.made(*index),
            Expression::Table { items, rest, .. } => {
                for item in items {
                    match item {
                        Item::Listed(value) => self.expression(value),
                        Item::Keyed(key, value) => {
                            self.expression(key);
                            self.expression(value);
                        }
                    }
                }
                if let Some(rest) = rest {
                    self.expression(rest);
                }
            }
            Expression::Unary { operand, .. } => self.expression(operand),
            Expression::Binary { operands, .. } | Expression::Index { operands, .. } => {
                self.expression(&operands.0);
                self.expression(&operands.1);
            }
            Expression::And(operands) | Expression::Or(operands) => {
                self.expression(&operands.0);
                self.expression(&operands.1);
            }
            Expression::Concat { operands, .. } => {
                for operand in operands {
                    self.expression(operand);
                }
            }
            Expression::Call {
                function,
                arguments,
                ..
            } => {
                self.expression(function);
                self.values(arguments);
            }
            Expression::Method {
                object, arguments, ..
            } => {
                self.expression(object);
                self.values(arguments);
            }
            _ => {}
        }
    }
}
