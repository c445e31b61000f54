//! Running a program over events: the two forms, their limits, and what an error says.
//!
//! In the streaming form a machine lives on between events and holds the state; `step` gets the event and gives the next
//! state. In the batch form, and where the program draws random numbers, every run sees all events: they are kept until
//! the files are asked for. A program that has both forms is run in both from the first event on, and compared.
//!
//! INVARIANT 1: the state is a function of program and events; a program that keeps something outside its state is found
//! out before anything is written.
//! INVARIANT 2: an event that is skipped leaves no trace but its count.
//! Tests: `tests/it/program.rs`.

use super::{OnError, Program};
use crate::path;
use crate::state::{FoldEvent, StateFile};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::{self, Write as _};
use gatos_echolua::{Fault, KeepError, Value as Lua, Vm};
use gatos_values::seed::fold_generator;
use gatos_values::{
    Blake3Digest, ErrorCode, EventId, JournalName, Sha256Digest, Ulid, Value, merkle,
};

/// Where a machine keeps the state: a member of its globals that programs have no name for.
const STATE: &str = "kept state";

/// How many events pass between two copies of the machine to fall back to, where errors are skipped.
const COPY_INTERVAL: usize = 1024;

/// Why a program stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramFault {
    /// What was being done.
    pub during: Attempt,
    /// The reason.
    pub cause: ProgramCause,
    /// Calls that had not returned, innermost first, such as `folds/invoices.lua:4: in the function of line 2`.
    pub trace: Vec<String>,
}

/// What a program was called for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// Its main function.
    Load,
    /// `fold`, over all events.
    Fold,
    /// `init`.
    Init,
    /// `step`, with this event.
    Step(Box<AtEvent>),
    /// `emit`.
    Emit,
    /// Keeping its state.
    Keep,
}

/// The event that a program stopped at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtEvent {
    /// Its id.
    pub id: EventId,
    /// Its ULID.
    pub ulid: Ulid,
    /// Its type.
    pub event_type: String,
}

/// Why a program stopped, apart from the place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProgramCause {
    /// It raised an error.
    Raised(String),
    /// The fuel of a call is used up.
    Fuel(u64),
    /// The memory is used up, in bytes.
    Memory(u64),
    /// The files are larger than allowed, in bytes.
    Output(u64),
    /// It did something that folds must not do.
    Wrong(String),
}

impl ProgramFault {
    /// The error code for replies.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self.cause {
            ProgramCause::Fuel(_) => ErrorCode::FuelExhausted,
            ProgramCause::Memory(_) | ProgramCause::Output(_) => ErrorCode::MemoryExhausted,
            ProgramCause::Raised(_) | ProgramCause::Wrong(_) => ErrorCode::FoldFailed,
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match (&self.cause, &self.during) {
            (ProgramCause::Fuel(_), Attempt::Fold) => {
                "write the streaming form (init, step, emit), or a larger `limits = {fuel = …}`"
            }
            (ProgramCause::Fuel(_), _) => {
                "write a larger `limits = {fuel = …}`, or do less for each event"
            }
            (ProgramCause::Memory(_), Attempt::Fold) => {
                "write the streaming form (init, step, emit), or a larger `limits = {memory_bytes = …}`"
            }
            (ProgramCause::Memory(_), _) => {
                "write a larger `limits = {memory_bytes = …}`, or keep less in the state"
            }
            (ProgramCause::Output(_), _) => {
                "write a larger `limits = {output_bytes = …}`, or emit less"
            }
            (ProgramCause::Raised(_), Attempt::Step(_)) => {
                "correct the fold and install it again, or write `on_error = \"skip\"` to pass over such events"
            }
            (ProgramCause::Raised(_) | ProgramCause::Wrong(_), _) => {
                "correct the fold, compile and install it again"
            }
        }
    }
}

impl fmt::Display for ProgramFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.during {
            Attempt::Load => formatter.write_str("the fold's main function failed"),
            Attempt::Fold => formatter.write_str("`fold` failed"),
            Attempt::Init => formatter.write_str("`init` failed"),
            Attempt::Step(event) => write!(
                formatter,
                "`step` failed at the event {} ({}, {})",
                event.id, event.ulid, event.event_type
            ),
            Attempt::Emit => formatter.write_str("`emit` failed"),
            Attempt::Keep => formatter.write_str("the fold's state cannot be kept"),
        }?;
        formatter.write_str(": ")?;
        if let Some(line) = self.trace.first() {
            // `file:line: in the function …`: the place is what stands before the second colon and blank.
            let place = line
                .split_once(": in ")
                .map_or(line.as_str(), |(place, _)| place);
            write!(formatter, "{place}: ")?;
        }
        write!(formatter, "{}", self.cause)
    }
}

impl fmt::Display for ProgramCause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProgramCause::Raised(text) | ProgramCause::Wrong(text) => formatter.write_str(text),
            ProgramCause::Fuel(fuel) => write!(formatter, "the fuel of a call, {fuel}, is used up"),
            ProgramCause::Memory(bytes) => {
                write!(formatter, "the memory, {bytes} bytes, is used up")
            }
            ProgramCause::Output(bytes) => {
                write!(
                    formatter,
                    "the files are larger than {bytes} bytes together"
                )
            }
        }
    }
}

impl core::error::Error for ProgramFault {}

type Outcome<T> = Result<T, Box<ProgramFault>>;

/// An event as a program keeps it.
#[derive(Clone, Debug)]
struct KeptEvent {
    id: EventId,
    ulid: Ulid,
    event_type: String,
    actor: String,
    ns: String,
    payload: Value,
}

impl KeptEvent {
    fn of(event: &EventView<'_>) -> KeptEvent {
        KeptEvent {
            id: event.id,
            ulid: event.ulid,
            event_type: event.event_type.to_string(),
            actor: event.actor.to_string(),
            ns: event.ns.to_string(),
            payload: event.payload.clone(),
        }
    }

    fn view(&self) -> EventView<'_> {
        EventView {
            id: self.id,
            ulid: self.ulid,
            event_type: &self.event_type,
            actor: &self.actor,
            ns: &self.ns,
            payload: &self.payload,
        }
    }
}

/// An event as a program is to see it, wherever it lies.
#[derive(Clone, Copy)]
struct EventView<'a> {
    id: EventId,
    ulid: Ulid,
    event_type: &'a str,
    actor: &'a str,
    ns: &'a str,
    payload: &'a Value,
}

impl<'a> EventView<'a> {
    fn of(event: &FoldEvent<'a>, ns: &'a str) -> EventView<'a> {
        EventView {
            id: event.id,
            ulid: event.ulid,
            event_type: event.event_type,
            actor: event.actor,
            ns,
            payload: event.payload,
        }
    }

    fn at(&self) -> Box<AtEvent> {
        Box::new(AtEvent {
            id: self.id,
            ulid: self.ulid,
            event_type: self.event_type.to_string(),
        })
    }
}

/// The namespace of the journal that was asked for last: events mostly come from the same one.
#[derive(Clone, Debug, Default)]
struct LastNamespace {
    journal: String,
    ns: String,
}

impl LastNamespace {
    /// The namespace of a journal, `gatos/journal/<ns>/<kind>/<name>/<key>`.
    fn of(&mut self, journal: &str) -> &str {
        if self.journal != journal {
            self.ns = match JournalName::parse_short(journal) {
                Ok(name) => name.ns.to_string(),
                Err(_) => String::new(),
            };
            self.journal.clear();
            self.journal.push_str(journal);
        }
        &self.ns
    }
}

/// What the events so far amount to.
#[derive(Clone, Debug)]
pub(crate) struct ProgramState {
    /// The machine of the streaming form, once an event came.
    stream: Option<Stream>,
    /// All events so far, where the program must see them all; none in a state that was read back.
    events: Option<Vec<KeptEvent>>,
    last_namespace: LastNamespace,
    /// The policy that seeds the draws.
    pub(crate) policy_root: Sha256Digest,
}

/// A machine that has run `init` and every `step` so far.
#[derive(Clone, Debug)]
struct Stream {
    vm: Vm,
    /// Digest of everything but the state, before the first step.
    hidden: Blake3Digest,
    /// Where to go back to after an error, if errors are skipped.
    safe: Option<Box<Safe>>,
}

/// A copy of the machine, and the events that were taken since.
#[derive(Clone, Debug)]
struct Safe {
    vm: Vm,
    since: Vec<KeptEvent>,
}

impl Program {
    /// Whether every run must see all events: there is no streaming form, or the program draws.
    pub(crate) fn needs_all(&self) -> bool {
        !self.declared.has_stream || self.declared.allows_draws
    }

    /// A machine that has run the main function.
    fn machine(&self) -> Outcome<Vm> {
        let mut vm = self.template.clone();
        self.call(&mut vm, self.main, &[], || Attempt::Load)?;
        Ok(vm)
    }

    /// Calls one of the program's functions with fresh fuel.
    fn call_named(
        &self,
        vm: &mut Vm,
        name: &str,
        arguments: &[Lua],
        during: impl FnOnce() -> Attempt,
    ) -> Outcome<Vec<Lua>> {
        let function = vm.export_of(name);
        if !matches!(function, Lua::Closure(_) | Lua::Native(_)) {
            let text = format!("`{name}` is no function but a {}", function.type_name());
            return Err(wrong(during(), text));
        }
        self.call(vm, function, arguments, during)
    }

    fn call(
        &self,
        vm: &mut Vm,
        function: Lua,
        arguments: &[Lua],
        during: impl FnOnce() -> Attempt,
    ) -> Outcome<Vec<Lua>> {
        let limits = &self.declared.limits;
        vm.set_fuel(limits.fuel);
        vm.call(function, arguments).map_err(|fault| {
            let cause = match fault {
                Fault::Raised(value) => ProgramCause::Raised(vm.show(value)),
                Fault::FuelExhausted => ProgramCause::Fuel(limits.fuel),
                Fault::MemoryExhausted => ProgramCause::Memory(limits.memory_bytes),
            };
            let lines = vm.trace().iter().filter(|line| !line.source.is_empty());
            Box::new(ProgramFault {
                during: during(),
                cause,
                trace: lines.map(ToString::to_string).collect(),
            })
        })
    }

    fn tidy(&self, vm: &mut Vm, during: impl FnOnce() -> Attempt) -> Outcome<()> {
        let cause = ProgramCause::Memory(self.declared.limits.memory_bytes);
        vm.tidy().map_err(|_| {
            Box::new(ProgramFault {
                during: during(),
                cause,
                trace: Vec::new(),
            })
        })
    }

    /// The files that the last call emitted, checked.
    fn files(&self, vm: &mut Vm, during: Attempt) -> Outcome<Vec<StateFile>> {
        let files: Vec<StateFile> = vm
            .take_files()
            .into_iter()
            .map(|(path, bytes)| StateFile { path, bytes })
            .collect();
        let size: u64 = files.iter().map(|file| file.bytes.len() as u64).sum();
        let limit = self.declared.limits.output_bytes;
        if size > limit {
            return Err(Box::new(ProgramFault {
                during,
                cause: ProgramCause::Output(limit),
                trace: Vec::new(),
            }));
        }
        let paths = files.iter().map(|file| file.path.as_str());
        path::check_emitted(paths).map_err(|error| wrong(during, error.to_string()))?;
        Ok(files)
    }

    /// Runs the batch form over all events.
    fn run_batch(&self, events: &[KeptEvent], vm: &mut Vm) -> Outcome<Vec<StateFile>> {
        let list = vm.heap_mut().new_table();
        for (event, number) in events.iter().zip(1_i64..) {
            let event = event_value(vm, &event.view());
            vm.heap_mut().set(list, Lua::Integer(number), event);
        }
        self.call_named(vm, "fold", &[Lua::Table(list)], || Attempt::Fold)?;
        self.files(vm, Attempt::Fold)
    }

    /// Runs the streaming form over all events at once, as a program that draws must be run.
    fn run_stream(&self, events: &[KeptEvent], vm: Vm) -> Outcome<Vec<StateFile>> {
        let mut stream = Stream::new(self, vm)?;
        for event in events {
            stream.step(self, &event.view())?;
        }
        stream.emit(self)
    }
}

fn wrong(during: Attempt, text: String) -> Box<ProgramFault> {
    Box::new(ProgramFault {
        during,
        cause: ProgramCause::Wrong(text),
        trace: Vec::new(),
    })
}

/// Room for an event's id as text.
const TEXT_SIZE_BYTES: usize = 80;

/// Fields of an event as programs see it.
const EVENT_FIELDS: usize = 6;

/// An event as programs see it.
fn event_value(vm: &mut Vm, event: &EventView<'_>) -> Lua {
    let payload = vm.import_any(event.payload);
    let texts = [
        ("type", event.event_type),
        ("actor", event.actor),
        ("ns", event.ns),
    ];
    let table = vm.heap_mut().new_table_for(EVENT_FIELDS);
    for (key, text) in texts {
        let text = vm.text(text);
        vm.heap_mut().set_text(table, key, text);
    }
    let mut text = String::with_capacity(TEXT_SIZE_BYTES);
    for (key, shown) in [
        ("ulid", &event.ulid as &dyn fmt::Display),
        ("id", &event.id),
    ] {
        text.clear();
        // Writing to a string never fails.
        let _ = write!(text, "{shown}");
        let shown = vm.text(&text);
        vm.heap_mut().set_text(table, key, shown);
    }
    vm.heap_mut().set_text(table, "payload", payload);
    Lua::Table(table)
}

impl ProgramState {
    /// The state of no events.
    pub(crate) fn new(program: &Program) -> ProgramState {
        let keeps_events = program.needs_all() || program.declared.has_batch;
        ProgramState {
            stream: None,
            events: keeps_events.then(Vec::new),
            last_namespace: LastNamespace::default(),
            policy_root: gatos_values::roots::EMPTY_POLICY_ROOT,
        }
    }

    /// Takes one more event; false if the program could not and the event is to be passed over.
    pub(crate) fn apply(&mut self, program: &Program, event: &FoldEvent<'_>) -> Outcome<bool> {
        let event = EventView::of(event, self.last_namespace.of(event.journal));
        if program.needs_all() {
            let kept = KeptEvent::of(&event);
            self.events.get_or_insert_default().push(kept);
            return Ok(true);
        }
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => none.insert(Stream::new(program, program.machine()?)?),
        };
        let taken = match program.declared.on_error {
            OnError::Fail => stream.step(program, &event).map(|()| true),
            OnError::Skip => stream.step_or_skip(program, &event),
        };
        if taken.is_ok()
            && let Some(events) = &mut self.events
        {
            events.push(KeptEvent::of(&event));
        }
        taken
    }

    /// The files of the events so far.
    pub(crate) fn emit(
        &self,
        program: &Program,
        fold_root: Sha256Digest,
    ) -> Outcome<Vec<StateFile>> {
        let empty = Vec::new();
        let events = self.events.as_ref().unwrap_or(&empty);
        if program.needs_all() {
            let mut vm = program.machine()?;
            if program.declared.allows_draws {
                vm.allow_draws(fold_generator(
                    inputs_root(events),
                    self.policy_root,
                    fold_root,
                ));
            }
            return match program.declared.has_stream {
                true => program.run_stream(events, vm),
                false => program.run_batch(events, &mut vm),
            };
        }
        let files = match &self.stream {
            Some(stream) => stream.clone().emit(program)?,
            None => Stream::new(program, program.machine()?)?.emit(program)?,
        };
        let all_taken = program.declared.on_error == OnError::Fail;
        if program.declared.has_batch && self.events.is_some() && all_taken {
            let batch = program.run_batch(events, &mut program.machine()?)?;
            compare(&files, &batch)?;
        }
        Ok(files)
    }

    /// The state as one canonical value; none before the first event, and where every run sees all events.
    pub(crate) fn keep(&self, program: &Program) -> Outcome<Option<Value>> {
        match &self.stream {
            Some(stream) if !program.needs_all() => stream.keep().map(Some),
            _ => Ok(None),
        }
    }

    /// The state that was kept.
    pub(crate) fn revive(
        program: &Program,
        kept: Option<&Value>,
    ) -> Result<ProgramState, KeepError> {
        let mut state = ProgramState::new(program);
        state.events = None;
        if let Some(kept) = kept {
            let machine = program.machine();
            let mut vm = machine.map_err(|_| KeepError::Form("the program does not load"))?;
            let value = vm.revive(kept)?;
            state.stream = Some(Stream::holding(program, vm, value));
        }
        Ok(state)
    }
}

fn inputs_root(events: &[KeptEvent]) -> Blake3Digest {
    let mut inputs = merkle::Frontier::new();
    for event in events {
        inputs.push(event.id.as_bytes());
    }
    inputs.root()
}

/// Both forms of a program must give the same files.
fn compare(stream: &[StateFile], batch: &[StateFile]) -> Outcome<()> {
    if stream == batch {
        return Ok(());
    }
    let of = |files: &[StateFile]| -> BTreeMap<String, Vec<u8>> {
        let pairs = files
            .iter()
            .map(|file| (file.path.clone(), file.bytes.clone()));
        pairs.collect()
    };
    let (stream, batch) = (of(stream), of(batch));
    let differs = |path: &&String| stream.get(*path) != batch.get(*path);
    let path = stream.keys().chain(batch.keys()).find(differs);
    let path = path.map_or("", String::as_str);
    let text = format!("`fold` and `step` give different bytes for `{path}`");
    Err(wrong(Attempt::Emit, text))
}

impl Stream {
    /// Runs `init`.
    fn new(program: &Program, mut vm: Vm) -> Outcome<Stream> {
        let values = program.call_named(&mut vm, "init", &[], || Attempt::Init)?;
        let state = values.first().copied().unwrap_or_default();
        if state.is_nil() {
            let text = "`init` gives nothing: return the first state, such as `{}`".to_string();
            return Err(wrong(Attempt::Init, text));
        }
        Ok(Stream::holding(program, vm, state))
    }

    /// A machine with this state.
    fn holding(program: &Program, mut vm: Vm, state: Lua) -> Stream {
        set_state(&mut vm, state);
        let hidden = vm.digest_of_globals(STATE);
        let safe = (program.declared.on_error == OnError::Skip).then(|| {
            Box::new(Safe {
                vm: vm.clone(),
                since: Vec::new(),
            })
        });
        Stream { vm, hidden, safe }
    }

    fn step(&mut self, program: &Program, event: &EventView<'_>) -> Outcome<()> {
        let vm = &mut self.vm;
        let during = || Attempt::Step(event.at());
        let state = vm.export_of(STATE);
        let value = event_value(vm, event);
        let values = program.call_named(vm, "step", &[state, value], during)?;
        let next = values.first().copied().unwrap_or_default();
        if next.is_nil() {
            let text = "`step` gives nothing: return the state".to_string();
            return Err(wrong(during(), text));
        }
        if !next.raw_equal(state) {
            set_state(vm, next);
        }
        program.tidy(vm, during)
    }

    /// Takes an event, or goes back to the state before it. Running out of memory stops the run all the same: the state has
    /// come near to what the fold may hold, and skipping would lose every event from here on.
    fn step_or_skip(&mut self, program: &Program, event: &EventView<'_>) -> Outcome<bool> {
        let result = self.step(program, event);
        let Some(mut safe) = self.safe.take() else {
            return result.map(|()| true);
        };
        let taken = match result {
            Ok(()) => {
                safe.since.push(KeptEvent::of(event));
                if safe.since.len() >= COPY_INTERVAL {
                    safe.vm = self.vm.clone();
                    safe.since.clear();
                }
                true
            }
            Err(fault) if matches!(fault.cause, ProgramCause::Memory(_)) => return Err(fault),
            Err(_) => {
                self.vm = safe.vm.clone();
                for event in &safe.since {
                    self.step(program, &event.view())?;
                }
                safe.vm = self.vm.clone();
                safe.since.clear();
                false
            }
        };
        self.safe = Some(safe);
        Ok(taken)
    }

    /// Runs `emit` on a machine that is given up.
    fn emit(mut self, program: &Program) -> Outcome<Vec<StateFile>> {
        self.check_hidden()?;
        let state = self.vm.export_of(STATE);
        program.call_named(&mut self.vm, "emit", &[state], || Attempt::Emit)?;
        program.files(&mut self.vm, Attempt::Emit)
    }

    fn check_hidden(&self) -> Outcome<()> {
        if self.vm.digest_of_globals(STATE) == self.hidden {
            return Ok(());
        }
        let text = "the fold keeps something outside its state, in a variable around its functions: \
                    it would be lost between two runs; move it into what `init` returns";
        Err(wrong(Attempt::Keep, text.to_string()))
    }

    fn keep(&self) -> Outcome<Value> {
        self.check_hidden()?;
        let kept = self.vm.keep_member(STATE);
        kept.map_err(|error| wrong(Attempt::Keep, error.to_string()))
    }
}

fn set_state(vm: &mut Vm, state: Lua) {
    let globals = vm.globals();
    vm.heap_mut().set_text(globals, STATE, state);
}

impl Program {
    /// Runs the main function and checks that these globals are functions then.
    pub(super) fn check_functions(&self, names: &[&str]) -> Outcome<()> {
        let mut vm = self.machine()?;
        for name in names {
            let function = vm.export_of(name);
            if !matches!(function, Lua::Closure(_) | Lua::Native(_)) {
                let text = format!("`{name}` is no function but a {}", function.type_name());
                return Err(wrong(Attempt::Load, text));
            }
        }
        Ok(())
    }
}
