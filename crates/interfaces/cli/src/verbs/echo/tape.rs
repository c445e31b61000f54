//! Recordings from files: reading them, and putting the simulation together that they were made of.

use crate::console::Console;
use crate::{input, worlds};
use gatos_echo::manifest::Sources;
use gatos_echo::recording::Recording;
use gatos_echo::simulation::Simulation;
use gatos_node::{Fault, Outcome};
use gatos_values::ErrorCode;
use std::path::Path;

/// Longest recording in bytes.
const SIZE_MAX: u64 = 16 << 30;

/// The bytes of a recording.
///
/// # Errors
/// `IO` or `TOO_LARGE`.
pub fn read(file: &Path) -> Outcome<Vec<u8>> {
    input::read(file, SIZE_MAX)
}

/// The recording with these bytes.
///
/// # Errors
/// `BAD_RECORDING`, with the offset.
pub fn parse<'a>(file: &Path, bytes: &'a [u8]) -> Outcome<Recording<'a>> {
    Recording::read(bytes).map_err(|error| refused(file, &error.to_string()))
}

/// A fault about a recording.
pub fn refused(file: &Path, reason: &str) -> Fault {
    Fault::new(
        ErrorCode::BadRecording,
        input::shown(file),
        reason.to_owned(),
    )
}

/// The simulation that a recording was made of, from the sources it holds.
///
/// # Errors
/// `BAD_RECORDING` where it holds none, `BAD_SOURCE` where they are no world.
pub fn simulation(
    file: &Path,
    recording: &Recording<'_>,
    console: &mut Console,
) -> Outcome<Simulation> {
    let sources = recording.sources().iter();
    let sources: Sources = sources
        .map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec()))
        .collect();
    if sources.is_empty() {
        let reason = "the recording holds no sources: a Rust program made it, and can replay it";
        return Err(refused(file, reason));
    }
    Ok(worlds::make(file, &sources, console)?.simulation)
}
