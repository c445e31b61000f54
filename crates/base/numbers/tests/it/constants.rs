//! The constants of the functions are those that `scripts/derive_constants.py` derives.

use std::path::Path;
use std::process::Command;

#[test]
fn the_script_derives_every_constant() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/derive_constants.py");
    let python = || Command::new("python3");
    // Some systems have a command of this name that only says where to get it.
    if !python()
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
    {
        println!("SKIPPED: no python3 to derive the constants with");
        return;
    }
    let output = python()
        .arg(&script)
        .arg("--check")
        .output()
        .expect("python3 was there a moment ago");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
}
