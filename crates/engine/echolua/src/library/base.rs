//! Lua's basic functions.
//!
//! Tests: `tests/it/language.rs`.

use super::{Arguments, IPAIRS_STEP};
use crate::compile::compile;
use crate::machine::meaning::{Decision, check_key};
use crate::machine::{Fault, Vm, event};
use crate::profile::Profile;
use crate::table::Step;
use crate::value::Value;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

pub(super) fn assert(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let value = vm.check_any(arguments, 0, "assert")?;
    if value.is_true() {
        return Ok(vm.give_arguments(arguments));
    }
    let message = if arguments.count > 1 {
        vm.argument(arguments, 1)
    } else {
        vm.text("assertion failed!")
    };
    // As `error` does, and as Lua 5.4 does.
    Err(Fault::Raised(vm.with_place(message)))
}

/// What a program can ask of the collector: nothing that depends on when it runs.
pub(super) fn collect_garbage(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let option = vm.argument(arguments, 0);
    let option = vm.bytes(option).unwrap_or(b"collect").to_vec();
    let result = match &option[..] {
        b"collect" | b"stop" | b"restart" | b"setpause" | b"setstepmul" => Value::Integer(0),
        b"count" => {
            let kibibytes = vm.heap.bytes as f64 / 1024.0;
            Value::Float(kibibytes)
        }
        b"step" => Value::Boolean(true),
        b"isrunning" => Value::Boolean(true),
        b"incremental" | b"generational" => vm.text("incremental"),
        _ => {
            let text = format!("invalid option '{}'", String::from_utf8_lossy(&option));
            return Err(vm.bad_argument(0, "collectgarbage", &text));
        }
    };
    Ok(vm.give(arguments, result))
}

pub(super) fn error(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let value = vm.argument(arguments, 0);
    let level = vm.optional_integer(arguments, 1, "error", 1)?;
    if let Value::String(id) = value
        && let Ok(level) = usize::try_from(level)
        && level > 0
    {
        // Messages are short; one that is not is copied all the same.
        vm.pay(vm.heap.bytes_of(id).len() as u64 / 256)?;
        let mut message = vm.place_of(level).into_bytes();
        message.extend_from_slice(vm.heap.bytes_of(id));
        return Err(Fault::Raised(Value::String(vm.heap.string_of(message))));
    }
    Err(Fault::Raised(value))
}

pub(super) fn get_metatable(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let value = vm.check_any(arguments, 0, "getmetatable")?;
    let metatable = match value {
        Value::Table(table) => vm.heap.table(table).metatable,
        Value::String(_) => vm.string_metatable,
        _ => None,
    };
    let protected = vm.metamethod(value, event::METATABLE);
    let shown = if protected.is_nil() {
        metatable.map_or(Value::Nil, Value::Table)
    } else {
        protected
    };
    Ok(vm.give(arguments, shown))
}

pub(super) fn set_metatable(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let table = vm.check_table(arguments, 0, "setmetatable")?;
    let metatable = match vm.argument(arguments, 1) {
        Value::Nil if arguments.count > 1 => None,
        Value::Table(metatable) => Some(metatable),
        _ => return Err(vm.bad_type(arguments, 1, "setmetatable", "nil or table")),
    };
    if !vm
        .metamethod(Value::Table(table), event::METATABLE)
        .is_nil()
    {
        return Err(vm.raise("cannot change a protected metatable"));
    }
    if vm.profile == Profile::Fold
        && let Some(metatable) = metatable
    {
        refuse_forbidden(vm, metatable)?;
    }
    vm.heap.set_metatable(table, metatable);
    Ok(vm.give(arguments, Value::Table(table)))
}

/// A fold's metatable must not name what a fold must not have, however the key was made.
fn refuse_forbidden(vm: &mut Vm, metatable: crate::value::TableId) -> Result<(), Fault> {
    for name in crate::names::FORBIDDEN_METAMETHODS {
        let key = vm.heap.string(name.as_bytes());
        if !vm.heap.table(metatable).get_string(key).is_nil() {
            return Err(vm.raise(&format!("a fold must not use the metamethod '{name}'")));
        }
    }
    Ok(())
}

pub(super) fn ipairs(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let value = vm.check_any(arguments, 0, "ipairs")?;
    vm.give_all(
        arguments,
        &[Value::Native(IPAIRS_STEP), value, Value::Integer(0)],
    )
}

pub(super) fn ipairs_step(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let index = vm.check_integer(arguments, 1, "ipairs")?.wrapping_add(1);
    let object = vm.argument(arguments, 0);
    let value = vm.index_value(object, Value::Integer(index))?;
    if value.is_nil() {
        return Ok(vm.give(arguments, Value::Nil));
    }
    vm.give_all(arguments, &[Value::Integer(index), value])
}

pub(super) fn next(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let table = vm.check_table(arguments, 0, "next")?;
    let key = vm.argument(arguments, 1);
    match vm.heap.table(table).next(key) {
        Step::Pair(key, value) => vm.give_all(arguments, &[key, value]),
        Step::End => Ok(vm.give(arguments, Value::Nil)),
        Step::Unknown => Err(vm.raise("invalid key to 'next'")),
    }
}

pub(super) fn print(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    for index in 0..arguments.count {
        let value = vm.argument(arguments, index);
        let text = vm.text_of(value)?;
        if index > 0 {
            vm.host.output.push(b'\t');
        }
        vm.pay(text.len() as u64 / 16)?;
        vm.push_output(&text)?;
    }
    vm.host.output.push(b'\n');
    vm.hand_output_on()?;
    Ok(vm.give_nothing())
}

pub(super) fn raw_equal(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let left = vm.check_any(arguments, 0, "rawequal")?;
    let right = vm.check_any(arguments, 1, "rawequal")?;
    Ok(vm.give(arguments, Value::Boolean(left.raw_equal(right))))
}

pub(super) fn raw_get(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let table = vm.check_table(arguments, 0, "rawget")?;
    let key = vm.check_any(arguments, 1, "rawget")?;
    let value = vm.heap.table(table).get(key);
    Ok(vm.give(arguments, value))
}

pub(super) fn raw_len(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let length = match vm.argument(arguments, 0) {
        Value::Table(table) => vm.heap.table(table).length(),
        Value::String(id) => vm.heap.bytes_of(id).len() as i64,
        _ => return Err(vm.raise("table or string expected")),
    };
    Ok(vm.give(arguments, Value::Integer(length)))
}

pub(super) fn raw_set(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let table = vm.check_table(arguments, 0, "rawset")?;
    let key = vm.check_any(arguments, 1, "rawset")?;
    let value = vm.check_any(arguments, 2, "rawset")?;
    if let Err(wrong) = check_key(key) {
        return Err(vm.raise_wrong(wrong, |_| String::new()));
    }
    vm.heap.set(table, key, value);
    Ok(vm.give(arguments, Value::Table(table)))
}

pub(super) fn select(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let first = vm.argument(arguments, 0);
    if vm.bytes(first) == Some(b"#") {
        return Ok(vm.give(arguments, Value::Integer(arguments.count as i64 - 1)));
    }
    let position = vm.check_integer(arguments, 0, "select")?;
    let count = arguments.count as i64;
    let start = if position < 0 {
        count.saturating_add(position)
    } else {
        position.min(count)
    };
    if start < 1 {
        return Err(vm.bad_argument(0, "select", "index out of range"));
    }
    let values: Vec<Value> = vm.arguments(arguments).split_off(start as usize);
    vm.give_all(arguments, &values)
}

pub(super) fn to_number(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let value = vm.argument(arguments, 0);
    vm.pay_for_number(value)?;
    if vm.argument(arguments, 1).is_nil() {
        vm.check_any(arguments, 0, "tonumber")?;
        let number = vm.to_numeral(value).map_or(Value::Nil, Value::from);
        return Ok(vm.give(arguments, number));
    }
    let base = vm.check_integer(arguments, 1, "tonumber")?;
    let Some(text) = vm.bytes(value) else {
        return Err(vm.bad_type(arguments, 0, "tonumber", "string"));
    };
    if !(2..=36).contains(&base) {
        return Err(vm.bad_argument(1, "tonumber", "base out of range"));
    }
    let number = number_of_base(text, base as u32).map_or(Value::Nil, Value::Integer);
    Ok(vm.give(arguments, number))
}

fn number_of_base(text: &[u8], base: u32) -> Option<i64> {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
    let start = text.iter().position(|byte| !is_blank(byte))?;
    let end = text.iter().rposition(|byte| !is_blank(byte))? + 1;
    let text = &text[start..end];
    let (is_negative, digits) = match text.split_first()? {
        (b'-', rest) => (true, rest),
        (b'+', rest) => (false, rest),
        _ => (false, text),
    };
    if digits.is_empty() {
        return None;
    }
    let mut value = 0i64;
    for digit in digits {
        let digit = char::from(*digit).to_digit(base)?;
        value = value
            .wrapping_mul(i64::from(base))
            .wrapping_add(i64::from(digit));
    }
    Some(if is_negative {
        value.wrapping_neg()
    } else {
        value
    })
}

pub(super) fn to_string(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let value = vm.check_any(arguments, 0, "tostring")?;
    if let Value::String(_) = value {
        return Ok(vm.give(arguments, value));
    }
    let text = vm.text_of(value)?;
    let text = Value::String(vm.heap.string_of(text));
    Ok(vm.give(arguments, text))
}

pub(super) fn type_name(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let value = vm.check_any(arguments, 0, "type")?;
    let name = vm.text(value.type_name());
    Ok(vm.give(arguments, name))
}

/// Compiles a text; the only kind of chunk there is.
pub(super) fn load(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let source = match vm.argument(arguments, 0) {
        value @ (Value::String(_) | Value::Integer(_) | Value::Float(_)) => vm.plain_text(value),
        function @ (Value::Closure(_) | Value::Native(_)) => match gather(vm, function)? {
            Ok(source) => source,
            Err(message) => return vm.give_all(arguments, &[Value::Nil, message]),
        },
        _ => return Err(vm.bad_type(arguments, 0, "load", "function")),
    };
    let name = match vm.argument(arguments, 1) {
        Value::String(id) => chunk_name(vm.heap.bytes_of(id)),
        _ if !matches!(
            vm.argument(arguments, 0),
            Value::Closure(_) | Value::Native(_)
        ) =>
        {
            chunk_name(&source)
        }
        _ => String::from("=(load)").split_off(1),
    };
    let mode = vm.argument(arguments, 2);
    let refuses_text = vm.bytes(mode).is_some_and(|mode| !mode.contains(&b't'));
    vm.pay(source.len() as u64)?;
    let problem = if source.starts_with(b"\x1b") {
        Some(String::from("attempt to load a binary chunk (mode is 't')"))
    } else if refuses_text {
        Some(String::from("attempt to load a text chunk (mode is 'b')"))
    } else {
        None
    };
    // Only files may begin with a line that is no program; a blank keeps such a line, or a mark of byte order, from being one.
    let mut source = source;
    if source.starts_with(b"#") || source.starts_with(b"\xef") {
        source.insert(0, b' ');
    }
    let compiled = compile(&source, Profile::Script);
    let problem = problem.or_else(|| {
        let finding = compiled
            .findings
            .first()
            .filter(|_| compiled.module.is_none())?;
        Some(format!(
            "{name}:{}: {}",
            finding.place.line, finding.message
        ))
    });
    if let Some(problem) = problem {
        let message = vm.text(&problem);
        return vm.give_all(arguments, &[Value::Nil, message]);
    }
    let environment = (arguments.count > 3).then(|| vm.argument(arguments, 3));
    let function = compiled
        .module
        .and_then(|module| vm.load_in(&module, &name, environment));
    Ok(vm.give(arguments, function.unwrap_or_default()))
}

/// The pieces that a reader function gives, joined.
fn gather(vm: &mut Vm, function: Value) -> Result<Result<Vec<u8>, Value>, Fault> {
    let mut source = Vec::new();
    loop {
        match vm.call_back(function, &[]) {
            Ok(results) => match results.first().copied().unwrap_or_default() {
                Value::Nil => return Ok(Ok(source)),
                Value::String(id) => {
                    let piece = vm.heap.bytes_of(id);
                    if piece.is_empty() {
                        return Ok(Ok(source));
                    }
                    source.extend_from_slice(piece);
                    vm.pay(1)?;
                }
                _ => return Ok(Err(vm.text("reader function must return a string"))),
            },
            Err(Fault::Raised(value)) => return Ok(Err(value)),
            Err(fault) => return Err(fault),
        }
    }
}

/// How messages name a source, as Lua does: `=name` and `@name` as they are, a text by its first line.
pub(crate) fn chunk_name(name: &[u8]) -> String {
    const SIZE_MAX: usize = 60;
    let text = String::from_utf8_lossy(name);
    if let Some(rest) = text.strip_prefix('=').or_else(|| text.strip_prefix('@')) {
        return rest.chars().take(SIZE_MAX - 1).collect();
    }
    let line = text.lines().next().unwrap_or_default();
    let room = SIZE_MAX - "[string \"...\"]".len() - 1;
    if line.len() < text.len() || line.len() > room {
        let cut: String = line.chars().take(room).collect();
        return format!("[string \"{cut}...\"]");
    }
    format!("[string \"{line}\"]")
}

impl Vm {
    /// `object[key]` with metamethods, from the library.
    pub(crate) fn index_value(&mut self, object: Value, key: Value) -> Result<Value, Fault> {
        match self.meant_index(object, key) {
            Ok(Decision::Value(value)) => Ok(value),
            Ok(Decision::Call(handler, object, key)) => {
                let results = self.call_back(handler, &[object, key])?;
                Ok(results.first().copied().unwrap_or_default())
            }
            Err(wrong) => Err(self.raise_wrong(wrong, |_| String::new())),
        }
    }

    /// The text `tostring` gives, with metamethods.
    pub(crate) fn text_of(&mut self, value: Value) -> Result<Vec<u8>, Fault> {
        let handler = self.metamethod(value, event::TO_STRING);
        if !handler.is_nil() && !matches!(value, Value::String(_)) {
            let results = self.call_back(handler, &[value])?;
            return match results.first().copied().unwrap_or_default() {
                Value::String(id) => Ok(self.heap.bytes_of(id).to_vec()),
                number if number.as_numeral().is_some() => Ok(self.plain_text(number)),
                _ => Err(self.raise("'__tostring' must return a string")),
            };
        }
        match value {
            Value::Table(_) | Value::Closure(_) | Value::Native(_) | Value::Coroutine(_) => {
                let kind = self.type_of(value);
                if self.profile == Profile::Fold {
                    return Err(self.raise(&format!("a {kind} has no text")));
                }
                let serial = self.serial_of(value);
                let prefix = if matches!(value, Value::Native(_)) {
                    "function: builtin"
                } else {
                    &kind
                };
                Ok(format!("{prefix}: 0x{serial:08x}").into_bytes())
            }
            value => Ok(self.plain_text(value)),
        }
    }

    /// The number of an object that is printed: given on first use, never an address.
    pub(crate) fn serial_of(&mut self, value: Value) -> u64 {
        let next = self.host.serial_next;
        let (tag, payload) = value.bits();
        let serial = *self.host.serials.entry((tag, payload)).or_insert(next + 1);
        if serial == next + 1 {
            self.host.serial_next += 1;
        }
        serial
    }
}
