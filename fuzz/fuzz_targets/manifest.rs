//! World manifests with a script and a module beside them: refused with places and cures, or a world that ticks.
#![no_main]

use gatos_echo::manifest::{MANIFEST_NAME, Sources, assemble};
use gatos_echo::plugins::builtin;
use gatos_echo::schedule::Workers;
use gatos_echo::simulation::Input;
use libfuzzer_sys::fuzz_target;

/// What stands above every manifest: a name, and limits that end whatever would not end.
const HEAD: &[u8] = b"world: fuzz\nlimits: {fuel: 40000, memory_mib: 8}\n";

/// Longest run of digits: a count of millions is right and takes its time.
const DIGITS_MAX: usize = 3;

fuzz_target!(|bytes: &[u8]| {
    // Manifest, script and module, divided by zeros.
    let mut parts = bytes.splitn(3, |byte| *byte == 0);
    let mut next = || parts.next().unwrap_or_default();
    let (manifest, script, module) = (next(), next(), next());
    let is_number = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'_' | b'e' | b'E' | b'x');
    if manifest.split(|byte| !is_number(byte)).any(|run| run.len() > DIGITS_MAX) {
        return;
    }
    let sources: Sources = [
        (MANIFEST_NAME, [HEAD, manifest].concat()),
        ("main.lua", script.to_vec()),
        ("lib.lua", module.to_vec()),
    ]
    .map(|(name, text)| (name.to_owned(), text))
    .into();
    let made = match assemble(&sources, &builtin) {
        Ok(made) => made,
        Err(findings) => {
            assert!(!findings.is_empty());
            for found in findings {
                assert!(!found.finding.message.is_empty() && found.finding.line > 0);
            }
            return;
        }
    };
    let (mut simulation, mut inputs) = (made.simulation, made.inputs);
    for tick in 0..3 {
        let mut inputs = inputs.remove(&tick).unwrap_or_default();
        if tick == 2 {
            inputs.push(Input::Stop);
        }
        let before = simulation.hash();
        if simulation.step(&inputs, &Workers::inline()).is_err() {
            assert_eq!(simulation.hash(), before, "a tick that stops leaves no trace");
            return;
        }
    }
    let bytes = simulation.save();
    let branch = simulation.load(&bytes).expect("its own bytes");
    simulation.switch(branch).expect("its own branch");
    assert_eq!(simulation.save(), bytes);
});
