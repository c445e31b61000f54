//! Values: text in normal form, canonical JSON and CBOR both ways, what is refused and why, and the total order.

use super::generated;
use crate::dice::Dice;
use crate::record::Record;
use gatos_values::json::JsonError;
use gatos_values::{Text, Value, cbor, hex, json, text as texts};

/// More than any document here has.
const SIZE_MAX: usize = 1 << 20;

/// The normal form of any string, or why there is none.
pub fn text(dice: &mut Dice, record: &mut Record) {
    let string = generated::string(dice);
    record.text("string", &string);
    record.text("normal", texts::is_nfc_assigned(&string));
    record.outcome("text", Text::from_string(string).map(Text::into_string));
}

/// Canonical JSON of a value, and the value it reads back to.
pub fn json(dice: &mut Dice, record: &mut Record) {
    let value = generated::json_value(dice);
    let bytes = json::encode_canonical(&value).expect("the value is neither deep nor binary");
    record.bytes("json", &bytes);
    json_verdicts(&bytes, record);
}

/// Canonical JSON with one thing changed: a value, or a refusal with its place.
pub fn json_changed(dice: &mut Dice, record: &mut Record) {
    let value = generated::json_value(dice);
    let bytes = json::encode_canonical(&value).expect("the value is neither deep nor binary");
    json_verdicts(&generated::changed(dice, &bytes), record);
}

/// Canonical CBOR of a value, and the value it reads back to.
pub fn cbor(dice: &mut Dice, record: &mut Record) {
    let value = generated::value(dice);
    let bytes = cbor::encode(&value).expect("the value is not deep");
    record.bytes("cbor", &bytes);
    cbor_verdict(&bytes, record);
}

/// Canonical CBOR with one thing changed.
pub fn cbor_changed(dice: &mut Dice, record: &mut Record) {
    let value = generated::value(dice);
    let bytes = cbor::encode(&value).expect("the value is not deep");
    cbor_verdict(&generated::changed(dice, &bytes), record);
}

/// The order of two values.
pub fn order(dice: &mut Dice, record: &mut Record) {
    let (left, right) = (generated::value(dice), generated::value(dice));
    record.text("order", format_args!("{:?}", left.cmp(&right)));
    record.text("depth", left.depth() as u64);
}

fn json_verdicts(bytes: &[u8], record: &mut Record) {
    record.bytes("input", bytes);
    record_value("canonical", json::decode_canonical(bytes, SIZE_MAX), record);
    record_value("strict", json::decode_strict(bytes, SIZE_MAX), record);
    record.outcome("is canonical", json::is_canonical(bytes).map(|()| ""));
}

/// Shows a value that was read from JSON as CBOR, whose writer shares nothing with the reader.
fn record_value(label: &str, outcome: Result<Value, JsonError>, record: &mut Record) {
    match outcome.map(|value| cbor::encode(&value)) {
        Err(error) => record.outcome::<&str, _>(label, Err(error)),
        Ok(bytes) => record.outcome(label, bytes.map(|bytes| hex::encode(&bytes))),
    }
}

fn cbor_verdict(bytes: &[u8], record: &mut Record) {
    record.bytes("input", bytes);
    let decoded = cbor::decode(bytes, SIZE_MAX);
    if let Ok(value) = &decoded {
        let json = json::encode_canonical(value).ok();
        record.bytes("json", &json.unwrap_or_default());
        record.text("depth", value.depth() as u64);
    }
    record.outcome("decoded", decoded.map(|_| ""));
}
