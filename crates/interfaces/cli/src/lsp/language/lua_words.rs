//! What hovers say about names of EchoLua's library, and about the globals of a fold.
//!
//! TWIN: library-words — `names.rs` of the engine, docs/guide/echolua.md. A name without its line fails a test. Tests: `tests.rs`.

use gatos_echolua::Profile;

/// A function of both profiles, of folds alone, or of scripts alone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum In {
    Both,
    Fold,
    Script,
}

use In::{Both, Fold, Script};

/// Name, where it is, how it is written, what it gives.
pub(super) const LIBRARY: &[(&str, In, &str, &str)] = &[
    (
        "assert",
        Both,
        "assert(v, message)",
        "v, or an error with the message if v is false or nil.",
    ),
    (
        "cmp_sort",
        Fold,
        "cmp_sort(list, less)",
        "a new list, sorted; equal items keep their order.",
    ),
    (
        "collectgarbage",
        Script,
        "collectgarbage(option)",
        "nothing that depends on the collector.",
    ),
    (
        "coroutine",
        Script,
        "coroutine",
        "functions that take turns.",
    ),
    (
        "coroutine.close",
        Script,
        "coroutine.close(co)",
        "ends a coroutine that does not run.",
    ),
    (
        "coroutine.create",
        Script,
        "coroutine.create(f)",
        "a coroutine that will run f.",
    ),
    (
        "coroutine.isyieldable",
        Script,
        "coroutine.isyieldable()",
        "whether the running function may yield.",
    ),
    (
        "coroutine.resume",
        Script,
        "coroutine.resume(co, ...)",
        "true and what it yields or returns, or false and the error.",
    ),
    (
        "coroutine.running",
        Script,
        "coroutine.running()",
        "the running coroutine, and whether it is the main one.",
    ),
    (
        "coroutine.status",
        Script,
        "coroutine.status(co)",
        "`suspended`, `running`, `normal` or `dead`.",
    ),
    (
        "coroutine.wrap",
        Script,
        "coroutine.wrap(f)",
        "a function that resumes a new coroutine each time it is called.",
    ),
    (
        "coroutine.yield",
        Script,
        "coroutine.yield(...)",
        "what the next resume gives; the arguments go to the last.",
    ),
    (
        "counter",
        Fold,
        "counter",
        "counters with a component for each actor.",
    ),
    (
        "counter.g",
        Fold,
        "counter.g()",
        "a counter that only grows, with `inc value join`.",
    ),
    (
        "counter.pn",
        Fold,
        "counter.pn()",
        "a counter that moves both ways, with `inc dec value join`.",
    ),
    (
        "dkeys",
        Fold,
        "dkeys(t)",
        "the keys in order: numbers by value, strings by bytes, false, true.",
    ),
    (
        "dpairs",
        Fold,
        "dpairs(t)",
        "for a loop: keys in order with their values.",
    ),
    (
        "dsort",
        Fold,
        "dsort(list)",
        "a new list of numbers, strings and booleans in order.",
    ),
    (
        "dvalues",
        Fold,
        "dvalues(t)",
        "the values in the order of their keys.",
    ),
    (
        "emit_json_canonical",
        Fold,
        "emit_json_canonical(path, value)",
        "registers a state file; one path twice is an error.",
    ),
    ("error", Both, "error(value, level)", "raises an error."),
    (
        "getmetatable",
        Both,
        "getmetatable(v)",
        "the metatable, or what its `__metatable` says.",
    ),
    ("hash", Fold, "hash", "digests as text."),
    (
        "hash.blake3",
        Fold,
        "hash.blake3(s)",
        "`blake3:` and 64 hex digits.",
    ),
    (
        "hash.sha256",
        Fold,
        "hash.sha256(s)",
        "`sha256:` and 64 hex digits.",
    ),
    (
        "io",
        Script,
        "io",
        "output of `gatos lua run`; there is no input.",
    ),
    (
        "io.write",
        Script,
        "io.write(...)",
        "writes strings and numbers as they are.",
    ),
    (
        "ipairs",
        Both,
        "ipairs(t)",
        "for a loop: 1, 2, … with their values up to the first nil.",
    ),
    (
        "join",
        Fold,
        "join(a, b, kind)",
        "the join of two states: `max min lww or_set two_phase g pn`.",
    ),
    ("json", Fold, "json", "canonical JSON."),
    (
        "json.array",
        Fold,
        "json.array(t)",
        "the table, marked as a list even if it is empty.",
    ),
    (
        "json.decode_strict",
        Fold,
        "json.decode_strict(s)",
        "the value of a JSON text without duplicate keys or floats.",
    ),
    (
        "json.encode_canonical",
        Fold,
        "json.encode_canonical(v)",
        "the one canonical JSON text of a value.",
    ),
    (
        "json.null",
        Fold,
        "json.null",
        "JSON's null; nil fields are absent.",
    ),
    (
        "json.object",
        Fold,
        "json.object(t)",
        "the table, marked as a map whatever its keys.",
    ),
    (
        "load",
        Script,
        "load(text, name, mode, env)",
        "a function of a source text, or nil and why not.",
    ),
    (
        "lww",
        Fold,
        "lww(a, b)",
        "the register `{ulid, id, value}` that was written last.",
    ),
    (
        "map_join",
        Fold,
        "map_join(list, key, join)",
        "a table from `key(item)` to `join(old, item)`.",
    ),
    (
        "math",
        Both,
        "math",
        "numbers: Q32.32 in folds, binary64 in scripts.",
    ),
    ("math.abs", Both, "math.abs(x)", "the absolute value."),
    ("math.acos", Both, "math.acos(x)", "the arc cosine."),
    (
        "math.add",
        Fold,
        "math.add(a, b)",
        "the sum; an error beyond the range.",
    ),
    ("math.asin", Both, "math.asin(x)", "the arc sine."),
    (
        "math.atan",
        Both,
        "math.atan(y, x)",
        "the arc tangent of y/x, in the right quadrant.",
    ),
    ("math.cbrt", Fold, "math.cbrt(x)", "the cube root."),
    (
        "math.ceil",
        Both,
        "math.ceil(x)",
        "the least integer not below x.",
    ),
    (
        "math.cos",
        Both,
        "math.cos(x)",
        "the cosine, correctly rounded.",
    ),
    ("math.cosh", Fold, "math.cosh(x)", "the hyperbolic cosine."),
    ("math.div", Fold, "math.div(a, b)", "the quotient."),
    ("math.exp", Both, "math.exp(x)", "e to the power of x."),
    (
        "math.floor",
        Both,
        "math.floor(x)",
        "the greatest integer not above x.",
    ),
    (
        "math.fmod",
        Both,
        "math.fmod(a, b)",
        "the remainder of the division rounded towards zero.",
    ),
    ("math.huge", Script, "math.huge", "infinity."),
    (
        "math.hypot",
        Fold,
        "math.hypot(a, b)",
        "the square root of a² + b².",
    ),
    (
        "math.log",
        Both,
        "math.log(x, base)",
        "the logarithm, natural without a base.",
    ),
    (
        "math.log10",
        Fold,
        "math.log10(x)",
        "the logarithm to base 10.",
    ),
    (
        "math.log2",
        Fold,
        "math.log2(x)",
        "the logarithm to base 2.",
    ),
    ("math.max", Both, "math.max(x, ...)", "the greatest."),
    (
        "math.maxinteger",
        Both,
        "math.maxinteger",
        "the greatest integer.",
    ),
    ("math.min", Both, "math.min(x, ...)", "the least."),
    (
        "math.mininteger",
        Both,
        "math.mininteger",
        "the least integer.",
    ),
    (
        "math.modf",
        Both,
        "math.modf(x)",
        "the integer part and the rest.",
    ),
    ("math.mul", Fold, "math.mul(a, b)", "the product."),
    ("math.pi", Script, "math.pi", "π."),
    ("math.pow", Fold, "math.pow(x, y)", "x to the power of y."),
    (
        "math.random",
        Script,
        "math.random(m, n)",
        "a draw of a generator that starts the same each time.",
    ),
    (
        "math.randomseed",
        Script,
        "math.randomseed(x, y)",
        "starts the generator anew.",
    ),
    (
        "math.sin",
        Both,
        "math.sin(x)",
        "the sine, correctly rounded.",
    ),
    ("math.sinh", Fold, "math.sinh(x)", "the hyperbolic sine."),
    ("math.sqrt", Both, "math.sqrt(x)", "the square root."),
    ("math.sub", Fold, "math.sub(a, b)", "the difference."),
    ("math.tan", Both, "math.tan(x)", "the tangent."),
    ("math.tanh", Fold, "math.tanh(x)", "the hyperbolic tangent."),
    (
        "math.tointeger",
        Both,
        "math.tointeger(x)",
        "x as an integer, or nil.",
    ),
    (
        "math.type",
        Both,
        "math.type(x)",
        "`integer`, `float` or `fixed`, or nil.",
    ),
    (
        "math.ult",
        Both,
        "math.ult(a, b)",
        "whether a is below b as unsigned integers.",
    ),
    (
        "next",
        Script,
        "next(t, key)",
        "the pair behind a key: array part, then order of insertion.",
    ),
    (
        "pairs",
        Script,
        "pairs(t)",
        "for a loop: array part, then keys in the order they were first stored.",
    ),
    (
        "pcall",
        Both,
        "pcall(f, ...)",
        "true and the results, or false and the error; fuel and memory are not caught.",
    ),
    (
        "print",
        Script,
        "print(...)",
        "writes values, a tab between them and a line end behind.",
    ),
    (
        "rawequal",
        Both,
        "rawequal(a, b)",
        "whether two values are the same, without metamethods.",
    ),
    (
        "rawget",
        Both,
        "rawget(t, key)",
        "the value of a key, without metamethods.",
    ),
    (
        "rawlen",
        Both,
        "rawlen(v)",
        "the length, without metamethods.",
    ),
    (
        "rawset",
        Both,
        "rawset(t, key, value)",
        "stores a value, without metamethods.",
    ),
    (
        "reduce",
        Fold,
        "reduce(list, step, start)",
        "step(… step(step(start, first), second) …, last).",
    ),
    (
        "rng",
        Fold,
        "rng()",
        "a stream of draws, with `allow = {\"rng\"}`; they follow from events, policy and fold.",
    ),
    (
        "select",
        Both,
        "select(n, ...)",
        "the arguments from the nth on, or with `'#'` their number.",
    ),
    ("set", Fold, "set", "sets that join."),
    (
        "set.or_set",
        Fold,
        "set.or_set()",
        "a set whose removes take the adds they saw, with `add remove has values join`.",
    ),
    (
        "set.two_phase",
        Fold,
        "set.two_phase()",
        "a set in which a remove is final, with `add remove has values join`.",
    ),
    (
        "setmetatable",
        Both,
        "setmetatable(t, metatable)",
        "the table with another metatable.",
    ),
    (
        "string",
        Both,
        "string",
        "texts as bytes; patterns know ASCII.",
    ),
    (
        "string.byte",
        Both,
        "string.byte(s, i, j)",
        "the bytes from i to j as numbers.",
    ),
    (
        "string.char",
        Both,
        "string.char(...)",
        "the string of these bytes.",
    ),
    (
        "string.find",
        Both,
        "string.find(s, pattern, start, plain)",
        "where a pattern first matches, and its captures.",
    ),
    (
        "string.format",
        Both,
        "string.format(format, ...)",
        "values by a format.",
    ),
    (
        "string.gmatch",
        Both,
        "string.gmatch(s, pattern)",
        "for a loop: every match.",
    ),
    (
        "string.gsub",
        Both,
        "string.gsub(s, pattern, with, count)",
        "the string with matches replaced, and how many.",
    ),
    ("string.len", Both, "string.len(s)", "the number of bytes."),
    (
        "string.lower",
        Both,
        "string.lower(s)",
        "the string with ASCII letters in lower case.",
    ),
    (
        "string.match",
        Both,
        "string.match(s, pattern, start)",
        "the captures of the first match, or nil.",
    ),
    (
        "string.pack",
        Both,
        "string.pack(format, ...)",
        "values as bytes, little endian.",
    ),
    (
        "string.packsize",
        Both,
        "string.packsize(format)",
        "how many bytes a format takes.",
    ),
    (
        "string.rep",
        Both,
        "string.rep(s, count, between)",
        "the string count times.",
    ),
    (
        "string.reverse",
        Both,
        "string.reverse(s)",
        "the bytes in reverse.",
    ),
    (
        "string.sub",
        Both,
        "string.sub(s, i, j)",
        "the bytes from i to j.",
    ),
    (
        "string.unpack",
        Both,
        "string.unpack(format, s, start)",
        "the values that bytes hold.",
    ),
    (
        "string.upper",
        Both,
        "string.upper(s)",
        "the string with ASCII letters in upper case.",
    ),
    ("table", Both, "table", "lists."),
    (
        "table.concat",
        Both,
        "table.concat(list, between, i, j)",
        "the items joined into one string.",
    ),
    ("table.dkeys", Fold, "table.dkeys(t)", "`dkeys`."),
    ("table.dpairs", Fold, "table.dpairs(t)", "`dpairs`."),
    ("table.dsort", Fold, "table.dsort(list)", "`dsort`."),
    ("table.dvalues", Fold, "table.dvalues(t)", "`dvalues`."),
    (
        "table.insert",
        Both,
        "table.insert(list, place, value)",
        "puts a value at a place, or at the end.",
    ),
    (
        "table.move",
        Both,
        "table.move(from, i, j, to_place, to)",
        "copies items from one place to another.",
    ),
    (
        "table.pack",
        Both,
        "table.pack(...)",
        "the arguments as a list with their number in `n`.",
    ),
    (
        "table.remove",
        Both,
        "table.remove(list, place)",
        "takes an item out and gives it.",
    ),
    (
        "table.sort",
        Both,
        "table.sort(list, less)",
        "sorts in place by one fixed algorithm.",
    ),
    (
        "table.unpack",
        Both,
        "table.unpack(list, i, j)",
        "the items as values.",
    ),
    (
        "tonumber",
        Both,
        "tonumber(v, base)",
        "the number of a text, or nil.",
    ),
    (
        "tostring",
        Both,
        "tostring(v)",
        "the text of a value; never an address.",
    ),
    ("type", Both, "type(v)", "the name of a value's type."),
    ("ulid", Fold, "ulid", "ULIDs."),
    ("ulid.compare", Fold, "ulid.compare(a, b)", "−1, 0 or 1."),
    ("uri", Fold, "uri", "resource URIs."),
    (
        "uri.parse",
        Fold,
        "uri.parse(s)",
        "`{repository, path}` of a `gatos://` URI, or nil and why not.",
    ),
    ("utf8", Both, "utf8", "code points."),
    (
        "utf8.char",
        Both,
        "utf8.char(...)",
        "the UTF-8 of code points.",
    ),
    (
        "utf8.charpattern",
        Both,
        "utf8.charpattern",
        "a pattern for one encoded code point.",
    ),
    (
        "utf8.codepoint",
        Both,
        "utf8.codepoint(s, i, j, lax)",
        "the code points that start from i to j.",
    ),
    (
        "utf8.codes",
        Both,
        "utf8.codes(s, lax)",
        "for a loop: places and code points.",
    ),
    (
        "utf8.len",
        Both,
        "utf8.len(s, i, j, lax)",
        "the number of code points, or nil and the first bad byte.",
    ),
    (
        "utf8.offset",
        Both,
        "utf8.offset(s, n, i)",
        "the byte at which the nth code point starts.",
    ),
    (
        "xpcall",
        Both,
        "xpcall(f, handler, ...)",
        "as `pcall`, with a handler that sees the error first.",
    ),
];

/// A name of the library in a profile.
pub(super) fn of_library(name: &str, profile: Profile) -> Option<String> {
    let (_, place, signature, line) = LIBRARY.iter().find(|(known, ..)| *known == name)?;
    let is_there = match place {
        Both => true,
        Fold => profile == Profile::Fold,
        Script => profile == Profile::Script,
    };
    is_there.then(|| format!("`{signature}`: {line}"))
}

/// A global that a fold assigns.
pub(super) fn of_export(name: &str) -> Option<&'static str> {
    Some(match name {
        "fold" => {
            "`fold(events)`: the batch form. It gets all events in canonical order and emits files."
        }
        "init" => "`init()`: gives the first state of the streaming form.",
        "step" => "`step(state, event)`: gives the next state.",
        "emit" => "`emit(state)`: emits the files of a state.",
        "merge" => "`merge = {[path] = kind}`: the lattice by which a file merges.",
        "inputs" => {
            "`inputs = {pattern, …}`: journals the fold reads; without it, its namespace's own."
        }
        "limits" => {
            "`limits = {fuel, memory_bytes, output_bytes, stack_values}`: limits; fuel is for each call."
        }
        "allow" => {
            "`allow = {\"rng\"}`: lets the fold draw; it is then run over all events each time."
        }
        "on_error" => "`on_error = \"fail\"` or `\"skip\"`: what an error in `step` does.",
        "privileged" => "`privileged = true`: checkpoints of the fold need a proof.",
        _ => return None,
    })
}
