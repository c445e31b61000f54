//! `cargo xtask numbers`: the functions of Q32.32 against MPFR.
//!
//! The judge is a workspace of its own under `judges/numbers`, since MPFR and GMP must never enter the product's
//! dependencies; it links the system's libraries. Every argument is handed on to it.
//!
//! INVARIANT: where the libraries are missing, that is said and nothing is claimed.

use crate::report::Outcome;
use crate::shell;
use std::path::Path;

/// Headers that the packages libmpfr-dev and libgmp-dev install, where a C compiler looks.
const HEADERS: [&str; 2] = ["mpfr.h", "gmp.h"];
const HEADER_FOLDERS: [&str; 5] = [
    "/usr/include",
    "/usr/local/include",
    "/usr/include/x86_64-linux-gnu",
    "/usr/include/aarch64-linux-gnu",
    "/opt/homebrew/include",
];

/// `cargo xtask numbers`
pub fn run(arguments: &[String]) -> Outcome {
    run_judge("numbers", arguments)
}

/// Builds and runs a judge: a workspace of its own under `judges/`.
pub fn run_judge(name: &str, arguments: &[String]) -> Outcome {
    let mut cargo = shell::cargo();
    cargo
        .args(["run", "--release", "--quiet", "--locked", "--manifest-path"])
        .arg(shell::root().join("judges").join(name).join("Cargo.toml"))
        .arg("--target-dir")
        .arg(shell::target_directory()?.join("judges"))
        .arg("--")
        .args(arguments);
    shell::run(&mut cargo)
}

/// The gate: 10^5 arguments a function, or a word that MPFR is not here.
pub fn gate() -> Outcome {
    if !is_judge_here() {
        println!(
            "SKIPPED: no MPFR to judge the functions: install libmpfr-dev and libgmp-dev (macOS: brew install mpfr)"
        );
        return Ok(());
    }
    run(&["--self-test".to_owned()])?;
    run(&["--arguments".to_owned(), "100000".to_owned()])
}

/// Whether MPFR's and GMP's headers are installed.
pub fn is_judge_here() -> bool {
    HEADERS.iter().all(|header| {
        HEADER_FOLDERS
            .iter()
            .any(|folder| Path::new(folder).join(header).exists())
    })
}
