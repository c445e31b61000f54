//! Values of payloads: whatever a machine takes in it gives back, and a program can look at all of it.
#![no_main]

use gatos_echolua::{Limits, Profile, Vm, compile};
use gatos_values::json;
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits {
    fuel: 2_000_000,
    memory_bytes: 16 << 20,
};
/// Copies a value by hand, so that every key and element is read and written by a program.
const COPY: &[u8] = b"function fold(value)
  local function copy(value)
    if type(value) ~= 'table' or value == json.null then return value end
    local result = {}
    for key, inner in dpairs(value) do result[key] = copy(inner) end
    return result
  end
  local ok, text = pcall(json.encode_canonical, value)
  if ok then assert(json.encode_canonical(json.decode_strict(text)) == text) end
  return copy(value)
end";

fuzz_target!(|bytes: &[u8]| {
    // Payloads are JSON, so there are no byte strings; a machine knows one kind of string and gives them back as text.
    let value = json::decode_strict(bytes, bytes.len()).ok();
    let Some(value) = value else {
        return;
    };
    let module = compile(COPY, Profile::Fold).module.expect("it compiles");
    let mut vm = Vm::new(Profile::Fold, LIMITS);
    let main = vm.load(&module, "copy").expect("it loads");
    vm.call(main, &[]).expect("it begins");
    let Ok(inside) = vm.import(&value) else {
        return;
    };
    if let Ok(outside) = vm.export(inside) {
        assert_eq!(outside, value);
    }
    let copy = vm.export_of("fold");
    let _ = vm.call(copy, &[inside]);
});
