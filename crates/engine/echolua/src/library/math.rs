//! `math`: binary64 for scripts, integers and Q32.32 for folds; no host library is asked.
//!
//! Random numbers of scripts are xoshiro256** as in Lua; its state is the machine's and only the host seeds it.
//!
//! Tests: `tests/it/language.rs`.

use super::Arguments;
use crate::arithmetic::{self, Operator, fold_number, from_fold, to_float, to_integer};
use crate::machine::message::trap_text;
use crate::machine::{Fault, Vm};
use crate::profile::Profile;
use crate::syntax::number::Numeral;
use crate::value::Value;
use core::cmp::Ordering;
use gatos_numbers::{FoldNumber, Function, binary64};

type Float = fn(f64) -> f64;

/// A function of one argument in both profiles.
fn apply(
    vm: &mut Vm,
    arguments: Arguments,
    name: &str,
    float: Float,
    fixed: Function,
) -> Result<usize, Fault> {
    let number = vm.check_number(arguments, 0, name)?;
    let result = if vm.profile == Profile::Script {
        Numeral::Float(float(to_float(number)))
    } else {
        vm.pay(16)?;
        apply_fixed(vm, fixed, number, Numeral::Integer(0))?
    };
    Ok(vm.give(arguments, result.into()))
}

fn apply_fixed(
    vm: &mut Vm,
    function: Function,
    first: Numeral,
    second: Numeral,
) -> Result<Numeral, Fault> {
    let result = FoldNumber::apply(function, fold_number(first), fold_number(second));
    result
        .map(from_fold)
        .map_err(|error| vm.raise(trap_text(error.into())))
}

macro_rules! functions {
    ($($function:ident $name:literal $float:path, $fixed:ident;)*) => {
        $(pub(super) fn $function(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
            apply(vm, arguments, $name, $float, Function::$fixed)
        })*
    };
}

functions! {
    sqrt "sqrt" binary64::sqrt, Sqrt;
    cbrt "cbrt" binary64::cbrt, Cbrt;
    exp "exp" binary64::exp, Exp;
    log2 "log2" binary64::log2, Log2;
    log10 "log10" binary64::log10, Log10;
    sin "sin" binary64::sin, Sin;
    cos "cos" binary64::cos, Cos;
    tan "tan" binary64::tan, Tan;
    asin "asin" binary64::asin, Asin;
    acos "acos" binary64::acos, Acos;
    sinh "sinh" binary64::sinh, Sinh;
    cosh "cosh" binary64::cosh, Cosh;
    tanh "tanh" binary64::tanh, Tanh;
}

pub(super) fn atan(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let y = vm.check_number(arguments, 0, "atan")?;
    let has_second = !vm.argument(arguments, 1).is_nil();
    let x = if has_second {
        vm.check_number(arguments, 1, "atan")?
    } else {
        Numeral::Integer(1)
    };
    let result = match vm.profile {
        Profile::Script => Numeral::Float(binary64::atan2(to_float(y), to_float(x))),
        Profile::Fold if has_second => apply_fixed(vm, Function::Atan2, y, x)?,
        Profile::Fold => apply_fixed(vm, Function::Atan, y, x)?,
    };
    Ok(vm.give(arguments, result.into()))
}

pub(super) fn pow(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    operate(vm, arguments, "pow", Operator::Power)
}

pub(super) fn add(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    operate(vm, arguments, "add", Operator::Add)
}

pub(super) fn subtract(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    operate(vm, arguments, "sub", Operator::Subtract)
}

pub(super) fn multiply(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    operate(vm, arguments, "mul", Operator::Multiply)
}

pub(super) fn divide(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    operate(vm, arguments, "div", Operator::Divide)
}

fn operate(
    vm: &mut Vm,
    arguments: Arguments,
    name: &str,
    operator: Operator,
) -> Result<usize, Fault> {
    let left = vm.check_number(arguments, 0, name)?;
    let right = vm.check_number(arguments, 1, name)?;
    match arithmetic::compute(operator, left, right, vm.profile) {
        Ok(result) => Ok(vm.give(arguments, result.into())),
        Err(trap) => Err(vm.raise(trap_text(trap))),
    }
}

pub(super) fn hypot(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let x = vm.check_number(arguments, 0, "hypot")?;
    let y = vm.check_number(arguments, 1, "hypot")?;
    let result = apply_fixed(vm, Function::Hypot, x, y)?;
    Ok(vm.give(arguments, result.into()))
}

pub(super) fn log(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let x = vm.check_number(arguments, 0, "log")?;
    if vm.argument(arguments, 1).is_nil() {
        return apply(vm, arguments, "log", binary64::ln, Function::Ln);
    }
    let base = vm.check_number(arguments, 1, "log")?;
    let is_base =
        |number| arithmetic::compare(base, Numeral::Integer(number)) == Some(Ordering::Equal);
    let result = match vm.profile {
        Profile::Script => {
            let float = to_float(x);
            Numeral::Float(if is_base(2) {
                binary64::log2(float)
            } else if is_base(10) {
                binary64::log10(float)
            } else {
                binary64::div(binary64::ln(float), binary64::ln(to_float(base)))
            })
        }
        Profile::Fold if is_base(2) => apply_fixed(vm, Function::Log2, x, x)?,
        Profile::Fold if is_base(10) => apply_fixed(vm, Function::Log10, x, x)?,
        Profile::Fold => {
            let (x, base) = (
                apply_fixed(vm, Function::Ln, x, x)?,
                apply_fixed(vm, Function::Ln, base, base)?,
            );
            arithmetic::compute(Operator::Divide, x, base, vm.profile)
                .map_err(|trap| vm.raise(trap_text(trap)))?
        }
    };
    Ok(vm.give(arguments, result.into()))
}

pub(super) fn abs(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let number = vm.check_number(arguments, 0, "abs")?;
    let result = match number {
        Numeral::Float(float) => Numeral::Float(binary64::canonical(float.abs())),
        number if arithmetic::compare(number, Numeral::Integer(0)) == Some(Ordering::Less) => {
            arithmetic::negate(number, vm.profile).map_err(|trap| vm.raise(trap_text(trap)))?
        }
        number => number,
    };
    Ok(vm.give(arguments, result.into()))
}

fn rounded(
    vm: &mut Vm,
    arguments: Arguments,
    name: &str,
    is_ceiling: bool,
) -> Result<usize, Fault> {
    let number = vm.check_number(arguments, 0, name)?;
    let result = match number {
        Numeral::Integer(_) => number,
        Numeral::Float(float) => {
            let whole = if is_ceiling {
                binary64::ceil(float)
            } else {
                binary64::floor(float)
            };
            binary64::to_i64_exact(whole).map_or(Numeral::Float(whole), Numeral::Integer)
        }
        Numeral::Fixed(steps) => Numeral::Integer((steps >> 32) + i64::from(is_ceiling)),
    };
    Ok(vm.give(arguments, result.into()))
}

pub(super) fn floor(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    rounded(vm, arguments, "floor", false)
}

pub(super) fn ceil(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    rounded(vm, arguments, "ceil", true)
}

/// The angle in degrees of one in radians; scripts only.
pub(super) fn deg(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    scaled(vm, arguments, "deg", 180.0 / core::f64::consts::PI)
}

/// The angle in radians of one in degrees; scripts only.
pub(super) fn rad(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    scaled(vm, arguments, "rad", core::f64::consts::PI / 180.0)
}

fn scaled(vm: &mut Vm, arguments: Arguments, name: &str, factor: f64) -> Result<usize, Fault> {
    let angle = match vm.check_number(arguments, 0, name)? {
        Numeral::Float(float) => float,
        Numeral::Integer(integer) => integer as f64,
        // A script has none.
        Numeral::Fixed(_) => 0.0,
    };
    Ok(vm.give(arguments, Value::Float(angle * factor)))
}

pub(super) fn fmod(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let left = vm.check_number(arguments, 0, "fmod")?;
    let right = vm.check_number(arguments, 1, "fmod")?;
    let result = match (left, right) {
        (_, Numeral::Integer(0)) if !matches!(left, Numeral::Float(_)) => {
            return Err(vm.bad_argument(1, "fmod", "zero"));
        }
        (Numeral::Integer(left), Numeral::Integer(right)) => {
            Numeral::Integer(left.wrapping_rem(right))
        }
        _ if vm.profile == Profile::Script => {
            Numeral::Float(binary64::fmod(to_float(left), to_float(right)))
        }
        _ => {
            // The remainder with the sign of the dividend: the floored one, moved where the signs differ.
            let floored = arithmetic::compute(Operator::Modulo, left, right, vm.profile);
            let floored = floored.map_err(|trap| vm.raise(trap_text(trap)))?;
            let sign = |number| arithmetic::compare(number, Numeral::Integer(0));
            let differs = sign(floored) != Some(Ordering::Equal) && sign(left) != sign(right);
            if differs {
                let moved = arithmetic::compute(Operator::Subtract, floored, right, vm.profile);
                moved.map_err(|trap| vm.raise(trap_text(trap)))?
            } else {
                floored
            }
        }
    };
    Ok(vm.give(arguments, result.into()))
}

pub(super) fn modf(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let number = vm.check_number(arguments, 0, "modf")?;
    if vm.profile == Profile::Fold {
        let steps = match number {
            Numeral::Fixed(steps) => steps,
            number => return vm.give_all(arguments, &[number.into(), Value::Integer(0)]),
        };
        let whole = steps / (1 << 32);
        let rest = Value::Fixed(steps - (whole << 32));
        return vm.give_all(arguments, &[Value::Integer(whole), rest]);
    }
    let float = to_float(number);
    let whole = if float < 0.0 {
        binary64::ceil(float)
    } else {
        binary64::floor(float)
    };
    let rest = if float.is_infinite() {
        0.0
    } else {
        binary64::sub(float, whole)
    };
    let whole = match number {
        Numeral::Integer(integer) => Value::Integer(integer),
        _ => binary64::to_i64_exact(whole).map_or(Value::Float(whole), Value::Integer),
    };
    vm.give_all(arguments, &[whole, Value::Float(rest)])
}

fn extreme(
    vm: &mut Vm,
    arguments: Arguments,
    name: &str,
    wanted: Ordering,
) -> Result<usize, Fault> {
    vm.check_any(arguments, 0, name)?;
    let mut best = vm.check_number(arguments, 0, name)?;
    for index in 1..arguments.count {
        let number = vm.check_number(arguments, index, name)?;
        if arithmetic::compare(number, best) == Some(wanted) {
            best = number;
        }
    }
    Ok(vm.give(arguments, best.into()))
}

pub(super) fn max(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    extreme(vm, arguments, "max", Ordering::Greater)
}

pub(super) fn min(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    extreme(vm, arguments, "min", Ordering::Less)
}

pub(super) fn to_integer_value(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let value = vm.check_any(arguments, 0, "tointeger")?;
    vm.pay_for_number(value)?;
    let result = match value {
        Value::String(_) => vm.to_numeral(value).and_then(to_integer),
        value => value.as_numeral().and_then(to_integer),
    };
    Ok(vm.give(arguments, result.map_or(Value::Nil, Value::Integer)))
}

pub(super) fn number_type(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let word = match vm.check_any(arguments, 0, "type")? {
        Value::Integer(_) => "integer",
        Value::Float(_) => "float",
        Value::Fixed(_) => "fixed",
        _ => return Ok(vm.give(arguments, Value::Nil)),
    };
    let word = vm.text(word);
    Ok(vm.give(arguments, word))
}

pub(super) fn unsigned_less(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let left = vm.check_integer(arguments, 0, "ult")?;
    let right = vm.check_integer(arguments, 1, "ult")?;
    let is_less = left.cast_unsigned() < right.cast_unsigned();
    Ok(vm.give(arguments, Value::Boolean(is_less)))
}

/// The generator of `math.random`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Xoshiro([u64; 4]);

impl Xoshiro {
    /// The four words of its state.
    pub const fn state(&self) -> [u64; 4] {
        self.0
    }

    /// A generator with this state.
    pub const fn of_state(state: [u64; 4]) -> Xoshiro {
        Xoshiro(state)
    }

    /// Seeded as Lua seeds it, from two integers.
    pub const fn new(first: u64, second: u64) -> Xoshiro {
        let mut generator = Xoshiro([first, 0xFF, second, 0]);
        let mut count = 0;
        while count < 16 {
            generator.next();
            count += 1;
        }
        generator
    }

    pub const fn next(&mut self) -> u64 {
        let [s0, s1, s2, s3] = self.0;
        let result = s1.wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let (s2x, s3x) = (s2 ^ s0, s3 ^ s1);
        self.0 = [s0 ^ s3x, s1 ^ s2x, s2x ^ (s1 << 17), s3x.rotate_left(45)];
        result
    }

    /// A number from 0 to `limit`, each with the same chance.
    fn project(&mut self, limit: u64) -> u64 {
        let drawn = self.next();
        if limit & limit.wrapping_add(1) == 0 {
            return drawn & limit;
        }
        let mask = u64::MAX >> limit.leading_zeros();
        let mut drawn = drawn & mask;
        while drawn > limit {
            drawn = self.next() & mask;
        }
        drawn
    }
}

impl Default for Xoshiro {
    fn default() -> Xoshiro {
        Xoshiro::new(0, 0)
    }
}

pub(super) fn random(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let (low, high) = match arguments.count {
        0 => {
            let drawn = vm.host.random.next() >> 11;
            // 53 bits by 2^−53, exactly.
            let float = binary64::mul(drawn as f64, 1.0 / 9_007_199_254_740_992.0);
            return Ok(vm.give(arguments, Value::Float(float)));
        }
        1 => {
            let high = vm.check_integer(arguments, 0, "random")?;
            if high == 0 {
                let drawn = vm.host.random.next().cast_signed();
                return Ok(vm.give(arguments, Value::Integer(drawn)));
            }
            (1, high)
        }
        2 => (
            vm.check_integer(arguments, 0, "random")?,
            vm.check_integer(arguments, 1, "random")?,
        ),
        _ => return Err(vm.raise("wrong number of arguments")),
    };
    if low > high {
        return Err(vm.bad_argument(arguments.count - 1, "random", "interval is empty"));
    }
    let limit = high.wrapping_sub(low).cast_unsigned();
    let drawn = vm.host.random.project(limit);
    let result = low.wrapping_add(drawn.cast_signed());
    Ok(vm.give(arguments, Value::Integer(result)))
}

/// Without an argument there is nothing to seed from: only the host brings chance in.
pub(super) fn random_seed(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    if arguments.count == 0 {
        return Err(vm.raise("randomseed needs a seed: chance comes from the host only"));
    }
    let first = match vm.check_number(arguments, 0, "randomseed")? {
        Numeral::Float(float) => {
            binary64::to_i64_exact(float).unwrap_or(float.to_bits().cast_signed())
        }
        number => to_integer(number).unwrap_or(0),
    };
    let second = vm.optional_integer(arguments, 1, "randomseed", 0)?;
    vm.host.random = Xoshiro::new(first.cast_unsigned(), second.cast_unsigned());
    vm.give_all(arguments, &[Value::Integer(first), Value::Integer(second)])
}
