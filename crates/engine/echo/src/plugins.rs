//! Plugins that come with the engine, by id, for worlds whose manifest names them.
//!
//! Guide: `docs/guide/worlds.md`. Tests: `tests/it/manifest.rs`.

mod flock;

pub use flock::{Flock, Position, Velocity, Wind};

use crate::manifest::Options;
use crate::simulation::Plugin;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;

/// The plugin with this id. `None` where there is none.
///
/// # Errors
/// What is wrong with an option.
#[must_use]
pub fn builtin(id: &str, options: &Options) -> Option<Result<Box<dyn Plugin>, String>> {
    match id {
        "flock" => {
            Some(Flock::with_options(options).map(|flock| Box::new(flock) as Box<dyn Plugin>))
        }
        _ => None,
    }
}

/// Refuses options that a plugin does not know, and gives those it knows within their bounds.
fn numbers<const N: usize>(
    options: &Options,
    known: [(&str, f64, f64, f64); N],
) -> Result<[f64; N], String> {
    for name in options.names() {
        if !known.iter().any(|(known, ..)| *known == name) {
            return Err(format!("the plugin has no option `{name}`"));
        }
    }
    let mut found = [0.0; N];
    for (place, (name, default, low, high)) in found.iter_mut().zip(known) {
        let value = options.get(name).unwrap_or(default);
        if !(low..=high).contains(&value) {
            return Err(format!("`{name}` lies between {low} and {high}"));
        }
        *place = value;
    }
    Ok(found)
}
