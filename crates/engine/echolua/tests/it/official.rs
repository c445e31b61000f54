//! The official tests of Lua 5.4.8 under the script profile. They lie outside the repository:
//!
//! ```sh
//! git clone --depth 1 --branch v5.4.8 https://github.com/lua/lua
//! GATOS_LUA_TESTS=lua/testes cargo test --release -p gatos-echolua --test it official -- --ignored --nocapture
//! ```
//!
//! The tree `testes` of that tag is d93569503770814e8822c4cdcf4026001c8e9f13. Files need stubs for what a script has not
//! (`STUBS`), and some lines are emptied before compiling (`FILES`), each stretch with its reason.

use gatos_echolua::{Fault, Limits, Profile, Value, Vm, compile};
use std::path::{Path, PathBuf};

/// Stands before a file, in its first line.
const STUBS: &str = "_soft=true _port=true _nomsg=true T=nil \
    local function nothing() end \
    package={loaded={},preload={}} \
    io={write=nothing,stderr={write=nothing},stdin=nothing,output=nothing} \
    os={setlocale=function(l) if l==nil or l=='C' or l=='' then return 'C' end end,clock=function() return 0 end,time=function() return 0 end,getenv=nothing} \
    debug={traceback=function(m) return m end,sethook=nothing,getinfo=function() return {currentline=0,short_src='?'} end,getmetatable=getmetatable} \
    Message=print \
    package.loaded.package=package package.loaded.tracegc={start=nothing,stop=nothing} \
    function require(name) local m=package.loaded[name] if m==nil then local f=package.preload[name] if not f then error('module '..name..' not found') end m=f(name) package.loaded[name]=m or true end return package.loaded[name] end \
    package.loaded.string=string package.loaded.table=table package.loaded.math=math package.loaded.debug=debug package.loaded.os=os package.loaded._G=_G package.loaded.coroutine=coroutine package.loaded.io=io package.loaded.utf8=utf8 ";

/// First and last line of what is emptied, and why.
type Blank = (usize, usize, &'static str);

/// Files, and lines that are emptied, each stretch with its reason.
const FILES: &[(&str, &[Blank])] = &[
    ("pm", &[(436, 436, "equal strings are one string here")]),
    (
        "tpack",
        &[
            (136, 136, "another text for a size of 40 digits"),
            (141, 141, "another text for a size beyond the limit"),
        ],
    ),
    ("vararg", &[]),
    ("bwcoercion", &[]),
    ("bitwise", &[]),
    ("constructs", &[(306, 306, "debug.getinfo")]),
    ("sort", &[]),
    ("utf8", &[]),
    (
        "closure",
        &[
            (37, 40, "waits for a weak table to be emptied"),
            (240, 279, "debug.upvalueid and upvaluejoin"),
        ],
    ),
];

/// Files that stop early, and where: the first line that does not hold.
const STOPPING: &[(&str, &str)] = &[
    ("math", "848: `randomseed` without a seed is an error here"),
    (
        "cstack",
        "29: an error inside a message handler keeps its own text",
    ),
    ("literals", "38: lines are asked of `debug.getinfo`"),
    (
        "nextvar",
        "270: `next` passes over integers beyond the list part; 619: a text as the limit of a loop",
    ),
    ("strings", "273: `%.99f` of the largest numbers"),
    ("events", "454: `debug.setmetatable`"),
    (
        "coroutine",
        "168: an error of `__close` while a coroutine is closed",
    ),
    ("locals", "262: names are asked of `debug.getinfo`"),
    (
        "goto",
        "232: an inner label with the name of a later outer one is refused",
    ),
    (
        "calls",
        "166: an error inside a message handler keeps its own text",
    ),
    ("attrib", "not tried: `package`"),
    ("errors", "not tried: messages and `debug`"),
];

/// Runs a file; how it failed, if it did.
fn run(folder: &Path, name: &str, blanks: &[Blank]) -> Result<(), String> {
    let read = |name: &str| {
        std::fs::read(folder.join(format!("{name}.lua"))).map_err(|error| error.to_string())
    };
    let source = read(name)?;
    let mut text = STUBS.as_bytes().to_vec();
    text.extend_from_slice(b"package.preload.bwcoercion=load(HELPER) HELPER=nil ");
    for (index, line) in source.split(|byte| *byte == b'\n').enumerate() {
        let is_blank = blanks
            .iter()
            .any(|(first, last, _)| (*first..=*last).contains(&(index + 1)));
        let is_hash = index == 0 && line.starts_with(b"#");
        if !is_blank && !is_hash {
            text.extend_from_slice(line);
        }
        text.push(b'\n');
    }
    let compiled = compile(&text, Profile::Script);
    let Some(module) = compiled.module else {
        let finding = &compiled.findings[0];
        return Err(format!("line {}: {}", finding.place.line, finding.message));
    };
    let limits = Limits {
        fuel: 1 << 36,
        memory_bytes: 1 << 30,
    };
    let mut vm = Vm::new(Profile::Script, limits);
    let (helper, globals) = (read("bwcoercion")?, vm.globals());
    let helper = Value::String(vm.heap_mut().string(&helper));
    vm.heap_mut().set_text(globals, "HELPER", helper);
    let main = vm
        .load(&module, &format!("{name}.lua"))
        .ok_or("it has too many registers")?;
    match vm.call(main, &[]) {
        Ok(_) => Ok(()),
        Err(Fault::Raised(value)) => Err(format!(
            "{} at lines {:?}",
            vm.show(value),
            vm.trace()
                .iter()
                .map(|line| line.line)
                .take(3)
                .collect::<Vec<_>>()
        )),
        Err(fault) => Err(format!("{fault:?}")),
    }
}

#[test]
#[ignore = "wants the official tests: see the head of this file"]
fn official_tests_pass() {
    let folder = PathBuf::from(
        std::env::var_os("GATOS_LUA_TESTS").expect("GATOS_LUA_TESTS names the folder `testes`"),
    );
    let (mut lines, mut failures) = (0, Vec::new());
    for (name, blanks) in FILES {
        match run(&folder, name, blanks) {
            Ok(()) => {
                let text = std::fs::read(folder.join(format!("{name}.lua"))).expect("it was read");
                lines += text.iter().filter(|byte| **byte == b'\n').count();
                println!("passes: {name}");
            }
            Err(error) => {
                println!("FAILS: {name}: {error}");
                failures.push(*name);
            }
        }
    }
    for (name, reason) in STOPPING {
        let outcome = match run(&folder, name, &[]) {
            Ok(()) => String::from("passes now: move it to FILES"),
            Err(error) => error,
        };
        println!("stops: {name} ({reason}): {outcome}");
    }
    println!("{lines} lines in files that pass");
    assert!(failures.is_empty(), "{failures:?}");
}
