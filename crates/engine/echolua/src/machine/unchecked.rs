//! The one place of `unsafe` in the machine: instructions without a check at each fetch, upvalues without finding their
//! closure again, values copied by their parts.
//!
//! What makes it sound is looked at once, when code is loaded: [`Code::new`] refuses code in which an instruction could
//! lead outside. The loop keeps promises that no type can hold, each named at the function that needs it. What each part
//! gains was measured (decision 0018); what gains nothing, such as constants without a check, is not here.
//!
//! INVARIANT 1: every jump of a [`Code`] leads to one of its instructions, every constant it names is there and of the
//! kind it wants, and its last instruction never falls through.
//! INVARIANT 2: a closure of a frame has as many upvalues as the code of its prototype was checked for: calls look at it,
//! and so does whoever restores a saved machine. No unsafe code leans on it.
//! INVARIANT 3: the place that a frame keeps is below the number of its code's instructions.
//! Tests: `src/machine/unchecked/tests.rs`, also under Miri (`docs/decisions`).
#![allow(unsafe_code)]

#[cfg(test)]
mod tests;

use super::op::Op;
use crate::heap::Closure;
use crate::value::Value;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem::MaybeUninit;

/// Instructions and constants that were looked at.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    ops: Arc<[Op]>,
    constants: Arc<[Value]>,
    upvalue_count: u32,
}

impl Code {
    /// The code, unless an instruction of it could lead outside.
    pub fn new(mut ops: Vec<Op>, constants: Vec<Value>, upvalue_count: usize) -> Option<Code> {
        let is_linked = ops.iter_mut().all(|op| op.link(&constants));
        let is_whole = ops.last().is_some_and(|op| {
            matches!(
                op,
                Op::ReturnNothing | Op::Return { .. } | Op::ReturnOne { .. }
            )
        });
        let fits = |op: &Op| {
            let jump_fits = op
                .target()
                .is_none_or(|target| (target as usize) < ops.len());
            let constant_fits = op.constant().is_none_or(|(k, is_name)| {
                constants
                    .get(k)
                    .is_some_and(|constant| !is_name || matches!(constant, Value::String(_)))
            });
            let upvalue_fits = op.upvalue().is_none_or(|b| usize::from(b) < upvalue_count);
            // `ForEach` steps over its second half.
            jump_fits && constant_fits && upvalue_fits
        };
        let halves = ops.windows(2).all(|pair| {
            !matches!(pair[0], Op::ForEach { .. }) || matches!(pair[1], Op::ForEachTest { .. })
        });
        if !is_whole || !is_linked || !halves || !ops.iter().all(fits) {
            return None;
        }
        for (position, op) in ops.iter_mut().enumerate() {
            op.make_relative(position);
        }
        Some(Code {
            ops: ops.into(),
            constants: constants.into(),
            upvalue_count: u32::try_from(upvalue_count).ok()?,
        })
    }

    /// How many instructions there are.
    pub fn size(&self) -> usize {
        self.ops.len()
    }

    /// Upvalues that a closure must have.
    pub const fn upvalue_count(&self) -> usize {
        self.upvalue_count as usize
    }

    /// A place in the code; beyond its end, the end, which returns.
    #[inline]
    pub fn cursor(&self, pc: usize) -> Cursor<'_> {
        let pc = pc.min(self.ops.len() - 1);
        Cursor {
            // SAFETY: `pc` is below the length, which is not 0 (INVARIANT 1).
            at: unsafe { self.ops.as_ptr().add(pc) },
            code: self,
        }
    }

    /// The place that a frame kept.
    ///
    /// Promise of the loop: it kept the place for this code; what a saved machine says of it was looked at.
    #[inline]
    pub fn resume(&self, pc: u32) -> Cursor<'_> {
        debug_assert!((pc as usize) < self.ops.len());
        Cursor {
            // SAFETY: instructions that leave the loop are not the last one, which returns, so that what they keep is the
            // place of an instruction (INVARIANT 3).
            at: unsafe { self.ops.as_ptr().add(pc as usize) },
            code: self,
        }
    }

    /// The first instruction.
    #[inline]
    pub fn start(&self) -> Cursor<'_> {
        Cursor {
            at: self.ops.as_ptr(),
            code: self,
        }
    }
}

/// A place in code that was looked at.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'c> {
    at: *const Op,
    code: &'c Code,
}

impl<'c> Cursor<'c> {
    /// The instruction here; moves to the next one.
    ///
    /// Promise of the loop: it does not ask again after an instruction that returns, other than at a jump's target.
    #[inline(always)]
    pub fn next(&mut self) -> &'c Op {
        debug_assert!(self.pc() < self.code.ops.len());
        // SAFETY: `at` names an instruction: it began as one, jumps lead to one, and only the last never falls through
        // (INVARIANT 1).
        unsafe {
            let op = &*self.at;
            self.at = self.at.add(1);
            op
        }
    }

    /// Moves to a jump's target.
    ///
    /// Promise of the loop: the target is that of the instruction that was just fetched.
    #[inline(always)]
    pub fn jump(&mut self, target: u32) {
        debug_assert!((self.place(target) as usize) < self.code.ops.len());
        // SAFETY: targets of checked code lead to its instructions (INVARIANT 1), and say how far from here.
        self.at = unsafe { self.at.offset(target.cast_signed() as isize) };
    }

    /// The number of the instruction that a target of the instruction just fetched leads to.
    #[inline]
    pub fn place(&self, target: u32) -> u32 {
        (self.pc() as u32).wrapping_add(target)
    }

    /// Moves back to the instruction that was just fetched, which then runs once more.
    ///
    /// Promise of the loop: one was fetched since the last jump.
    #[inline(always)]
    pub fn again(&mut self) {
        debug_assert!(self.pc() > 0);
        // SAFETY: `at` stands behind the instruction that was fetched, which lies in the same list.
        self.at = unsafe { self.at.sub(1) };
    }

    /// Steps over the second half of `ForEach`, which [`Code::new`] has found behind it.
    #[inline(always)]
    pub fn skip(&mut self) {
        debug_assert!(self.pc() + 1 < self.code.ops.len());
        // SAFETY: the second half is there, and code does not end with it (INVARIANT 1).
        self.at = unsafe { self.at.add(1) };
    }

    /// Number of the next instruction.
    #[inline(always)]
    pub fn pc(&self) -> usize {
        // SAFETY: both lead into the same list.
        unsafe { self.at.offset_from(self.code.ops.as_ptr()) as usize }
    }

    /// A constant that an instruction of this code names.
    #[inline(always)]
    pub fn constant(&self, k: usize) -> &'c Value {
        &self.code.constants[k]
    }
}

/// The upvalues of the running closure, once one of them was asked for.
#[derive(Clone, Copy)]
pub(super) struct Upvalues {
    /// Null while nobody asked.
    values: *const [Value],
}

impl Upvalues {
    /// Those of a closure that nobody looked up yet: a function that asks for none need not find its closure again when a
    /// call returns to it.
    #[inline(always)]
    pub const fn unknown() -> Upvalues {
        Upvalues {
            values: core::ptr::slice_from_raw_parts(core::ptr::null(), 0),
        }
    }

    /// Promise of the loop: it begins anew with [`Upvalues::unknown`] after anything that makes or frees closures.
    #[inline(always)]
    pub const fn of(closure: &Closure) -> Upvalues {
        Upvalues {
            values: &raw const *closure.upvalues,
        }
    }

    /// An upvalue that an instruction of the running code names. `closure` finds the closure that runs.
    #[inline(always)]
    pub fn get<'h>(&mut self, b: u8, closure: impl FnOnce() -> &'h Closure) -> &'h Value {
        if self.values.is_null() {
            *self = Upvalues::of(closure());
        }
        // SAFETY: they lie where they lay (promise of the loop): a closure's list of upvalues is never replaced, only freed
        // with the closure, which runs.
        let values: &[Value] = unsafe { &*self.values };
        &values[usize::from(b)]
    }
}

/// Tag and payload of a value, as `repr(C, u8)` lays them out.
#[repr(C)]
struct Parts {
    tag: u8,
    payload: MaybeUninit<u64>,
}

/// Copies a value by its parts: values are written by parts, and a processor that finds 16 bytes in two pending stores
/// has to wait for both.
#[inline(always)]
pub(crate) fn copy(to: &mut Value, from: &Value) {
    // SAFETY: `Value` is `repr(C, u8)`: a tag, then a payload at the place and of at most the size that `Parts` has (a
    // test compares them). A payload is copied as it is, whether all its bytes are initialised or not.
    unsafe {
        let from = core::ptr::from_ref(from).cast::<Parts>();
        let to = core::ptr::from_mut(to).cast::<Parts>();
        (*to).payload = (*from).payload;
        (*to).tag = (*from).tag;
    }
}
