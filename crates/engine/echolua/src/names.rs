//! Names with a meaning: what a fold may assign, what its library offers, what a fold must not use and why.
//!
//! The names of the fold's library are part of ELC: a program names a function of the library by this text.
//! Tests: `tests/it/front.rs`, `library/tests.rs`.

/// The globals a fold may assign, by number.
pub const EXPORTS: &[&str] = &[
    "fold",
    "init",
    "step",
    "emit",
    "merge",
    "inputs",
    "limits",
    "allow",
    "on_error",
    "privileged",
];

/// What calling a function of the library does besides giving a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing: to drop the result is a mistake.
    None,
    /// It changes a table, raises an error, calls back or emits.
    Some,
}

use Effect::{None as Pure, Some as Acts};

/// The library of the fold profile, sorted by name.
pub const INTRINSICS: &[(&str, Effect)] = &[
    ("assert", Acts),
    ("cmp_sort", Acts),
    ("counter", Pure),
    ("counter.g", Pure),
    ("counter.pn", Pure),
    ("dkeys", Pure),
    ("dpairs", Pure),
    ("dsort", Pure),
    ("dvalues", Pure),
    ("emit_json_canonical", Acts),
    ("error", Acts),
    ("getmetatable", Pure),
    ("hash", Pure),
    ("hash.blake3", Pure),
    ("hash.sha256", Pure),
    ("ipairs", Pure),
    ("join", Pure),
    ("json", Pure),
    ("json.array", Acts),
    ("json.decode_strict", Pure),
    ("json.encode_canonical", Pure),
    ("json.null", Pure),
    ("json.object", Acts),
    ("lww", Pure),
    ("map_join", Acts),
    ("math", Pure),
    ("math.abs", Pure),
    ("math.acos", Pure),
    ("math.add", Pure),
    ("math.asin", Pure),
    ("math.atan", Pure),
    ("math.cbrt", Pure),
    ("math.ceil", Pure),
    ("math.cos", Pure),
    ("math.cosh", Pure),
    ("math.div", Pure),
    ("math.exp", Pure),
    ("math.floor", Pure),
    ("math.fmod", Pure),
    ("math.hypot", Pure),
    ("math.log", Pure),
    ("math.log10", Pure),
    ("math.log2", Pure),
    ("math.max", Pure),
    ("math.maxinteger", Pure),
    ("math.min", Pure),
    ("math.mininteger", Pure),
    ("math.modf", Pure),
    ("math.mul", Pure),
    ("math.pow", Pure),
    ("math.sin", Pure),
    ("math.sinh", Pure),
    ("math.sqrt", Pure),
    ("math.sub", Pure),
    ("math.tan", Pure),
    ("math.tanh", Pure),
    ("math.tointeger", Pure),
    ("math.type", Pure),
    ("math.ult", Pure),
    ("pcall", Acts),
    ("rawequal", Pure),
    ("rawget", Pure),
    ("rawlen", Pure),
    ("rawset", Acts),
    ("reduce", Acts),
    ("rng", Acts),
    ("select", Pure),
    ("set", Pure),
    ("set.or_set", Pure),
    ("set.two_phase", Pure),
    ("setmetatable", Acts),
    ("string", Pure),
    ("string.byte", Pure),
    ("string.char", Pure),
    ("string.find", Pure),
    ("string.format", Pure),
    ("string.gmatch", Pure),
    ("string.gsub", Acts),
    ("string.len", Pure),
    ("string.lower", Pure),
    ("string.match", Pure),
    ("string.pack", Pure),
    ("string.packsize", Pure),
    ("string.rep", Pure),
    ("string.reverse", Pure),
    ("string.sub", Pure),
    ("string.unpack", Pure),
    ("string.upper", Pure),
    ("table", Pure),
    ("table.concat", Pure),
    ("table.dkeys", Pure),
    ("table.dpairs", Pure),
    ("table.dsort", Pure),
    ("table.dvalues", Pure),
    ("table.insert", Acts),
    ("table.move", Acts),
    ("table.pack", Pure),
    ("table.remove", Acts),
    ("table.sort", Acts),
    ("table.unpack", Pure),
    ("tonumber", Pure),
    ("tostring", Pure),
    ("type", Pure),
    ("ulid", Pure),
    ("ulid.compare", Pure),
    ("uri", Pure),
    ("uri.parse", Pure),
    ("utf8", Pure),
    ("utf8.char", Pure),
    ("utf8.charpattern", Pure),
    ("utf8.codepoint", Pure),
    ("utf8.codes", Pure),
    ("utf8.len", Pure),
    ("utf8.offset", Pure),
    ("xpcall", Acts),
];

/// Globals of stock Lua that a fold must not use: name, why, what to write instead.
pub const FORBIDDEN: &[(&str, &str, &str)] = &[
    (
        "pairs",
        "its order is not defined",
        "use `dpairs`, which goes through the keys in order",
    ),
    (
        "next",
        "its order is not defined",
        "use `dpairs`, which goes through the keys in order",
    ),
    (
        "coroutine",
        "a fold has no scheduler",
        "write plain functions",
    ),
    (
        "os",
        "a fold has no clock and no environment",
        "take times from the events",
    ),
    ("io", "a fold has no files", "return what the fold emits"),
    (
        "package",
        "a fold loads nothing",
        "write all of it in one file",
    ),
    (
        "require",
        "a fold loads nothing",
        "write all of it in one file",
    ),
    ("debug", "a fold does not look at itself", "leave it out"),
    ("load", "a fold compiles nothing", "write a function"),
    ("loadstring", "a fold compiles nothing", "write a function"),
    (
        "loadfile",
        "a fold has no files",
        "write all of it in one file",
    ),
    (
        "dofile",
        "a fold has no files",
        "write all of it in one file",
    ),
    ("collectgarbage", "memory must not be seen", "leave it out"),
    (
        "print",
        "a fold has no output but its files",
        "emit what should be seen",
    ),
    (
        "warn",
        "a fold has no output but its files",
        "emit what should be seen",
    ),
    ("_G", "the globals of a fold are frozen", "use locals"),
    ("_ENV", "the globals of a fold are frozen", "use locals"),
    (
        "_VERSION",
        "the engine id stands in the checkpoint",
        "leave it out",
    ),
];

/// Metamethods that a script may name in vain: name, why.
pub const IGNORED_METAMETHODS: &[(&str, &str)] = &[
    ("__gc", "nothing is told when its memory is taken back"),
    ("__mode", "no table is weak"),
];

/// Metamethods that a fold must not name.
pub const FORBIDDEN_METAMETHODS: &[&str] = &["__gc", "__mode", "__pairs", "__close"];

/// The library's own spelling of a name of the fold's library.
#[must_use]
pub fn intrinsic(name: &str) -> Option<&'static str> {
    INTRINSICS
        .binary_search_by(|(known, _)| (*known).cmp(name))
        .ok()
        .map(|index| INTRINSICS[index].0)
}

/// What a call of this function of the library does.
#[must_use]
pub fn effect(name: &str) -> Effect {
    INTRINSICS
        .binary_search_by(|(known, _)| (*known).cmp(name))
        .map_or(Acts, |index| INTRINSICS[index].1)
}
