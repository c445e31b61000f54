//! The constants of the functions are those that `scripts/derive_constants.py` derives.

use std::path::Path;
use std::process::Command;

#[test]
fn the_script_derives_every_constant() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/derive_constants.py");
    let mut python = Command::new("python3");
    match python.arg(&script).arg("--check").output() {
        Err(error) => println!("SKIPPED: no python3 to derive the constants with: {error}"),
        Ok(output) => assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        ),
    }
}
