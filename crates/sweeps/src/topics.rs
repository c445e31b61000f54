//! The table of topics, and one file a theme below.
//!
//! To add a topic: a function that throws the inputs of one case from the [`Dice`](crate::dice::Dice) and records
//! every result, errors included; a row here; `GATOS_BLESS=1 cargo test -p gatos-sweeps`. Choose the number of cases
//! so that the topic takes well below a second in a debug build: whoever wants more says `--scale`. A row that is
//! there keeps its name and its number, or its digest changes.

mod binary64;
mod digests;
mod events;
mod folds;
mod functions;
mod generated;
mod generators;
mod governance;
pub mod harbour;
mod names;
mod numbers;
mod policies;
mod programs;
pub mod recordings;
mod signatures;
mod trust;
mod values;
mod vectors;
mod worlds;

use crate::topic::Topic;

/// Every topic, in the order of the report.
pub const TOPICS: &[Topic] = &[
    Topic::new("numbers/q32-arithmetic", 4000, numbers::q32_arithmetic),
    Topic::new("numbers/q32-text", 2000, numbers::q32_text),
    Topic::new("numbers/fixed-text", 2000, numbers::fixed_text),
    Topic::new("numbers/number-arithmetic", 3000, numbers::arithmetic),
    Topic::new("numbers/order", 3000, numbers::order),
    Topic::new("numbers/parse", 2000, numbers::parse),
    Topic::new("numbers/q32-functions", 4000, functions::q32),
    Topic::new("numbers/binary64-arithmetic", 3000, binary64::arithmetic),
    Topic::new("numbers/binary64-conversions", 2000, binary64::conversions),
    Topic::new("numbers/binary64-text", 3000, binary64::text),
    Topic::new("numbers/binary64-functions", 3000, functions::binary64),
    Topic::table("numbers/binary64-poison", binary64::poison_cases),
    Topic::new("numbers/pcg32", 300, generators::pcg32),
    Topic::new("values/seeds", 300, generators::seeds),
    Topic::new("values/text", 1500, values::text),
    Topic::new("values/json", 800, values::json),
    Topic::new("values/json-changed", 1200, values::json_changed),
    Topic::new("values/cbor", 800, values::cbor),
    Topic::new("values/cbor-changed", 1200, values::cbor_changed),
    Topic::new("values/order", 600, values::order),
    Topic::new("values/digests", 400, digests::digests),
    Topic::new("values/merkle", 60, digests::merkle),
    Topic::new("values/ulids", 1500, names::ulids),
    Topic::new("values/names", 1500, names::names),
    Topic::new("values/uris", 1000, names::uris),
    Topic::new("values/globs", 1000, names::globs),
    Topic::new("values/keys", 200, signatures::keys),
    Topic::new("values/signatures", 120, signatures::signatures),
    Topic::new("values/signatures-changed", 150, signatures::changed),
    Topic::new("values/events", 120, events::events),
    Topic::new("values/events-changed", 200, events::changed),
    Topic::new("fold/compile", 250, folds::compile),
    Topic::new("fold/states", 200, folds::states),
    Topic::new("policy/governance", 30, governance::chains),
    Topic::new("policy/trust", 30, trust::folded),
    Topic::new("policy/compile", 150, policies::compiled),
    Topic::new("policy/decisions", 100, policies::decisions),
    Topic::new("echo/operations", 12, worlds::operations),
    Topic::new("echo/ticks", 8, worlds::ticks),
    Topic::new("echo/recordings", 8, recordings::generated),
    Topic::table("vectors/echo", recordings::golden),
    Topic::table("vectors/echo-scripts", harbour::golden),
    Topic::table("vectors/numbers", vectors::numbers),
    Topic::table("vectors/values", vectors::values),
    Topic::table("vectors/fold", vectors::folds),
    Topic::table("vectors/fold-lua", vectors::folds_in_lua),
    Topic::table("vectors/echolua", programs::golden),
    Topic::new("echolua/machines", 40, programs::machines),
];
