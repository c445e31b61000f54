//! `echo`: events, timers, chance, time, the log.
//!
//! A timer is an envelope of the bus, so it waits in the world like any other; the function it will call waits in the machine.
//!
//! Tests: `tests/it/script_api.rs`, `tests/it/script_state.rs`.

use super::desk::{Desk, Stream};
use super::field;
use super::payload;
use crate::bus::{Draft, Lane};
use crate::schedule::Phase;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use gatos_echolua::value::TableId;
use gatos_echolua::{Fault, HostCall, Value};
use gatos_numbers::binary64;
use gatos_values::{Blake3Digest, seed};

/// The kind of envelope that a timer is.
pub(crate) const TIMER: &str = "echo.timer";
/// The phase in which timers fire.
pub(crate) const TIMER_PHASE: Phase = Phase::PreUpdate;

/// The payload of a timer: its number, and the ticks until it comes again, 0 for never.
pub(crate) fn timer_payload(number: i64, period: u64) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    bytes[8..].copy_from_slice(&period.to_le_bytes());
    bytes
}

/// What [`timer_payload`] gives.
pub(crate) fn read_timer(payload: &[u8]) -> Option<(i64, u64)> {
    let (number, period) = payload.split_at_checked(8)?;
    Some((
        i64::from_le_bytes(number.try_into().ok()?),
        u64::from_le_bytes(period.try_into().ok()?),
    ))
}

/// The envelope of a timer that fires so many ticks later.
pub(crate) fn timer_draft(number: i64, after: u64, period: u64) -> Draft {
    Draft::new(TIMER, &timer_payload(number, period))
        .phase(TIMER_PHASE)
        .after_ticks(after)
}

/// Events.
impl Desk {
    /// `echo.emit(kind, payload, {phase =, delay =, lane =, caps =})`
    pub(super) fn emit(&mut self, call: &mut HostCall<'_>) -> Result<usize, Fault> {
        let kind = self.kind_of(call, "emit")?;
        if let Some(emits) = &self.runner.rights.emits
            && !emits.contains(&kind)
        {
            let text = format!(
                "ERR_ACCESS_UNDECLARED: the script `{}` emits `{kind}`, which its signature does not declare",
                self.runner.name
            );
            return Err(self.stop(call, text));
        }
        let value = call.argument(1);
        let payload = self.payload(call, &kind, value)?;
        call.pay(payload.len() as u64 / 8)?;
        let mut draft = Draft::new(&kind, &payload);
        if let Value::Table(options) = call.argument(2) {
            draft = self.with_options(call, draft, options)?;
        } else if !call.argument(2).is_nil() {
            return Err(call.bad_type(2, "emit", "table"));
        }
        self.drafts.push((Arc::clone(&self.runner.name), draft));
        Ok(0)
    }

    fn kind_of(&mut self, call: &mut HostCall<'_>, function: &str) -> Result<String, Fault> {
        let kind = call.bytes(call.argument(0));
        let kind = kind.map(|kind| core::str::from_utf8(kind).map(String::from));
        match kind {
            Some(Ok(kind)) if kind.starts_with("echo.") => {
                let text = "kinds that begin with `echo.` are the engine's own";
                Err(call.bad_argument(0, function, text))
            }
            Some(Ok(kind)) if !kind.is_empty() && kind.len() <= Draft::NAME_SIZE_MAX => Ok(kind),
            Some(_) => Err(call.bad_argument(0, function, "a kind has 1 to 128 bytes of text")),
            None => Err(call.bad_type(0, function, "string")),
        }
    }

    /// The bytes of an event's payload: a row where the kind is a component's name, else a world value.
    fn payload(
        &mut self,
        call: &mut HostCall<'_>,
        kind: &str,
        value: Value,
    ) -> Result<Vec<u8>, Fault> {
        if let Some(id) = self.registry.id(kind) {
            let value = self.plain(call, value)?;
            let schema = self.registry.kind(id).schema();
            let row = field::new_row(schema, value, call.heap());
            return row.map_err(|reason| call.raise(&format!("`{kind}`: {reason}")));
        }
        let mut bytes = Vec::new();
        let heap = call.heap_mut();
        let mut flatten = |heap: &mut _, table| self.flatten(heap, table);
        match payload::encode(heap, value, &mut flatten, &mut bytes) {
            Ok(()) => Ok(bytes),
            Err(refusal) => {
                // A script can catch the error, and begin again.
                call.pay(refusal.size as u64 / 8)?;
                Err(call.raise(&refusal.reason))
            }
        }
    }

    fn with_options(
        &mut self,
        call: &mut HostCall<'_>,
        mut draft: Draft,
        options: TableId,
    ) -> Result<Draft, Fault> {
        let pairs: Vec<(Value, Value)> = call.heap().table(options).pairs().collect();
        for (key, value) in pairs {
            let word = call.show(key);
            let text = call
                .bytes(value)
                .map(|text| String::from_utf8_lossy(text).into_owned());
            draft = match (word.as_str(), value, text.as_deref()) {
                ("delay", _, _) => {
                    let ticks = self.ticks_of(call, value, "delay")?;
                    draft.after_ticks(ticks)
                }
                ("phase", _, Some(name)) if phase_of(name).is_some() => {
                    draft.phase(phase_of(name).unwrap_or_default())
                }
                ("lane", _, Some("priority")) => draft.lane(Lane::Priority),
                ("lane", _, Some("normal")) => draft.lane(Lane::Normal),
                ("caps", Value::Table(list), _) => self.with_capabilities(call, draft, list)?,
                _ => {
                    let shown = call.show(value);
                    let text = format!(
                        "`{word} = {shown}`: an event has `delay` in seconds, `phase`, `lane` (`priority` or `normal`) and a list of `caps`"
                    );
                    return Err(call.bad_argument(2, "emit", &text));
                }
            };
        }
        Ok(draft)
    }

    fn with_capabilities(
        &self,
        call: &mut HostCall<'_>,
        draft: Draft,
        list: TableId,
    ) -> Result<Draft, Fault> {
        let names: Vec<Value> = call
            .heap()
            .table(list)
            .pairs()
            .map(|(_, name)| name)
            .collect();
        names.into_iter().try_fold(draft, |draft, name| {
            let Some(name) = call.bytes(name) else {
                return Err(call.bad_argument(2, "emit", "capabilities are texts"));
            };
            Ok(draft.capability(&String::from_utf8_lossy(name)))
        })
    }

    /// `echo.on(kind, function(payload, event) … end, {priority =, once =})`
    pub(super) fn on(&mut self, call: &mut HostCall<'_>) -> Result<usize, Fault> {
        let kind = self.kind_of(call, "on")?;
        let function = call.argument(1);
        if !matches!(function, Value::Closure(_) | Value::Native(_)) {
            return Err(call.bad_type(1, "on", "function"));
        }
        let (mut priority, mut is_once) = (0, false);
        if let Value::Table(options) = call.argument(2) {
            let pairs: Vec<(Value, Value)> = call.heap().table(options).pairs().collect();
            for (key, value) in pairs {
                match (call.show(key).as_str(), value) {
                    ("priority", Value::Integer(number)) => priority = number,
                    ("once", Value::Boolean(value)) => is_once = value,
                    (word, _) => {
                        let text = format!(
                            "`{word}`: a handler has an integer `priority` and a boolean `once`"
                        );
                        return Err(call.bad_argument(2, "on", &text));
                    }
                }
            }
        }
        let heap = call.heap_mut();
        let entry = heap.new_table();
        let values = [
            function,
            Value::Integer(self.runner.index as i64),
            Value::Boolean(self.runner.is_main),
            Value::Integer(priority),
            Value::Boolean(is_once),
        ];
        for (value, place) in values.into_iter().zip(1..) {
            heap.set(entry, Value::Integer(place), value);
        }
        let key = Value::String(heap.string(kind.as_bytes()));
        let list = match heap.table(self.tables.handlers).get(key) {
            Value::Table(list) => list,
            _ => {
                let list = heap.new_table();
                heap.set(self.tables.handlers, key, Value::Table(list));
                list
            }
        };
        let end = heap.table(list).length() + 1;
        heap.set(list, Value::Integer(end), Value::Table(entry));
        Ok(0)
    }
}

/// A phase that envelopes can be meant for.
fn phase_of(name: &str) -> Option<Phase> {
    let mut phases = Phase::ALL.into_iter().skip(1);
    phases.find(|phase| phase.as_str() == name)
}

/// Timers.
impl Desk {
    /// `echo.delay(seconds, function)`: the timer's number.
    pub(super) fn delay(&mut self, call: &mut HostCall<'_>) -> Result<usize, Fault> {
        self.start_timer(call, "delay", false)
    }

    /// `echo.every(seconds, function)`: the timer's number.
    pub(super) fn every(&mut self, call: &mut HostCall<'_>) -> Result<usize, Fault> {
        self.start_timer(call, "every", true)
    }

    fn start_timer(
        &mut self,
        call: &mut HostCall<'_>,
        name: &str,
        is_repeated: bool,
    ) -> Result<usize, Fault> {
        let ticks = self.ticks_of(call, call.argument(0), name)?;
        let function = call.argument(1);
        if !matches!(function, Value::Closure(_) | Value::Native(_)) {
            return Err(call.bad_type(1, name, "function"));
        }
        let number = self.timer_next;
        self.timer_next += 1;
        let timers = self.tables.timers;
        call.heap_mut()
            .set(timers, Value::Integer(number), function);
        let period = if is_repeated { ticks } else { 0 };
        let draft = timer_draft(number, ticks, period);
        self.drafts.push((Arc::clone(&self.runner.name), draft));
        Ok(call.give(Value::Integer(number)))
    }

    /// `max(1, ⌈seconds × ticks a second⌉)`
    fn ticks_of(
        &mut self,
        call: &mut HostCall<'_>,
        value: Value,
        function: &str,
    ) -> Result<u64, Fault> {
        let seconds = match value {
            Value::Integer(seconds) => binary64::from_i64(seconds),
            Value::Float(seconds) => seconds,
            other => {
                let text = format!("seconds expected, got {}", other.type_name());
                return Err(call.bad_argument(0, function, &text));
            }
        };
        let rate = f64::from(self.ticks_per_second);
        match Draft::new(TIMER, &[]).after_seconds(seconds, rate) {
            Some(draft) => Ok(draft.ticks_after()),
            None => {
                let shown = binary64::lua_text(seconds);
                let text = format!("{} is no time to wait", shown.as_str());
                Err(call.bad_argument(0, function, &text))
            }
        }
    }

    /// `echo.cancel(timer)`: whether it was waiting.
    pub(super) fn cancel(&mut self, call: &mut HostCall<'_>) -> Result<usize, Fault> {
        let number = call.argument(0);
        if !matches!(number, Value::Integer(_)) {
            return Err(call.bad_type(0, "cancel", "number of a timer"));
        }
        let timers = self.tables.timers;
        let is_waiting = !call.heap().table(timers).get(number).is_nil();
        if is_waiting {
            call.heap_mut().set(timers, number, Value::Nil);
        }
        Ok(call.give(Value::Boolean(is_waiting)))
    }
}

/// Chance and time.
impl Desk {
    /// `echo.rng()`: a float in [0, 1); `echo.rng(n)`: 1 … n; `echo.rng(a, b)`: a … b. The stream is the script's own, and
    /// begins anew each tick.
    pub(super) fn rng(&mut self, call: &mut HostCall<'_>) -> Result<usize, Fault> {
        let (low, high) = match (call.count(), call.argument(0), call.argument(1)) {
            (0, _, _) => {
                let float = self.stream().generator.unit_binary64();
                return Ok(call.give(Value::Float(float)));
            }
            (1, Value::Integer(high), _) => (1, high),
            (_, Value::Integer(low), Value::Integer(high)) => (low, high),
            _ => return Err(call.bad_type(0, "rng", "integer")),
        };
        if low > high {
            return Err(call.bad_argument(call.count() - 1, "rng", "interval is empty"));
        }
        let span = high.wrapping_sub(low).cast_unsigned();
        let generator = &mut self.stream().generator;
        let drawn = match span.checked_add(1) {
            Some(bound) => generator.bounded_u64(bound).unwrap_or_default(),
            None => generator.next_u64(),
        };
        let value = low.wrapping_add(drawn.cast_signed());
        Ok(call.give(Value::Integer(value)))
    }

    fn stream(&mut self) -> &mut Stream {
        let script = self.runner.index;
        let known = self
            .streams
            .iter()
            .position(|stream| stream.script == script);
        let place = known.unwrap_or_else(|| {
            let name = Blake3Digest::of(self.runner.name.as_bytes());
            let world = self.world.seed();
            let seed = seed::branch_seed(world.as_bytes(), name.as_bytes(), self.world.tick());
            self.streams.push(Stream {
                script,
                generator: seed::branch_generator(&seed),
                counted: 0,
            });
            self.streams.len() - 1
        });
        &mut self.streams[place]
    }

    /// `echo.tick()`: how many ticks were completed.
    pub(super) fn tick(&mut self, call: &mut HostCall<'_>) -> Result<usize, Fault> {
        Ok(call.give(Value::Integer(self.world.tick().cast_signed())))
    }

    /// `echo.time()`: seconds of the world's time.
    pub(super) fn time(&mut self, call: &mut HostCall<'_>) -> Result<usize, Fault> {
        let ticks = binary64::from_u64(self.world.tick());
        let seconds = ticks / f64::from(self.ticks_per_second);
        Ok(call.give(Value::Float(seconds)))
    }

    /// `echo.log(…)`: a line of the world's log, which is no part of the world.
    pub(super) fn log(&mut self, call: &mut HostCall<'_>) -> Result<usize, Fault> {
        let mut line = String::new();
        for index in 0..call.count() {
            if index > 0 {
                line.push('\t');
            }
            let value = call.argument(index);
            match (value, self.handle(call, value)) {
                (Value::Table(_), Some(entity)) => line.push_str(&format!("entity {entity}")),
                _ => line.push_str(&call.show(value)),
            }
        }
        call.pay(line.len() as u64 / 8)?;
        self.log.push((Arc::clone(&self.runner.name), line));
        Ok(0)
    }

    /// `echo.fork(label)`: asks whoever drives the world for a branch that begins after this tick.
    pub(super) fn fork(&mut self, call: &mut HostCall<'_>) -> Result<usize, Fault> {
        let Some(label) = call.bytes(call.argument(0)) else {
            return Err(call.bad_type(0, "fork", "string"));
        };
        let label = String::from_utf8_lossy(label).to_string();
        self.forks.push(label);
        Ok(0)
    }
}
