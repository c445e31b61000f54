//! The tests of crates with `unsafe` under a sanitizer of the compiler: `cargo xtask sanitize [CRATE...]`.
//!
//! AddressSanitizer watches every load and store of the whole test corpus. It ships with the compiler; its flag counts as
//! unstable and is asked for with `RUSTC_BOOTSTRAP=1`. Threads are Miri's work (`docs/decisions/0027-owners-without-locks.md`).
//! Extra arguments behind `--` go to the tests.
//!
//! INVARIANT: code and standard library are built for the same target and in a folder apart, so no other build is touched.
//! Tests: none; it runs those of the crates.

use crate::report::Outcome;
use crate::shell;

/// The crates whose `unsafe` programs of users reach.
const CRATES: &[&str] = &["gatos-echolua", "gatos-echo"];

/// Sanitized frames are several times as large.
const STACK_SIZE_BYTES: &str = "134217728";

/// Runs the tests of the named crates, or of all that have `unsafe`.
pub fn run(arguments: &[String]) -> Outcome {
    let (crates, rest) = match arguments.iter().position(|argument| argument == "--") {
        Some(place) => (&arguments[..place], &arguments[place..]),
        None => (arguments, &[][..]),
    };
    let crates: Vec<&str> = match crates {
        [] => CRATES.to_vec(),
        named => named.iter().map(String::as_str).collect(),
    };
    let packages = crates.iter().flat_map(|name| ["--package", name]);
    shell::run(
        shell::cargo()
            .arg("test")
            .args(packages)
            .args(["--lib", "--bins", "--tests", "--target", &shell::host()?])
            // It limits the addresses of its children, which leaves no room for the sanitizer's own.
            .args(["--", "--skip", "no_program_takes_much_more_than_its_limit"])
            .args(rest.iter().skip(1))
            .env("RUSTC_BOOTSTRAP", "1")
            .env("CARGO_ENCODED_RUSTFLAGS", "-Zsanitizer=address")
            .env(
                "CARGO_TARGET_DIR",
                shell::target_directory()?.join("sanitize"),
            )
            // Unoptimised code under a sanitizer takes ten times as long; debug assertions stay on.
            .env("CARGO_PROFILE_TEST_OPT_LEVEL", "1")
            .env("CARGO_PROFILE_DEV_OPT_LEVEL", "1")
            .env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only")
            .env("RUST_MIN_STACK", STACK_SIZE_BYTES),
    )
}
