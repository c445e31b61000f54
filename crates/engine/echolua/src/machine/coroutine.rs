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
}

impl Coroutine {
    /// Size for the memory limit, in bytes.
    pub const SIZE: usize = 1024;

    /// Every value the collector has to follow.
    pub fn values(&self) -> impl Iterator<Item = Value> + '_ {
        let frames = self.frames.iter().map(|frame| frame.handler);
        let closures = self
            .frames
            .iter()
            .map(|frame| Value::Closure(frame.closure));
        let resumer = self.resumer.map(Value::Coroutine);
        let has_closure = self.frames.iter().map(Frame::is_program);
        let closures = closures
            .zip(has_closure)
            .filter(|(_, is_program)| *is_program)
            .map(|(closure, _)| closure);
        self.stack
            .iter()
            .copied()
            .chain(frames)
            .chain(closures)
            .chain(resumer)
            .chain([self.failure])
    }
}
