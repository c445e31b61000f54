//! Ordinary Lua programs from `examples/lua`: what they print is committed, and is what a stock Lua 5.4 prints.
//!
//! The committed output came from `lua5.4 NAME.lua > NAME.out`. With `lua5.4` installed,
//! `cargo test -p gatos-echolua --test it ordinary -- --ignored` compares anew.

use crate::support::{module, root};
use gatos_echolua::{Limits, Profile, Vm};
use std::path::PathBuf;
use std::process::Command;

fn programs() -> Vec<PathBuf> {
    let folder = root().join("examples/lua");
    let entries = std::fs::read_dir(folder).expect("the programs are there");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "lua"))
        .collect();
    paths.sort();
    assert!(paths.len() >= 5, "{} programs", paths.len());
    paths
}

/// What a program prints, run as `gatos lua run` runs it.
fn printed(path: &PathBuf) -> String {
    let source = std::fs::read(path).expect("a program");
    let name = path.file_name().expect("a name").to_string_lossy();
    let mut vm = Vm::new(Profile::Script, Limits::default());
    vm.open_host(|_| panic!("the outputs fit into one piece"));
    let main = vm.load(&module(&source, Profile::Script), &name);
    let result = vm.call(main.expect("it loads"), &[]);
    let output = String::from_utf8_lossy(&vm.take_output()).into_owned();
    if let Err(fault) = result {
        panic!("{name}: {fault:?} {:?}\n{output}", vm.trace());
    }
    output
}

#[test]
fn ordinary_programs_print_what_is_committed() {
    for path in programs() {
        let expected = std::fs::read_to_string(path.with_extension("out")).expect("its output");
        assert_eq!(printed(&path), expected, "{}", path.display());
    }
}

#[test]
#[ignore = "needs lua5.4"]
fn ordinary_programs_print_what_a_stock_lua_prints() {
    for path in programs() {
        let output = Command::new("lua5.4")
            .current_dir(path.parent().expect("a folder"))
            .arg(path.file_name().expect("a name"))
            .output()
            .expect("lua5.4 is installed");
        let expected = String::from_utf8_lossy(&output.stdout);
        assert_eq!(printed(&path), expected, "{}", path.display());
    }
}
