//! Functions that whoever embeds the machine gives to programs: of a world, of a tool.
//!
//! An [`Embedder`] owns what its functions work on. It is put into the machine for the time of one call from outside and
//! taken out again, so a machine at rest holds nothing of it: it is cloned, saved and hashed as before, and what programs
//! keep of the functions are their numbers. Called while no embedder is there, a function raises an error.
//!
//! INVARIANT: a machine between two calls has no embedder.
//! Tests: `tests/it/embed.rs`.

use super::{Arguments, EMBEDDED};
use crate::heap::Heap;
use crate::machine::{Fault, Vm};
use crate::value::{NativeId, TableId, Value};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::any::Any;
use core::fmt;

/// The name of rows of embedders' functions.
pub(super) const ROW_NAME: &str = "embedded";

/// How many functions an embedder can give.
pub const EMBEDDED_COUNT: usize = 48;

/// Whoever gives functions to programs.
pub trait Embedder: Any + Send + Sync {
    /// Calls the function with this number; how many results it gave with [`HostCall::give`] or [`HostCall::give_all`].
    ///
    /// # Errors
    /// [`Fault`], which [`HostCall::raise`] and its like make.
    fn call(&mut self, function: u16, call: &mut HostCall<'_>) -> Result<usize, Fault>;
}

/// The place of an embedder in a machine. A clone of a machine has an empty one.
#[derive(Default)]
pub(crate) struct Seat(Option<Box<dyn Embedder>>);

impl Clone for Seat {
    fn clone(&self) -> Seat {
        Seat(None)
    }
}

impl fmt::Debug for Seat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.0.is_some() { "taken" } else { "empty" })
    }
}

/// A call of an embedder's function: its arguments, the machine, and where results go.
pub struct HostCall<'a> {
    vm: &'a mut Vm,
    arguments: Arguments,
}

impl HostCall<'_> {
    /// How many arguments there are.
    #[must_use]
    #[inline]
    pub const fn count(&self) -> usize {
        self.arguments.count
    }

    /// An argument, counted from 0; nil where there is none.
    #[must_use]
    #[inline]
    pub fn argument(&self, index: usize) -> Value {
        self.vm.argument(self.arguments, index)
    }

    /// The heap, to read.
    #[must_use]
    #[inline]
    pub const fn heap(&self) -> &Heap {
        self.vm.heap()
    }

    /// The heap, to make results.
    #[inline]
    pub const fn heap_mut(&mut self) -> &mut Heap {
        self.vm.heap_mut()
    }

    /// The bytes of a string value.
    #[must_use]
    #[inline]
    pub fn bytes(&self, value: Value) -> Option<&[u8]> {
        self.vm.bytes(value)
    }

    /// A value as people read it, without metamethods.
    #[must_use]
    pub fn show(&self, value: Value) -> String {
        self.vm.show(value)
    }

    /// Takes fuel, for what the function touches.
    ///
    /// # Errors
    /// [`Fault::FuelExhausted`].
    #[inline]
    pub fn pay(&mut self, fuel: u64) -> Result<(), Fault> {
        self.vm.pay(fuel)
    }

    /// Gives one result.
    #[inline]
    pub fn give(&mut self, value: Value) -> usize {
        self.vm.give(self.arguments, value)
    }

    /// Gives results.
    ///
    /// # Errors
    /// A stack that is full.
    #[inline]
    pub fn give_all(&mut self, values: &[Value]) -> Result<usize, Fault> {
        self.vm.give_all(self.arguments, values)
    }

    /// An error with the place of the program before its text, which programs can catch.
    pub fn raise(&mut self, text: &str) -> Fault {
        self.vm.raise(text)
    }

    /// An error about an argument, counted from 0.
    pub fn bad_argument(&mut self, index: usize, function: &str, text: &str) -> Fault {
        self.vm.bad_argument(index, function, text)
    }

    /// An error about the type of an argument, counted from 0.
    pub fn bad_type(&mut self, index: usize, function: &str, wanted: &str) -> Fault {
        self.vm.bad_type(self.arguments, index, function, wanted)
    }
}

/// What embedders need between calls.
impl Vm {
    /// Calls a function from outside, with an embedder in its place; gives him back.
    ///
    /// # Errors
    /// As [`Vm::call`].
    pub fn call_with<E: Embedder>(
        &mut self,
        embedder: E,
        function: Value,
        arguments: &[Value],
    ) -> (E, Result<Vec<Value>, Fault>) {
        self.seat = Seat(Some(Box::new(embedder)));
        let result = self.call(function, arguments);
        let taken = self.seat.0.take().expect("every call puts it back");
        let taken: Box<dyn Any> = taken;
        let embedder = taken.downcast().expect("it is the one put in above");
        (*embedder, result)
    }

    /// The function with this number of an embedder, as a value; nil beyond [`EMBEDDED_COUNT`].
    #[must_use]
    pub const fn embedded(number: u16) -> Value {
        if (number as usize) < EMBEDDED_COUNT {
            Value::Native(NativeId(EMBEDDED.0 + number))
        } else {
            Value::Nil
        }
    }

    /// Loads a module and gives its main function, whose globals are this table; see [`Vm::load`].
    pub fn load_with(
        &mut self,
        module: &crate::elc::Module,
        name: &str,
        globals: TableId,
    ) -> Option<Value> {
        self.load_in(module, name, Some(Value::Table(globals)))
    }

    /// The same function with other globals: a new closure of a main function that [`Vm::load_with`] gave. Nil for
    /// anything else.
    pub fn main_with(&mut self, main: Value, globals: TableId) -> Value {
        let Value::Closure(id) = main else {
            return Value::Nil;
        };
        let closure = self.heap.closure(id);
        let (prototype, upvalues) = (closure.prototype, closure.upvalues.clone());
        let upvalues = match &upvalues[..] {
            [] => upvalues,
            [Value::Cell(_)] => {
                let cell = self.heap.new_cell(Value::Table(globals));
                Box::new([Value::Cell(cell)])
            }
            [_] => Box::new([Value::Table(globals)]),
            _ => return Value::Nil,
        };
        Value::Closure(self.heap.new_closure(prototype, upvalues))
    }
}

/// The library's row for function `N` of an embedder.
pub(super) fn call<const N: u16>(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let Some(mut embedder) = vm.seat.0.take() else {
        return Err(vm.raise("this function is there only while its host runs the program"));
    };
    let mut call = HostCall {
        vm: &mut *vm,
        arguments,
    };
    let result = embedder.call(N, &mut call);
    vm.seat.0 = Some(embedder);
    result
}
