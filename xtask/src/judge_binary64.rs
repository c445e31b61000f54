//! `cargo xtask judge-binary64`: operations, functions and texts of binary64 beside programs of other people.
//!
//! The judges (SoftFloat, CORE-MATH, MPFR, `printf`) are C and live in a workspace of their own, `judges/binary64`.
//! Every argument is handed on to it; `--self-test` shows that it finds a turned bit.
//!
//! INVARIANT: where the libraries are missing, that is said and nothing is claimed.

use crate::numbers::{is_judge_here, run_judge};
use crate::report::Outcome;

/// `cargo xtask judge-binary64`
pub fn run(arguments: &[String]) -> Outcome {
    run_judge("binary64", arguments)
}

/// The gate: all operations, and 10^5 arguments a function; or a word that the judges are not here.
pub fn gate() -> Outcome {
    if !is_judge_here() {
        println!(
            "SKIPPED: no MPFR to judge binary64: install libmpfr-dev and libgmp-dev (macOS: brew install mpfr)"
        );
        return Ok(());
    }
    if !is_cmake_here() {
        println!("SKIPPED: no cmake to build CORE-MATH: install cmake (macOS: brew install cmake)");
        return Ok(());
    }
    run(&["--self-test".to_owned()])?;
    let sizes = [
        "--arguments",
        "100000",
        "--mpfr",
        "100000",
        "--texts",
        "100000",
    ];
    run(&sizes.map(str::to_owned))
}

/// CORE-MATH's crate builds its C sources with it.
fn is_cmake_here() -> bool {
    let version = std::process::Command::new("cmake")
        .arg("--version")
        .output();
    version.is_ok_and(|output| output.status.success())
}
