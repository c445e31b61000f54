//! The rules a module keeps, beyond the form of its nodes; whoever runs a module relies on them.
//!
//! Slots are alive where they are used, upvalues exist, every function is made in exactly one place and in order,
//! labels are visible from their jumps and no jump enters the life of a slot, limits hold, and no operation stands in a
//! profile that forbids it.
//!
//! Tests: `tests/it/elc.rs`.

use super::{
    Block, Capture, ElcError, Expression, Function, Item, Module, SLOT_COUNT_MAX, Statement,
    Target, UPVALUE_COUNT_MAX, Values,
};
use crate::names::EXPORTS;
use crate::profile::Profile;
use alloc::vec::Vec;
use gatos_numbers::{Q32, binary64};

/// Checks every rule.
///
/// # Errors
/// [`ElcError::Invalid`] with the function and the first rule that is broken.
pub fn verify(module: &Module) -> Result<(), ElcError> {
    let invalid = |function, reason| ElcError::Invalid { function, reason };
    let main = module
        .functions
        .first()
        .ok_or(invalid(0, "there is no main function"))?;
    let captures: &[Capture] = match module.profile {
        Profile::Script => &[Capture::Globals],
        Profile::Fold => &[],
    };
    if main.captures != captures || main.parameter_count != 0 || !main.is_variadic {
        return Err(invalid(0, "this is no main function"));
    }
    let mut next_function = 1;
    // Functions are numbered in the order of the text, so an inner function follows its outer one; `pending` holds
    // for each function that was made but not yet checked where its captures point.
    let mut makers: Vec<Vec<u32>> = Vec::from([Vec::new()]);
    for (index, function) in module.functions.iter().enumerate() {
        let mut checker = Checker {
            module,
            function,
            slots: function.parameter_count,
            scopes: Vec::new(),
            loops: 0,
            labels: 0,
            declared: function.parameter_count as usize,
            made: Vec::new(),
        };
        checker.check().map_err(|reason| invalid(index, reason))?;
        makers.push(checker.made);
    }
    // Pre-order: walk the tree of functions and require 1, 2, 3, ….
    let mut stack: Vec<(u32, usize)> = Vec::from([(0, 0)]);
    while let Some((function, position)) = stack.pop() {
        let made = makers
            .get(function as usize + 1)
            .map_or(&[][..], Vec::as_slice);
        if let Some(inner) = made.get(position) {
            if *inner != next_function {
                return Err(invalid(
                    function as usize,
                    "inner functions are not in order",
                ));
            }
            next_function += 1;
            stack.push((function, position + 1));
            stack.push((*inner, 0));
        }
    }
    if next_function as usize != module.functions.len() {
        return Err(invalid(
            module.functions.len() - 1,
            "a function is never made",
        ));
    }
    Ok(())
}

type Check = Result<(), &'static str>;

/// A block that is being checked.
struct Scope {
    /// Labels of the block: number, slots alive there, whether only labels follow.
    labels: Vec<(u32, u32, bool)>,
    /// Slots alive when the block opened.
    slots: u32,
}

struct Checker<'m> {
    module: &'m Module,
    function: &'m Function,
    slots: u32,
    scopes: Vec<Scope>,
    loops: u32,
    labels: u32,
    declared: usize,
    made: Vec<u32>,
}

impl Checker<'_> {
    fn is_script(&self) -> bool {
        self.module.profile == Profile::Script
    }

    fn check(&mut self) -> Check {
        if self.slots > SLOT_COUNT_MAX {
            return Err("too many parameters");
        }
        if self.function.captures.len() > UPVALUE_COUNT_MAX {
            return Err("too many upvalues");
        }
        self.block(&self.function.body, 0, false)?;
        let debug = &self.function.debug;
        if self.is_script()
            && (debug.locals.len() != self.declared
                || debug.upvalues.len() != self.function.captures.len())
        {
            return Err("not one name for each slot and upvalue");
        }
        Ok(())
    }

    fn declare(&mut self, count: u32) -> Check {
        self.slots = self.slots.saturating_add(count);
        self.declared += count as usize;
        if self.slots > SLOT_COUNT_MAX {
            return Err("too many local variables");
        }
        Ok(())
    }

    /// A block whose first `own` slots its owner has filled; `is_seen` if a condition behind it sees its slots.
    fn block(&mut self, block: &Block, own: u32, is_seen: bool) -> Check {
        let slots = self.slots;
        self.declare(own)?;
        self.open(block, is_seen)?;
        self.statements(block)?;
        self.scopes.pop();
        self.slots = slots;
        Ok(())
    }

    fn open(&mut self, block: &Block, is_seen: bool) -> Check {
        let mut labels = Vec::new();
        let mut slots = self.slots;
        for (index, statement) in block.iter().enumerate() {
            match statement {
                Statement::Local { count, .. } => slots = slots.saturating_add(*count),
                Statement::LocalFunction { .. } => slots = slots.saturating_add(1),
                Statement::Label { label } => {
                    let is_last = block[index..]
                        .iter()
                        .all(|next| matches!(next, Statement::Label { .. }));
                    labels.push((*label, slots, is_last && !is_seen));
                }
                _ => {}
            }
        }
        self.scopes.push(Scope {
            labels,
            slots: self.slots,
        });
        Ok(())
    }

    fn statements(&mut self, block: &Block) -> Check {
        for (index, statement) in block.iter().enumerate() {
            if matches!(statement, Statement::Return { .. }) && index + 1 != block.len() {
                return Err("something follows a return");
            }
            self.statement(statement)?;
        }
        Ok(())
    }

    fn looped(&mut self, block: &Block, own: u32) -> Check {
        self.loops += 1;
        self.block(block, own, false)?;
        self.loops -= 1;
        Ok(())
    }

    fn statement(&mut self, statement: &Statement) -> Check {
        match statement {
            Statement::Local { count, values } => {
                self.values(values)?;
                if *count == 0 {
                    return Err("a declaration of nothing");
                }
                self.declare(*count)
            }
            Statement::Close { slot, .. } => {
                let start = self.scopes.last().map_or(0, |scope| scope.slots);
                if !self.is_script() {
                    return Err("a fold closes nothing");
                }
                if *slot < start || *slot >= self.slots {
                    return Err("only a slot of the block can be closed");
                }
                Ok(())
            }
            Statement::LocalFunction { function } => {
                self.declare(1)?;
                self.made_here(*function)
            }
            Statement::Assign { targets, values } => {
                if targets.is_empty() {
                    return Err("an assignment to nothing");
                }
                targets.iter().try_for_each(|target| self.target(target))?;
                self.values(values)
            }
            Statement::Call(call) => match call {
                Expression::Call { .. } | Expression::Method { .. } => self.expression(call),
                _ => Err("a statement that is no call"),
            },
            Statement::Do(body) => self.block(body, 0, false),
            Statement::While { condition, body } => {
                self.expression(condition)?;
                self.looped(body, 0)
            }
            Statement::Repeat { body, condition } => {
                let slots = self.slots;
                self.loops += 1;
                self.open(body, true)?;
                self.statements(body)?;
                self.scopes.pop();
                self.loops -= 1;
                self.expression(condition)?;
                self.slots = slots;
                Ok(())
            }
            Statement::If {
                condition,
                then,
                otherwise,
            } => {
                self.expression(condition)?;
                self.block(then, 0, false)?;
                self.block(otherwise, 0, false)
            }
            Statement::NumericFor {
                start,
                limit,
                step,
                body,
                ..
            } => {
                self.expression(start)?;
                self.expression(limit)?;
                self.expression(step)?;
                self.looped(body, 1)
            }
            Statement::GenericFor {
                count,
                values,
                body,
                ..
            } => {
                self.values(values)?;
                if *count == 0 {
                    return Err("a loop without variables");
                }
                self.looped(body, *count)
            }
            Statement::Goto { label } => self.goto(*label),
            Statement::Label { label } => {
                if *label != self.labels {
                    return Err("labels are not in order");
                }
                self.labels += 1;
                Ok(())
            }
            Statement::Break if self.loops == 0 => Err("a break outside a loop"),
            Statement::Break => Ok(()),
            Statement::Return { values, .. } => self.values(values),
        }
    }

    fn goto(&self, label: u32) -> Check {
        let mut slots_here = self.slots;
        for scope in self.scopes.iter().rev() {
            if let Some((_, slots, is_last)) =
                scope.labels.iter().find(|(number, ..)| *number == label)
            {
                return if *slots <= slots_here || *is_last {
                    Ok(())
                } else {
                    Err("a jump into the life of a slot")
                };
            }
            slots_here = scope.slots;
        }
        Err("a jump to a label that cannot be seen")
    }

    fn slot(&self, slot: u32) -> Check {
        if slot < self.slots {
            Ok(())
        } else {
            Err("a slot that is not alive")
        }
    }

    fn upvalue(&self, index: u32) -> Check {
        if (index as usize) < self.function.captures.len() {
            Ok(())
        } else {
            Err("an upvalue that does not exist")
        }
    }

    fn export(&self, index: u32) -> Check {
        if self.is_script() || index as usize >= EXPORTS.len() {
            return Err("a name that is not a fold's");
        }
        Ok(())
    }

    fn target(&mut self, target: &Target) -> Check {
        match target {
            Target::Local(slot) => self.slot(*slot),
            Target::Upvalue(index) => self.upvalue(*index),
            Target::Export(index) => self.export(*index),
            Target::Index { table, key, .. } => {
                self.expression(table)?;
                self.expression(key)
            }
        }
    }

    fn values(&mut self, values: &Values) -> Check {
        values
            .single
            .iter()
            .try_for_each(|value| self.expression(value))?;
        self.rest(values.rest.as_deref())
    }

    fn rest(&mut self, rest: Option<&Expression>) -> Check {
        match rest {
            Some(rest) if !rest.is_multiple() => Err("a rest that is one value"),
            Some(rest) => self.expression(rest),
            None => Ok(()),
        }
    }

    fn made_here(&mut self, index: u32) -> Check {
        let inner = self
            .module
            .functions
            .get(index as usize)
            .ok_or("no such function")?;
        self.made.push(index);
        for capture in &inner.captures {
            match capture {
                Capture::Local(slot) => self.slot(*slot)?,
                Capture::Upvalue(upvalue) => self.upvalue(*upvalue)?,
                Capture::Globals => return Err("only the main function is given the globals"),
            }
        }
        Ok(())
    }

    fn expression(&mut self, expression: &Expression) -> Check {
        match expression {
            Expression::Float(_) if !self.is_script() => Err("a float in a fold"),
            Expression::Float(bits) => {
                let is_canonical = binary64::canonical_bits(f64::from_bits(*bits)) == *bits;
                if is_canonical {
                    Ok(())
                } else {
                    Err("a NaN that is not canonical")
                }
            }
            Expression::Fixed(steps) => {
                let is_whole = Q32::from_steps(*steps).is_integer();
                if self.is_script() || is_whole {
                    Err("a fixed-point number out of place")
                } else {
                    Ok(())
                }
            }
            Expression::Rest if !self.function.is_variadic => Err("no further arguments here"),
            Expression::Local(slot) => self.slot(*slot),
            Expression::Upvalue(index) => self.upvalue(*index),
            Expression::Export(index) => self.export(*index),
            Expression::Intrinsic(_) if self.is_script() => {
                Err("a script takes its library from its globals")
            }
            Expression::Function(index) => self.made_here(*index),
            Expression::Table { items, rest, .. } => {
                for item in items {
                    match item {
                        Item::Listed(value) => self.expression(value)?,
                        Item::Keyed(key, value) => {
                            self.expression(key)?;
                            self.expression(value)?;
                        }
                    }
                }
                self.rest(rest.as_deref())
            }
            Expression::Unary { operand, .. } => self.expression(operand),
            Expression::Concat { operands, .. } => {
                if operands.len() < 2 {
                    return Err("too few strings to join");
                }
                operands
                    .iter()
                    .try_for_each(|operand| self.expression(operand))
            }
            Expression::Binary { operands, .. } | Expression::Index { operands, .. } => {
                self.expression(&operands.0)?;
                self.expression(&operands.1)
            }
            Expression::And(operands) | Expression::Or(operands) => {
                self.expression(&operands.0)?;
                self.expression(&operands.1)
            }
            Expression::Call {
                function,
                arguments,
                ..
            } => {
                self.expression(function)?;
                self.values(arguments)
            }
            Expression::Method {
                object, arguments, ..
            } => {
                self.expression(object)?;
                self.values(arguments)
            }
            Expression::Nil
            | Expression::Boolean(_)
            | Expression::Integer(_)
            | Expression::Text(_)
            | Expression::Rest
            | Expression::Intrinsic(_) => Ok(()),
        }
    }
}
