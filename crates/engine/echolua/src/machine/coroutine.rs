//! Coroutines as data: a stack and frames that are swapped with the running ones.
//!
//! While a coroutine runs, its own place in the heap keeps the stack and frames of whoever resumed it.
//!
//! Tests: `tests/it/language.rs`.

use super::Frame;
use crate::value::{CoroutineId, Value};
use alloc::vec::Vec;

/// What a coroutine is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Status {
    /// It has not begun, or it waits in a yield.
    #[default]
    Suspended,
    /// It runs.
    Running,
    /// It runs another coroutine.
    Normal,
    /// It has ended.
    Dead,
}

/// A coroutine.
#[derive(Clone, Debug, Default)]
pub(crate) struct Coroutine {
    pub stack: Vec<Value>,
    pub frames: Vec<Frame>,
    /// Stack places that are to be closed, ascending.
    pub to_close: Vec<u32>,
    pub status: Status,
    /// Who resumed it, while it runs.
    pub resumer: Option<CoroutineId>,
    /// Frames of native calls inside it, which nothing can yield across.
    pub boundary_count: u32,
    /// Protected calls inside it.
    pub protected_count: u32,
    /// The error it died of.
    pub failure: Value,
    /// Beyond this place its stack holds nil.
    pub high: usize,
    /// Bytes it counts for.
    pub counted: u32,
}

impl Coroutine {
    /// Size for the memory limit, in bytes.
    pub const SIZE: usize = 1024;

    /// Its stack is no longer needed.
    pub fn end(&mut self) {
        self.status = Status::Dead;
        self.stack = Vec::new();
        self.frames = Vec::new();
        self.to_close = Vec::new();
        self.high = 0;
    }

    /// Every value the collector has to follow.
    pub fn values(&self) -> impl Iterator<Item = Value> + '_ {
        let closures = self
            .frames
            .iter()
            .filter(|frame| frame.is_program())
            .map(|frame| Value::Closure(frame.closure));
        let resumer = self.resumer.map(Value::Coroutine);
        let used = self.high.min(self.stack.len());
        self.stack[..used]
            .iter()
            .copied()
            .chain(closures)
            .chain(resumer)
            .chain([self.failure])
    }
}
