//! The slow twin: an interpreter that walks ELC as it stands, the judge of the machine.
//!
//! It knows no registers: every local is a shared variable of its own, every call is a call of the host. It shares with
//! the machine the heap, the library and `meaning` (what one operation does to two values), and nothing of how
//! programs are run: order, scopes, closures, loops, jumps, calls, results, errors, coroutines and fuel.
//!
//! TWIN: weights — `elc/weight.rs`. Tests: `twin/tests.rs`, `twin/random.rs`.

pub(crate) mod coroutine;
mod coverage;
mod edge;
mod generate;
pub(crate) mod handler;
mod random;
mod tests;

use crate::arithmetic::Operator;
use crate::elc::{
    self, Binary, Block, Capture, Expression, Function, Item, Module, Statement, Target, Unary,
    Values,
};
use crate::library::{self, Control, Native, native};
use crate::machine::meaning::{Counting, Decision, Meant, Store, Wrong};
use crate::machine::op::LIST_UNIT;
use crate::machine::{Fault, Vm, event};
use crate::names::EXPORTS;
use crate::profile::Profile;
use crate::value::{CellId, ClosureId, Value};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Calls of the host inside each other.
const DEPTH_MAX: usize = 120;

/// Makes a machine run everything by the twin.
pub(crate) fn take_over(vm: &mut Vm) {
    vm.executor = call_from_outside;
    vm.heap.threshold = usize::MAX;
}

fn call_from_outside(
    vm: &mut Vm,
    function: Value,
    arguments: &[Value],
) -> Result<Vec<Value>, Fault> {
    vm.twin_boundary(true);
    let arguments = arguments.to_vec();
    let result = handler::behind(vm, None, |vm| call_apart(vm, function, arguments));
    vm.twin_boundary(false);
    result
}

/// A call that is at no line of whoever runs.
fn call_apart(vm: &mut Vm, function: Value, arguments: Vec<Value>) -> Result<Vec<Value>, Fault> {
    let depth = vm.twin_lines.len();
    vm.twin_lines.push((Arc::from(""), 0));
    let result = call(vm, function, arguments);
    vm.twin_lines.truncate(depth);
    result
}

fn call(vm: &mut Vm, function: Value, mut arguments: Vec<Value>) -> Result<Vec<Value>, Fault> {
    match function {
        Value::Closure(id) => match vm.twin_bound(id) {
            Some((function, state)) => {
                arguments.insert(0, state);
                call(vm, function, arguments)
            }
            None => call_closure(vm, id, arguments),
        },
        Value::Native(id) => match native(id) {
            Native::Plain(_) => vm.twin_native(function, &arguments),
            Native::Control(Control::ProtectedCall) => protected(vm, arguments, None),
            Native::Control(Control::ProtectedCallWithHandler) => {
                let handler = arguments.remove(1);
                protected(vm, arguments, Some(handler))
            }
            Native::Control(Control::Pairs) => pairs(vm, &arguments),
            Native::Control(Control::Resume) => coroutine::resume(vm, arguments),
            Native::Control(Control::ResumeWrapped) => coroutine::resume_wrapped(vm, arguments),
            Native::Control(Control::Yield) => coroutine::hand_back(vm, arguments),
        },
        callee => {
            let handler = vm.metamethod(callee, event::CALL);
            if handler.is_nil() {
                return Err(wrong(vm, Wrong::Call(callee)));
            }
            vm.pay(1)?;
            arguments.insert(0, callee);
            call(vm, handler, arguments)
        }
    }
}

fn pairs(vm: &mut Vm, arguments: &[Value]) -> Result<Vec<Value>, Fault> {
    let Some(value) = arguments.first().copied() else {
        return Err(vm.raise("bad argument #1 to 'pairs' (value expected)"));
    };
    let handler = vm.metamethod(value, event::PAIRS);
    if handler.is_nil() {
        return Ok(Vec::from([Value::Native(library::NEXT), value, Value::Nil]));
    }
    let mut values = call(vm, handler, Vec::from([value]))?;
    values.resize(3, Value::Nil);
    Ok(values)
}

fn protected(
    vm: &mut Vm,
    mut arguments: Vec<Value>,
    handler: Option<Value>,
) -> Result<Vec<Value>, Fault> {
    if arguments.is_empty() {
        return Err(vm.raise("bad argument #1 to 'pcall' (value expected)"));
    }
    let function = arguments.remove(0);
    vm.twin_protected(true);
    let result = handler::behind(vm, handler, |vm| call_apart(vm, function, arguments));
    vm.twin_protected(false);
    match result {
        Ok(mut values) => {
            values.insert(0, Value::Boolean(true));
            Ok(values)
        }
        Err(Fault::Raised(value)) => Ok(Vec::from([Value::Boolean(false), value])),
        Err(fault) => Err(fault),
    }
}

fn call_closure(vm: &mut Vm, id: ClosureId, arguments: Vec<Value>) -> Result<Vec<Value>, Fault> {
    let (module, index, source, start) = vm.twin_function(id);
    let function = &module.functions[index];
    vm.pay(u64::from(elc::function_weight(function)))?;
    assert!(vm.twin_lines.len() < DEPTH_MAX, "too deep for the twin");
    vm.twin_lines.push((source, function.debug.line));
    let mut run = Run {
        vm,
        module: &module,
        function,
        start,
        upvalues: Vec::new(),
        slots: Vec::new(),
        rest: Vec::new(),
        closers: Vec::new(),
        marking: 0,
    };
    run.upvalues = run.vm.heap.closure(id).upvalues.to_vec();
    let parameters = function.parameter_count as usize;
    for position in 0..parameters {
        run.declare(arguments.get(position).copied().unwrap_or_default());
    }
    if function.is_variadic && arguments.len() > parameters {
        run.rest = arguments[parameters..].to_vec();
    }
    let result = run.block_inside(&function.body);
    vm.twin_lines.pop();
    match result? {
        Flow::Return(values) => Ok(values),
        _ => Ok(Vec::new()),
    }
}

fn wrong(vm: &mut Vm, wrong: Wrong) -> Fault {
    vm.raise_wrong(wrong, |_| String::new())
}

/// How a statement ends.
enum Flow {
    Next,
    Break,
    Goto(u32),
    Return(Vec<Value>),
}

struct Run<'r> {
    vm: &'r mut Vm,
    module: &'r Module,
    function: &'r Function,
    /// Index of the module's first function.
    start: u32,
    upvalues: Vec<Value>,
    slots: Vec<CellId>,
    rest: Vec<Value>,
    /// Slots that are to be closed: how many slots were alive below each, and the slot's variable.
    closers: Vec<(usize, CellId)>,
    /// Statements that may have marked one, of the blocks around the running statement.
    marking: usize,
}

impl Run<'_> {
    fn declare(&mut self, value: Value) {
        let cell = self.vm.heap.new_cell(value);
        self.slots.push(cell);
    }

    fn at(&mut self, line: u32) {
        if let Some(last) = self.vm.twin_lines.last_mut() {
            last.1 = line;
        }
    }

    fn meant<T>(&mut self, meant: Meant<T>) -> Result<T, Fault> {
        meant.map_err(|reason| wrong(self.vm, reason))
    }

    fn decided(&mut self, meant: Meant<Decision>) -> Result<Value, Fault> {
        match self.meant(meant)? {
            Decision::Value(value) => Ok(value),
            Decision::Call(handler, left, right) => {
                let values = call(self.vm, handler, Vec::from([left, right]))?;
                Ok(values.first().copied().unwrap_or_default())
            }
        }
    }

    fn block(&mut self, block: &Block) -> Result<Flow, Fault> {
        let slots = self.slots.len();
        let result = self.block_inside(block);
        self.slots.truncate(slots);
        result
    }

    /// A block whose slots stay alive for whoever called.
    fn block_inside(&mut self, block: &Block) -> Result<Flow, Fault> {
        let closers = self.closers.len();
        let result = self.statements(block);
        self.close(closers, result)
    }

    /// Closes what was marked since; an error of a closing takes the place of the one before it.
    fn close(&mut self, count: usize, mut result: Result<Flow, Fault>) -> Result<Flow, Fault> {
        while self.closers.len() > count {
            let Some((_, cell)) = self.closers.pop() else {
                break;
            };
            let fault = result.as_ref().err().copied();
            if coroutine::leaves(self.vm, fault, |vm| *vm.heap.cell(cell)) {
                continue;
            }
            let error = match fault {
                Some(Fault::Raised(value)) => handler::see(self.vm, value)?,
                Some(fault) => return Err(fault),
                None => Value::Nil,
            };
            if fault.is_some() {
                result = Err(Fault::Raised(error));
            }
            let is_seen = core::mem::take(&mut self.vm.twin_handlers.is_seen);
            let value = *self.vm.heap.cell(cell);
            let closed = match self.vm.meant_close(value) {
                Ok(handler) => call_apart(self.vm, handler, Vec::from([value, error])),
                Err(not_callable) => Err(wrong(self.vm, not_callable)),
            };
            match closed {
                Ok(_) => self.vm.twin_handlers.is_seen = is_seen,
                Err(fault) => result = Err(fault),
            }
        }
        result
    }

    fn statements(&mut self, block: &Block) -> Result<Flow, Fault> {
        let marking = self.marking;
        let result = self.statements_of(block);
        self.marking = marking;
        result
    }

    fn statements_of(&mut self, block: &Block) -> Result<Flow, Fault> {
        let (base, marking) = (self.slots.len(), self.marking);
        let mut position = 0;
        while let Some(statement) = block.get(position) {
            let flow = self.statement(statement)?;
            let Flow::Goto(label) = flow else {
                if !matches!(flow, Flow::Next) {
                    return Ok(flow);
                }
                position += 1;
                continue;
            };
            coverage::jump();
            let found = block
                .iter()
                .position(|other| *other == Statement::Label { label });
            let Some(found) = found else {
                return Ok(flow);
            };
            if found < position {
                self.vm.pay(u64::from(elc::label_weight(block)))?;
            }
            let declared: u32 = block[..found]
                .iter()
                .map(|statement| match statement {
                    Statement::Local { count, .. } => *count,
                    Statement::LocalFunction { .. } => 1,
                    _ => 0,
                })
                .sum();
            let alive = base + declared as usize;
            let kept = self
                .closers
                .iter()
                .filter(|(below, _)| *below < alive)
                .count();
            self.close(kept, Ok(Flow::Next))?;
            self.slots.truncate(alive);
            let marks = |statement: &&Statement| matches!(statement, Statement::Close { .. });
            self.marking = marking + block[..found].iter().filter(marks).count();
            position = found;
        }
        Ok(Flow::Next)
    }

    fn statement(&mut self, statement: &Statement) -> Result<Flow, Fault> {
        coverage::statement(statement);
        match statement {
            Statement::Local { count, values } => {
                let values = self.exactly(values, *count as usize)?;
                for value in values {
                    self.declare(value);
                }
            }
            Statement::Close { slot, line } => {
                self.at(*line);
                self.marking += 1;
                let cell = self.slots[*slot as usize];
                let value = *self.vm.heap.cell(cell);
                if value.is_true() {
                    if self.vm.metamethod(value, event::CLOSE).is_nil() {
                        return Err(self.vm.raise("variable '?' got a non-closable value"));
                    }
                    self.closers.push((*slot as usize, cell));
                }
            }
            Statement::LocalFunction { function } => {
                self.declare(Value::Nil);
                let closure = self.closure(*function);
                if let Some(cell) = self.slots.last() {
                    self.vm.heap.set_cell(*cell, &closure);
                }
            }
            Statement::Assign { targets, values } => self.assign(targets, values)?,
            Statement::Call(expression) => {
                self.several(expression)?;
            }
            Statement::Do(body) => return self.block(body),
            Statement::While { condition, body } => {
                while self.one(condition)?.is_true() {
                    match self.block(body)? {
                        Flow::Next => self.go_round(statement)?,
                        Flow::Break => break,
                        flow => return Ok(flow),
                    }
                }
            }
            Statement::Repeat { body, condition } => {
                return self.repeat(statement, body, condition);
            }
            Statement::If {
                condition,
                then,
                otherwise,
            } => {
                let is_true = self.one(condition)?.is_true();
                return self.block(if is_true { then } else { otherwise });
            }
            Statement::NumericFor {
                start,
                limit,
                step,
                body,
                line,
            } => {
                let bounds = [self.one(start)?, self.one(limit)?, self.one(step)?];
                self.at(*line);
                return self.numeric_for(statement, bounds, body, *line);
            }
            Statement::GenericFor {
                count,
                values,
                body,
                line,
            } => {
                let values = self.exactly(values, 4)?;
                self.at(*line);
                let count = *count as usize;
                let may_mark = usize::from(self.vm.profile() == Profile::Script);
                self.marking += may_mark;
                let result = self.generic_for(statement, count, &values, body, *line);
                self.marking -= may_mark;
                return result;
            }
            Statement::Goto { label } => return Ok(Flow::Goto(*label)),
            Statement::Label { .. } => {}
            Statement::Break => return Ok(Flow::Break),
            Statement::Return { values, line } => {
                let found = self.all(values)?;
                self.at(*line);
                // The results of a call that takes the place of this one do not pass through here.
                let is_tail = values.single.is_empty() && self.marking == 0;
                match values.rest.as_deref() {
                    Some(Expression::Rest) => self.pay_for_list(found.len())?,
                    Some(_) if !is_tail => self.pay_for_list(found.len())?,
                    _ => {}
                }
                return Ok(Flow::Return(found));
            }
        }
        Ok(Flow::Next)
    }

    fn go_round(&mut self, statement: &Statement) -> Result<(), Fault> {
        self.vm.pay(u64::from(elc::back_edge_weight(statement)))
    }

    fn repeat(
        &mut self,
        statement: &Statement,
        body: &Block,
        condition: &Expression,
    ) -> Result<Flow, Fault> {
        loop {
            let (slots, closers) = (self.slots.len(), self.closers.len());
            let mut is_done = false;
            let result = self.statements(body).and_then(|flow| {
                if matches!(flow, Flow::Next) {
                    is_done = self.one(condition)?.is_true();
                }
                Ok(flow)
            });
            let flow = self.close(closers, result)?;
            self.slots.truncate(slots);
            match flow {
                Flow::Next if is_done => return Ok(Flow::Next),
                Flow::Next => self.go_round(statement)?,
                Flow::Break => return Ok(Flow::Next),
                flow => return Ok(flow),
            }
        }
    }

    /// One iteration: the block with its own slots filled.
    fn iteration(&mut self, own: &[Value], body: &Block) -> Result<Flow, Fault> {
        let slots = self.slots.len();
        for value in own {
            self.declare(*value);
        }
        let result = self.block_inside(body);
        self.slots.truncate(slots);
        result
    }

    fn numeric_for(
        &mut self,
        statement: &Statement,
        bounds: [Value; 3],
        body: &Block,
        line: u32,
    ) -> Result<Flow, Fault> {
        let [start, limit, step] = bounds;
        let counting = self.vm.meant_loop(start, limit, step);
        match self.meant(counting)? {
            Counting::Never => Ok(Flow::Next),
            Counting::Integer(mut count, mut left, step) => loop {
                match self.iteration(&[Value::Integer(count)], body)? {
                    Flow::Next if left == 0 => return Ok(Flow::Next),
                    Flow::Next => {}
                    Flow::Break => return Ok(Flow::Next),
                    flow => return Ok(flow),
                }
                left -= 1;
                count = count.wrapping_add(step);
                self.go_round(statement)?;
            },
            Counting::Other(mut count, limit, step) => loop {
                match self.iteration(&[count], body)? {
                    Flow::Next => {}
                    Flow::Break => return Ok(Flow::Next),
                    flow => return Ok(flow),
                }
                self.at(line);
                let next = self.vm.meant_loop_step(count, limit, step);
                match self.meant(next)? {
                    None => return Ok(Flow::Next),
                    Some(next) => count = next,
                }
                self.go_round(statement)?;
            },
        }
    }

    fn generic_for(
        &mut self,
        statement: &Statement,
        count: usize,
        values: &[Value],
        body: &Block,
        line: u32,
    ) -> Result<Flow, Fault> {
        let (iterator, state, mut control, closing) = (values[0], values[1], values[2], values[3]);
        let closers = self.closers.len();
        if closing.is_true() && self.module.profile == crate::profile::Profile::Script {
            if self.vm.metamethod(closing, event::CLOSE).is_nil() {
                return Err(self.vm.raise("variable '?' got a non-closable value"));
            }
            let cell = self.vm.heap.new_cell(closing);
            self.closers.push((self.slots.len(), cell));
        }
        // A traversal by the library's own `next` refuses to go on once a key was added.
        let additions = match (iterator, state, control) {
            (Value::Native(library::NEXT), Value::Table(table), Value::Nil) => {
                Some(self.vm.heap.table(table).additions)
            }
            _ => None,
        };
        let result = loop {
            self.at(line);
            if let (Some(additions), Value::Table(table)) = (additions, state)
                && self.vm.heap.table(table).additions != additions
            {
                break Err(wrong(self.vm, Wrong::Changed));
            }
            let mut given = match call(self.vm, iterator, Vec::from([state, control])) {
                Ok(given) => given,
                Err(fault) => break Err(fault),
            };
            given.resize(count.max(1), Value::Nil);
            if given[0].is_nil() {
                break Ok(Flow::Next);
            }
            control = given[0];
            match self.iteration(&given, body) {
                Ok(Flow::Next) => {}
                Ok(Flow::Break) => break Ok(Flow::Next),
                other => break other,
            }
            if let Err(fault) = self.go_round(statement) {
                break Err(fault);
            }
        };
        self.close(closers, result)
    }

    fn assign(&mut self, targets: &[Target], values: &Values) -> Result<(), Fault> {
        let mut ready = Vec::new();
        for target in targets {
            coverage::target(target);
            ready.push(match target {
                Target::Index { table, key, .. } => Some((self.one(table)?, self.one(key)?)),
                _ => None,
            });
        }
        let values = self.exactly(values, targets.len())?;
        for (position, target) in targets.iter().enumerate().rev() {
            let value = values[position];
            match (target, ready[position]) {
                (Target::Local(slot), _) => {
                    let cell = self.slots[*slot as usize];
                    self.vm.heap.set_cell(cell, &value);
                }
                (Target::Upvalue(index), _) => {
                    if let Value::Cell(cell) = self.upvalues[*index as usize] {
                        self.vm.heap.set_cell(cell, &value);
                    }
                }
                (Target::Export(index), _) => {
                    let globals = self.vm.globals;
                    self.vm
                        .heap
                        .set_text(globals, EXPORTS[*index as usize], value);
                }
                (Target::Index { line, .. }, Some((table, key))) => {
                    self.at(*line);
                    let store = self.vm.meant_set_index(table, key, value);
                    if let Store::Call(handler, object) = self.meant(store)? {
                        call(self.vm, handler, Vec::from([object, key, value]))?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// An open list, of as many values as there are.
    fn all(&mut self, values: &Values) -> Result<Vec<Value>, Fault> {
        self.listed(values, Run::open)
    }

    /// A list of which so many values are wanted.
    fn exactly(&mut self, values: &Values, count: usize) -> Result<Vec<Value>, Fault> {
        let mut found = self.listed(values, Run::several)?;
        found.resize(count, Value::Nil);
        Ok(found)
    }

    fn listed(
        &mut self,
        values: &Values,
        rest: fn(&mut Self, &Expression) -> Result<Vec<Value>, Fault>,
    ) -> Result<Vec<Value>, Fault> {
        let mut found = Vec::new();
        for value in &values.single {
            found.push(self.one(value)?);
        }
        if let Some(last) = &values.rest {
            found.extend(rest(self, last)?);
        }
        Ok(found)
    }

    /// The values of a list's last expression, all of them.
    fn open(&mut self, expression: &Expression) -> Result<Vec<Value>, Fault> {
        if matches!(expression, Expression::Rest) {
            self.pay_for_list(self.rest.len())?;
        }
        self.several(expression)
    }

    fn pay_for_list(&mut self, count: usize) -> Result<(), Fault> {
        self.vm.pay((count / LIST_UNIT) as u64)
    }

    /// The arguments of a call, behind those that are there.
    fn arguments(&mut self, given: &mut Vec<Value>, arguments: &Values) -> Result<(), Fault> {
        given.extend(self.all(arguments)?);
        if arguments.rest.is_some() {
            self.pay_for_list(given.len())?;
        }
        Ok(())
    }

    fn several(&mut self, expression: &Expression) -> Result<Vec<Value>, Fault> {
        coverage::expression(expression);
        match expression {
            Expression::Rest => Ok(self.rest.clone()),
            Expression::Call {
                function,
                arguments,
                line,
            } => {
                let function = self.one(function)?;
                let mut given = Vec::new();
                self.arguments(&mut given, arguments)?;
                self.at(*line);
                call(self.vm, function, given)
            }
            Expression::Method {
                object,
                name,
                arguments,
                line,
            } => {
                let object = self.one(object)?;
                self.at(*line);
                let key = Value::String(self.vm.heap.string(name));
                let method = self.vm.meant_index(object, key);
                let method = self.decided(method)?;
                let mut list = Vec::from([object]);
                self.arguments(&mut list, arguments)?;
                self.at(*line);
                call(self.vm, method, list)
            }
            other => Ok(Vec::from([self.one(other)?])),
        }
    }

    fn closure(&mut self, index: u32) -> Value {
        let inner = &self.module.functions[index as usize];
        let mut upvalues = Vec::new();
        for capture in &inner.captures {
            coverage::capture(matches!(capture, Capture::Local(_)));
            upvalues.push(match capture {
                Capture::Local(slot) => Value::Cell(self.slots[*slot as usize]),
                Capture::Upvalue(upvalue) => self.upvalues[*upvalue as usize],
                Capture::Globals => Value::Nil,
            });
        }
        let upvalues: Box<[Value]> = upvalues.into_boxed_slice();
        Value::Closure(self.vm.heap.new_closure(self.start + index, upvalues))
    }

    fn one(&mut self, expression: &Expression) -> Result<Value, Fault> {
        coverage::expression(expression);
        Ok(match expression {
            Expression::Nil => Value::Nil,
            Expression::Boolean(value) => Value::Boolean(*value),
            Expression::Integer(integer) => Value::Integer(*integer),
            Expression::Float(bits) => Value::Float(f64::from_bits(*bits)),
            Expression::Fixed(steps) => Value::Fixed(*steps),
            Expression::Text(text) => Value::String(self.vm.heap.string(text)),
            Expression::Local(slot) => *self.vm.heap.cell(self.slots[*slot as usize]),
            Expression::Upvalue(index) => match self.upvalues[*index as usize] {
                Value::Cell(cell) => *self.vm.heap.cell(cell),
                value => value,
            },
            Expression::Export(index) => self.vm.library_value(EXPORTS[*index as usize]),
            Expression::Intrinsic(name) => self.vm.library_value(name),
            Expression::Function(index) => self.closure(*index),
            Expression::Rest | Expression::Call { .. } | Expression::Method { .. } => self
                .several(expression)?
                .first()
                .copied()
                .unwrap_or_default(),
            Expression::Table { items, rest, .. } => self.table(items, rest.as_deref())?,
            Expression::Unary {
                operator,
                operand,
                line,
            } => {
                let operand = self.one(operand)?;
                self.at(*line);
                let meant = match operator {
                    Unary::Not => return Ok(Value::Boolean(!operand.is_true())),
                    Unary::Negate => self.vm.meant_negate(operand),
                    Unary::Length => self.vm.meant_length(operand),
                    Unary::BitNot => self.vm.meant_bit_not(operand),
                };
                self.decided(meant)?
            }
            Expression::Binary {
                operator,
                operands,
                line,
            } => {
                let (left, right) = (self.one(&operands.0)?, self.one(&operands.1)?);
                self.at(*line);
                self.binary(*operator, left, right)?
            }
            Expression::Concat { operands, line } => {
                let mut values = Vec::new();
                for operand in operands {
                    values.push(self.one(operand)?);
                }
                self.at(*line);
                let mut joined = values.pop().unwrap_or_default();
                while let Some(left) = values.pop() {
                    let meant = self.vm.meant_concat(left, joined, 0);
                    joined = self.decided(meant)?;
                }
                joined
            }
            Expression::And(operands) => {
                let left = self.one(&operands.0)?;
                if left.is_true() {
                    self.one(&operands.1)?
                } else {
                    left
                }
            }
            Expression::Or(operands) => {
                let left = self.one(&operands.0)?;
                if left.is_true() {
                    left
                } else {
                    self.one(&operands.1)?
                }
            }
            Expression::Index { operands, line } => {
                let (object, key) = (self.one(&operands.0)?, self.one(&operands.1)?);
                self.at(*line);
                let meant = self.vm.meant_index(object, key);
                self.decided(meant)?
            }
        })
    }

    fn binary(&mut self, operator: Binary, left: Value, right: Value) -> Result<Value, Fault> {
        let meant = match operator {
            Binary::Equal => Ok(self.vm.meant_equal(left, right)),
            Binary::Less => self.vm.meant_less(left, right, false),
            Binary::LessEqual => self.vm.meant_less(left, right, true),
            Binary::Greater => self.vm.meant_less(right, left, false),
            Binary::GreaterEqual => self.vm.meant_less(right, left, true),
            operator => {
                let operator = Operator::of(operator).expect("the others are above");
                let meant = self.vm.meant_arithmetic(operator, left, right);
                return self.decided(meant);
            }
        };
        let value = self.decided(meant)?;
        Ok(Value::Boolean(value.is_true()))
    }

    fn table(&mut self, items: &[Item], rest: Option<&Expression>) -> Result<Value, Fault> {
        let table = self.vm.heap.new_table();
        let mut next = 0;
        for item in items {
            coverage::item(item);
            match item {
                Item::Listed(value) => {
                    let value = self.one(value)?;
                    self.vm.heap.append_list(table, next, &[value]);
                    next += 1;
                }
                Item::Keyed(key, value) => {
                    let (key, value) = (self.one(key)?, self.one(value)?);
                    let store = self.vm.meant_set_index(Value::Table(table), key, value);
                    self.meant(store)?;
                }
            }
        }
        if let Some(rest) = rest {
            let values = self.open(rest)?;
            self.pay_for_list(next + values.len())?;
            for value in values {
                self.vm.heap.append_list(table, next, &[value]);
                next += 1;
            }
        }
        let _ = self.function;
        Ok(Value::Table(table))
    }
}
