//! `string.pack` and `string.unpack`: little endian unless said otherwise, sizes of no particular machine.
//!
//! int has 4 bytes, long, size_t and Lua's integer 8, alignment is at most 8 by default.
//!
//! Tests: `tests/it/language.rs`.

use super::Arguments;
use crate::arithmetic;
use crate::machine::{Fault, STACK_SIZE_MAX, Vm};
use crate::profile::Profile;
use crate::syntax::number::Numeral;
use crate::value::Value;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use gatos_numbers::binary64;

/// What an option stands for.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Integer {
        is_signed: bool,
    },
    Float,
    Double,
    /// Text of a fixed size.
    Fixed,
    /// Text behind its size.
    Sized,
    /// Text that a zero ends.
    Zero,
    Padding,
    Alignment,
    Nothing,
}

struct Option_ {
    kind: Kind,
    size: usize,
    /// Padding before the value.
    gap: usize,
}

struct Format<'f> {
    text: &'f [u8],
    position: usize,
    is_little: bool,
    alignment_max: usize,
}

const SIZE_MAX: usize = 16;

impl<'f> Format<'f> {
    fn new(text: &'f [u8]) -> Format<'f> {
        Format {
            text,
            position: 0,
            is_little: true,
            alignment_max: 1,
        }
    }

    fn number(&mut self, default: usize) -> Result<usize, String> {
        let start = self.position;
        let mut value = 0usize;
        while let Some(digit) = self
            .text
            .get(self.position)
            .filter(|byte| byte.is_ascii_digit())
        {
            value = value
                .saturating_mul(10)
                .saturating_add(usize::from(digit - b'0'));
            self.position += 1;
            if value > 1 << 30 {
                return Err(String::from("format result too large"));
            }
        }
        Ok(if self.position == start {
            default
        } else {
            value
        })
    }

    fn limited(&mut self, default: usize) -> Result<usize, String> {
        let size = self.number(default)?;
        if (1..=SIZE_MAX).contains(&size) {
            return Ok(size);
        }
        Err(format!(
            "integral size ({size}) out of limits [1,{SIZE_MAX}]"
        ))
    }

    fn raw(&mut self) -> Result<Option<(Kind, usize)>, String> {
        let Some(option) = self.text.get(self.position).copied() else {
            return Ok(None);
        };
        self.position += 1;
        let integer = |is_signed, size| (Kind::Integer { is_signed }, size);
        Ok(Some(match option {
            b'b' => integer(true, 1),
            b'B' => integer(false, 1),
            b'h' => integer(true, 2),
            b'H' => integer(false, 2),
            b'i' => integer(true, self.limited(4)?),
            b'I' => integer(false, self.limited(4)?),
            b'l' | b'j' => integer(true, 8),
            b'L' | b'J' | b'T' => integer(false, 8),
            b'f' => (Kind::Float, 4),
            b'd' | b'n' => (Kind::Double, 8),
            b's' => (Kind::Sized, self.limited(8)?),
            b'c' => {
                let size = self.number(usize::MAX)?;
                if size == usize::MAX {
                    return Err(String::from("missing size for format option 'c'"));
                }
                (Kind::Fixed, size)
            }
            b'z' => (Kind::Zero, 0),
            b'x' => (Kind::Padding, 1),
            b'X' => (Kind::Alignment, 0),
            b' ' => (Kind::Nothing, 0),
            b'<' | b'=' => {
                self.is_little = true;
                (Kind::Nothing, 0)
            }
            b'>' => {
                self.is_little = false;
                (Kind::Nothing, 0)
            }
            b'!' => {
                self.alignment_max = self.limited(8)?;
                (Kind::Nothing, 0)
            }
            other => return Err(format!("invalid format option '{}'", char::from(other))),
        }))
    }

    fn next(&mut self, total: usize) -> Result<Option<Option_>, String> {
        let Some((kind, size)) = self.raw()? else {
            return Ok(None);
        };
        let mut align = size;
        if kind == Kind::Alignment {
            let next = self.raw()?;
            align = match next {
                Some((Kind::Fixed, _)) | None => 0,
                Some((_, size)) => size,
            };
            if align == 0 {
                return Err(String::from("invalid next option for option 'X'"));
            }
        }
        let mut gap = 0;
        let aligns = matches!(
            kind,
            Kind::Integer { .. } | Kind::Float | Kind::Double | Kind::Sized | Kind::Alignment
        );
        if align > 1 && aligns {
            let align = align.min(self.alignment_max);
            if !align.is_power_of_two() {
                return Err(String::from("format asks for alignment not power of 2"));
            }
            gap = (align - (total & (align - 1))) & (align - 1);
        }
        let size = if kind == Kind::Alignment { 0 } else { size };
        Ok(Some(Option_ { kind, size, gap }))
    }
}

fn push_integer(value: i128, size: usize, is_little: bool, result: &mut Vec<u8>) {
    let bytes = value.to_le_bytes();
    let start = result.len();
    result.extend_from_slice(&bytes[..size]);
    if !is_little {
        result[start..].reverse();
    }
}

pub(super) fn pack(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let template = vm.check_text(arguments, 0, "pack")?;
    let mut format = Format::new(&template);
    let mut result = Vec::new();
    let mut argument = 0;
    loop {
        let option = match format.next(result.len()) {
            Ok(None) => break,
            Ok(Some(option)) => option,
            Err(text) => return Err(vm.bad_argument(0, "pack", &text)),
        };
        result.resize(result.len() + option.gap, 0);
        let is_little = format.is_little;
        match option.kind {
            Kind::Integer { is_signed } => {
                argument += 1;
                let value = vm.check_integer(arguments, argument, "pack")?;
                if option.size < 8 {
                    let limit = 1i64 << (option.size * 8 - 1);
                    if is_signed && !(-limit..limit).contains(&value) {
                        return Err(vm.bad_argument(argument, "pack", "integer overflow"));
                    }
                    if !is_signed && (value < 0 || value >= limit * 2) {
                        return Err(vm.bad_argument(argument, "pack", "unsigned overflow"));
                    }
                }
                push_integer(i128::from(value), option.size, is_little, &mut result);
            }
            Kind::Float | Kind::Double => {
                argument += 1;
                let number = vm.check_number(arguments, argument, "pack")?;
                if vm.profile == Profile::Fold {
                    return Err(vm.bad_argument(0, "pack", "a fold has no floats"));
                }
                let float = arithmetic::to_float(number);
                let bits = if option.kind == Kind::Float {
                    i128::from(binary64::to_binary32_bits(float))
                } else {
                    i128::from(binary64::canonical_bits(float))
                };
                push_integer(bits, option.size, is_little, &mut result);
            }
            Kind::Fixed | Kind::Sized | Kind::Zero => {
                argument += 1;
                let text = vm.check_text(arguments, argument, "pack")?;
                push_text(vm, &option, argument, &text, is_little, &mut result)?;
            }
            Kind::Padding => result.push(0),
            Kind::Alignment | Kind::Nothing => {}
        }
        vm.check_size(result.len())?;
    }
    vm.give_text(arguments, &result)
}

fn push_text(
    vm: &mut Vm,
    option: &Option_,
    argument: usize,
    text: &[u8],
    is_little: bool,
    result: &mut Vec<u8>,
) -> Result<(), Fault> {
    match option.kind {
        Kind::Fixed => {
            if text.len() > option.size {
                return Err(vm.bad_argument(argument, "pack", "string longer than given size"));
            }
            vm.check_size(option.size)?;
            result.extend_from_slice(text);
            result.resize(result.len() + option.size - text.len(), 0);
        }
        Kind::Sized => {
            if option.size < 8 && text.len() as u64 >= 1 << (option.size * 8) {
                return Err(vm.bad_argument(
                    argument,
                    "pack",
                    "string length does not fit in given size",
                ));
            }
            push_integer(text.len() as i128, option.size, is_little, result);
            result.extend_from_slice(text);
        }
        _ => {
            if text.contains(&0) {
                return Err(vm.bad_argument(argument, "pack", "string contains zeros"));
            }
            result.extend_from_slice(text);
            result.push(0);
        }
    }
    Ok(())
}

pub(super) fn pack_size(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let template = vm.check_text(arguments, 0, "packsize")?;
    let mut format = Format::new(&template);
    let mut total = 0usize;
    loop {
        let option = match format.next(total) {
            Ok(None) => break,
            Ok(Some(option)) => option,
            Err(text) => return Err(vm.bad_argument(0, "packsize", &text)),
        };
        if matches!(option.kind, Kind::Sized | Kind::Zero) {
            return Err(vm.bad_argument(0, "packsize", "variable-length format"));
        }
        total = total.saturating_add(option.gap).saturating_add(option.size);
        if total > i32::MAX as usize {
            return Err(vm.bad_argument(0, "packsize", "format result too large"));
        }
    }
    Ok(vm.give(arguments, Value::Integer(total as i64)))
}

pub(super) fn unpack(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let template = vm.check_text(arguments, 0, "unpack")?;
    let data = vm.check_text(arguments, 1, "unpack")?;
    let start = vm.optional_integer(arguments, 2, "unpack", 1)?;
    let start = if start < 0 && start.unsigned_abs() > data.len() as u64 {
        0
    } else if start < 0 {
        data.len() as i64 + start + 1
    } else {
        start
    };
    if start < 1 || start - 1 > data.len() as i64 {
        return Err(vm.bad_argument(2, "unpack", "initial position out of string"));
    }
    let mut position = start as usize - 1;
    let mut format = Format::new(&template);
    let mut values = Vec::new();
    // No stack takes more, and giving them says so.
    while values.len() <= STACK_SIZE_MAX {
        let option = match format.next(position) {
            Ok(None) => break,
            Ok(Some(option)) => option,
            Err(text) => return Err(vm.bad_argument(0, "unpack", &text)),
        };
        position += option.gap;
        let needed = if option.kind == Kind::Zero {
            0
        } else {
            option.size
        };
        let Some(bytes) = data.get(position..).filter(|rest| rest.len() >= needed) else {
            return Err(vm.bad_argument(1, "unpack", "data string too short"));
        };
        let bytes = &bytes[..needed];
        position += needed;
        match option.kind {
            Kind::Integer { is_signed } => match read_integer(bytes, is_signed, format.is_little) {
                Some(value) => values.push(Value::Integer(value)),
                None => {
                    let text =
                        format!("{}-byte integer does not fit into Lua Integer", option.size);
                    return Err(vm.raise(&text));
                }
            },
            Kind::Float | Kind::Double => {
                if vm.profile == Profile::Fold {
                    return Err(vm.bad_argument(0, "unpack", "a fold has no floats"));
                }
                values.push(read_float(bytes, format.is_little).into());
            }
            Kind::Fixed => values.push(Value::String(vm.heap.string(bytes))),
            Kind::Sized => {
                let size = read_integer(bytes, false, format.is_little)
                    .and_then(|size| usize::try_from(size).ok());
                let text = size.and_then(|size| data.get(position..position.checked_add(size)?));
                let Some(text) = text else {
                    return Err(vm.bad_argument(1, "unpack", "data string too short"));
                };
                position += text.len();
                values.push(Value::String(vm.heap.string(text)));
            }
            Kind::Zero => {
                let Some(size) = data[position..].iter().position(|byte| *byte == 0) else {
                    return Err(vm.bad_argument(1, "unpack", "unfinished string for format 'z'"));
                };
                values.push(Value::String(
                    vm.heap.string(&data[position..position + size]),
                ));
                position += size + 1;
            }
            Kind::Padding | Kind::Alignment | Kind::Nothing => {}
        }
    }
    values.push(Value::Integer(position as i64 + 1));
    vm.give_all(arguments, &values)
}

/// None where the value does not fit 64 bits.
fn read_integer(bytes: &[u8], is_signed: bool, is_little: bool) -> Option<i64> {
    let mut wide = [0u8; SIZE_MAX];
    for (index, byte) in bytes.iter().enumerate() {
        let place = if is_little {
            index
        } else {
            bytes.len() - 1 - index
        };
        wide[place] = *byte;
    }
    let value = u128::from_le_bytes(wide);
    if bytes.len() <= 8 {
        let low = value as u64;
        let shift = 64 - 8 * bytes.len() as u32;
        return Some(if is_signed && shift < 64 {
            (low << shift).cast_signed() >> shift
        } else {
            low.cast_signed()
        });
    }
    let shift = 128 - 8 * bytes.len() as u32;
    let signed = (value << shift).cast_signed() >> shift;
    let fits = if is_signed {
        i64::try_from(signed).is_ok()
    } else {
        value >> 64 == 0
    };
    fits.then_some(value as u64 as i64)
}

fn read_float(bytes: &[u8], is_little: bool) -> Numeral {
    let bits = read_integer(bytes, false, is_little)
        .unwrap_or(0)
        .cast_unsigned();
    Numeral::Float(if bytes.len() == 4 {
        binary64::from_binary32_bits(bits as u32)
    } else {
        binary64::from_bits(bits)
    })
}
