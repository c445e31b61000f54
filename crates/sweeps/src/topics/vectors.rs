//! The committed golden vectors, line by line: what the tests of each crate check on the host, on every target.
//!
//! The files are built into the program, which so needs no file system. A case records the names of the files
//! and each line that came out otherwise, so that a file may grow without a new digest.
//! What the columns mean is said in the head of each file.
//!
//! TWIN: vectors — the tests that bless these files, in `crates/base/*/tests/it`.

mod folds;

use super::functions::{FUNCTIONS as FUNCTIONS_64, FUNCTIONS_OF_TWO};
use crate::dice::Dice;
use crate::record::Record;
pub use folds::{folds, programs as folds_in_lua};
use gatos_numbers::{Function, Number, NumberError, Q32, binary64};
use gatos_values::{
    Blake3Digest, Envelope, EventId, Sha256Digest, SigningKey, Ulid, cbor, hex, json, sshsig,
};

macro_rules! vector {
    ($path:literal) => {
        (
            $path,
            include_str!(concat!("../../../../vectors/", $path, ".tsv")),
        )
    };
}

/// The 18 files of functions, in the order of [`Function::ALL`].
const FUNCTIONS: [(&str, &str); 18] = [
    vector!("numbers/sqrt"),
    vector!("numbers/cbrt"),
    vector!("numbers/exp"),
    vector!("numbers/ln"),
    vector!("numbers/log2"),
    vector!("numbers/log10"),
    vector!("numbers/sin"),
    vector!("numbers/cos"),
    vector!("numbers/tan"),
    vector!("numbers/asin"),
    vector!("numbers/acos"),
    vector!("numbers/atan"),
    vector!("numbers/sinh"),
    vector!("numbers/cosh"),
    vector!("numbers/tanh"),
    vector!("numbers/atan2"),
    vector!("numbers/pow"),
    vector!("numbers/hypot"),
];

/// Text and arithmetic of numbers, the functions of Q32.32, the texts of binary64.
pub fn numbers(_dice: &mut Dice, record: &mut Record) {
    check(vector!("numbers/text"), 1, record, |inputs| {
        number_text(inputs[0])
    });
    check(vector!("numbers/q32"), 3, record, |inputs| {
        vec![shown(arithmetic(inputs[0], q32(inputs[1]), q32(inputs[2])))]
    });
    for (file, function) in FUNCTIONS.into_iter().zip(Function::ALL) {
        let column_count = 1 + usize::from(function.is_binary());
        check(file, column_count, record, |inputs| {
            let second = inputs.get(1).map_or(Q32::ZERO, |text| q32(text));
            let value = function.evaluate(q32(inputs[0]), second);
            vec![shown(value.map(|value| value.to_string()))]
        });
    }
    check(vector!("numbers/binary64"), 1, record, |inputs| {
        let bits = u64::from_str_radix(inputs[0], 16).expect("16 hex digits");
        let value = binary64::from_bits(bits);
        vec![
            binary64::shortest(value).to_string(),
            binary64::general_14(value).to_string(),
            binary64::hexadecimal(value).to_string(),
        ]
    });
    check(vector!("numbers/functions"), 3, record, |inputs| {
        let argument = |text| {
            let bits = u64::from_str_radix(text, 16).expect("hex digits");
            binary64::from_bits(bits)
        };
        let value = function64(inputs[0], argument(inputs[1]), argument(inputs[2]));
        vec![format!("{:016x}", value.to_bits())]
    });
}

/// A function of binary64 by its name.
fn function64(name: &str, first: f64, second: f64) -> f64 {
    let of_one = FUNCTIONS_64.iter().find(|(known, _)| *known == name);
    let of_two = FUNCTIONS_OF_TWO.iter().find(|(known, _)| *known == name);
    match (of_one, of_two) {
        (Some((_, function)), _) => function(first),
        (_, Some((_, function))) => function(first, second),
        _ => panic!("the vectors know no function {name}"),
    }
}

/// Canonical JSON and CBOR, refusals, digests, ULIDs, signatures, events.
pub fn values(_dice: &mut Dice, record: &mut Record) {
    check(vector!("values/values"), 1, record, |inputs| {
        let value = json::decode_strict(inputs[0].as_bytes(), SIZE_MAX).expect("well formed");
        let text = json::encode_canonical(&value).expect("a value that JSON can write");
        let bytes = cbor::encode(&value).expect("a value that is not deep");
        let digest = Blake3Digest::of(&text).to_string();
        vec![lossy(&text), hex::encode(&bytes), digest]
    });
    check(
        vector!("values/refused-json"),
        1,
        record,
        |inputs| match json::decode_canonical(&unescaped(inputs[0]), 1000) {
            Ok(_) => vec!["ok".to_owned()],
            Err(error) => vec![
                error.code().to_string(),
                error.offset.to_string(),
                format!("{:?}", error.kind),
            ],
        },
    );
    for file in [vector!("values/cbor"), vector!("values/rfc8949")] {
        check_cbor(file, record);
    }
    check(vector!("values/digests"), 1, record, |inputs| {
        let bytes = inputs[0].as_bytes();
        let (blake3, sha256) = (Blake3Digest::of(bytes), Sha256Digest::of(bytes));
        vec![blake3.to_string(), sha256.to_string()]
    });
    check(vector!("values/ulids"), 2, record, |inputs| {
        let random = u128::from_str_radix(inputs[1], 16).expect("hex digits");
        let ulid = Ulid::from_parts(inputs[0].parse().expect("milliseconds"), random);
        vec![ulid.expect("in range").to_string()]
    });
    check(vector!("values/sshsig"), 3, record, |inputs| {
        let key = SigningKey::from_seed(hex::decode(inputs[0]).expect("a seed"));
        let signature = key.sign(inputs[1], inputs[2].as_bytes());
        let verdict = sshsig::verify(inputs[1], inputs[2].as_bytes(), &signature);
        assert_eq!(verdict, Ok(()));
        let public = key.public();
        let (text, id) = (public.openssh_text(), public.key_id().to_string());
        vec![text, id, signature.to_base64_line()]
    });
    check(vector!("values/events"), 1, record, |inputs| {
        let bytes = inputs[0].as_bytes();
        let envelope = Envelope::decode(bytes).expect("an envelope");
        let content = envelope.content_digest().expect("a JSON payload");
        let key = SigningKey::from_seed([1; 32]);
        let signature = key.sign(gatos_values::SignatureNamespace::Event, bytes);
        vec![
            EventId::of_envelope(bytes).to_string(),
            content.to_string(),
            signature.to_base64_line(),
        ]
    });
}

/// More than any document of the vectors has.
const SIZE_MAX: usize = 1 << 20;

/// Computes each line's other columns from its first ones and records what differs.
fn check(
    (name, text): (&str, &str),
    input_count: usize,
    record: &mut Record,
    compute: impl Fn(&[&str]) -> Vec<String>,
) {
    let mut line_count = 0_u64;
    for (index, line) in text.lines().enumerate() {
        if line.starts_with('#') || line.is_empty() {
            continue;
        }
        line_count += 1;
        let columns: Vec<&str> = line.split('\t').collect();
        let (inputs, expected) = columns.split_at(input_count);
        let computed = compute(inputs);
        if computed != expected {
            let shown = computed.join(" ");
            record.text(
                "DIFFERS",
                format_args!("{name}:{} {shown}", index as u64 + 1),
            );
        }
    }
    record.text("file", name);
    record.note("lines", line_count);
}

/// Of a CBOR vector whether and why it is refused; what is accepted is written again byte for byte.
fn check_cbor((name, text): (&str, &str), record: &mut Record) {
    let verdicts: String = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(|line| {
            let columns: Vec<&str> = line.split('\t').collect();
            let is_accepted = columns.get(1) == Some(&"ok");
            // The accepted value's own notation is the test's; its bytes say as much.
            let expected = if is_accepted { columns[0] } else { columns[2] };
            [columns[0], "\t", columns[1], "\t", expected, "\n"]
        })
        .collect();
    check((name, &verdicts), 1, record, |inputs| {
        let bytes = bytes_of(inputs[0]);
        match cbor::decode(&bytes, SIZE_MAX) {
            Ok(value) => {
                let again = cbor::encode(&value).expect("a value that was read is not deep");
                vec!["ok".to_owned(), hex::encode(&again)]
            }
            Err(error) => {
                let place = format!("{:?} at {}", error.kind, error.offset);
                vec![error.code().to_string(), place]
            }
        }
    });
}

fn number_text(text: &str) -> Vec<String> {
    match Number::parse(text) {
        Ok(Number::Integer(integer)) => {
            let text = Number::Integer(integer).to_string();
            vec!["integer".to_owned(), integer.to_string(), text]
        }
        Ok(Number::Fixed(fixed)) => {
            let steps = fixed.steps().to_string();
            vec!["fixed".to_owned(), steps, fixed.to_string()]
        }
        Err(NumberError::Syntax { offset }) => vec!["syntax".to_owned(), offset.to_string()],
        Err(error) => vec![format!("{error:?}").to_lowercase()],
    }
}

fn arithmetic(operation: &str, left: Q32, right: Q32) -> Result<String, NumberError> {
    let value = match operation {
        "add" => left.checked_add(right),
        "sub" => left.checked_sub(right),
        "mul" => left.checked_mul(right),
        "div" => left.checked_div(right),
        "mod" => left.floor_mod(right),
        "sqrt" => left.checked_sqrt(),
        "idiv" => return left.floor_div(right).map(|value| value.to_string()),
        other => panic!("the vectors know no operation {other}"),
    };
    value.map(|value| value.to_string())
}

fn q32(text: &str) -> Q32 {
    Q32::parse(text).expect("the vectors hold Q32.32 numbers")
}

fn shown(outcome: Result<String, NumberError>) -> String {
    outcome.unwrap_or_else(|error| format!("{error:?}"))
}

/// `\xNN` stands for a byte, everything else for itself.
fn unescaped(text: &str) -> Vec<u8> {
    let mut parts = text.split("\\x");
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (byte, rest) = part.split_at(2);
        bytes.push(u8::from_str_radix(byte, 16).expect("two hex digits"));
        bytes.extend_from_slice(rest.as_bytes());
    }
    bytes
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(&lossy(pair), 16).expect("hex digits"))
        .collect()
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
