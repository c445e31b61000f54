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
    debug={traceback=function(m) return m end,sethook=nothing,setuservalue=nothing,getinfo=function(l) local _,m=pcall(error,'',type(l)=='number' and l+2 or 1) return {currentline=tonumber(string.match(m,':(%d+):')) or -1,short_src=string.match(m,'^(.*):%d+:') or '?'} end,getmetatable=getmetatable} \
    Message=print \
    local seed=math.randomseed math.randomseed=function(...) if select('#',...)==0 then return seed(1007) end return seed(...) end \
    package.loaded.package=package package.loaded.tracegc={start=nothing,stop=nothing} \
    function require(name) local m=package.loaded[name] if m==nil then local f=package.preload[name] if not f then error('module '..name..' not found') end m=f(name) package.loaded[name]=m or true end return package.loaded[name] end \
    package.loaded.string=string package.loaded.table=table package.loaded.math=math package.loaded.debug=debug package.loaded.os=os package.loaded._G=_G package.loaded.coroutine=coroutine package.loaded.io=io package.loaded.utf8=utf8 ";

/// First and last line of what is emptied, and why.
type Blank = (usize, usize, &'static str);

/// There is no bytecode that a program could see.
const DUMP: &str = "string.dump";
const UPVALUE_ID: &str = "debug.upvalueid";
const PACKAGE: &str = "package: modules are of a bundle, or not there";
const FILES_OF_IO: &str = "io";
const DEBUG_VALUES: &str = "debug.upvalueid";
const ONE_STRING: &str = "equal strings are one string here, whatever their length";

/// Files, and lines that are emptied, each stretch with its reason.
const FILES: &[(&str, &[Blank])] = &[
    ("pm", &[(436, 436, ONE_STRING)]),
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
    ("math", &[]),
    ("cstack", &[]),
    ("literals", &[(231, 231, ONE_STRING)]),
    ("nextvar", &[]),
    ("strings", &[(192, 195, ONE_STRING)]),
    ("events", &[(454, 481, "debug.setmetatable")]),
    (
        "coroutine",
        &[
            (230, 230, "debug.getinfo"),
            (238, 238, "debug.getinfo"),
            (352, 355, "debug.sethook"),
            (417, 417, "waits for a weak table to be emptied"),
            (360, 361, "debug.getinfo of functions"),
            (965, 971, "debug.setupvalue"),
        ],
    ),
    (
        "locals",
        &[
            (80, 80, "debug.getupvalue"),
            (82, 82, "debug.getupvalue"),
            (165, 165, "debug.getupvalue"),
            (262, 262, "debug.getinfo"),
            (429, 429, "debug.getinfo"),
            (435, 435, "debug.getinfo"),
            (444, 444, "debug.getinfo"),
            (452, 452, "debug.getinfo"),
            (493, 493, "debug.traceback"),
            (806, 807, "debug.sethook"),
        ],
    ),
    (
        "goto",
        &[
            (188, 188, UPVALUE_ID),
            (194, 195, UPVALUE_ID),
            (200, 201, UPVALUE_ID),
            (203, 204, UPVALUE_ID),
            (209, 209, UPVALUE_ID),
            (215, 216, UPVALUE_ID),
        ],
    ),
    (
        "calls",
        &[
            (314, 314, "debug.getinfo"),
            (331, 342, DUMP),
            (344, 349, DUMP),
            (368, 372, DUMP),
            (391, 393, DUMP),
            (397, 411, DUMP),
            (428, 434, DUMP),
            (453, 494, DUMP),
        ],
    ),
    ("attrib", &[(13, 71, PACKAGE)]),
    (
        "errors",
        &[
            (227, 227, FILES_OF_IO),
            (236, 242, DEBUG_VALUES),
            (245, 245, FILES_OF_IO),
            (248, 248, FILES_OF_IO),
            (250, 250, FILES_OF_IO),
            (253, 253, FILES_OF_IO),
            (274, 274, FILES_OF_IO),
            (
                275,
                275,
                "collectgarbage does nothing here, whatever it is told",
            ),
            (278, 290, DUMP),
            (340, 340, FILES_OF_IO),
            (696, 696, "the source breaks off, which is found first"),
        ],
    ),
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
    println!("{lines} lines in files that pass");
    assert!(failures.is_empty(), "{failures:?}");
}
