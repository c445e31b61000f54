//! First inputs for the fuzzer, out of the golden vectors.
//!
//! A seed is named as the table in `fuzz/README.md` names it: `folder` (each file), `file` (the
//! whole), `file#2` (the second column of each line), `file#3:hex` or `file#3:base64` (decoded).
//! Columns are parted by tabs; lines that start with `#` are comments. Tests: `fuzz/tests.rs`.

use crate::report::{Failure, Outcome};
use std::path::Path;

/// The inputs a seed stands for; each carries a name that is the same on every run.
pub fn inputs(root: &Path, seed: &str) -> Outcome<Vec<(String, Vec<u8>)>> {
    let (path, column) = seed.split_once('#').unwrap_or((seed, ""));
    let full = root.join(path);
    if full.is_dir() {
        return folder_inputs(&full);
    }
    let bytes = read(&full)?;
    let name = stem(&full);
    if column.is_empty() {
        return Ok(vec![(name, bytes)]);
    }
    let (number, encoding) = column.split_once(':').unwrap_or((column, "text"));
    let number: usize = number.parse().map_err(|_| {
        Failure::new(format!(
            "`{seed}` names no column; write `file#2` or `file#2:hex`"
        ))
    })?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let decode = decoder(encoding).ok_or_else(|| {
        Failure::new(format!(
            "`{seed}`: no encoding `{encoding}`; there are text, hex and base64"
        ))
    })?;
    Ok(column_inputs(&text, number, decode)
        .into_iter()
        .enumerate()
        .map(|(index, input)| (format!("{name}-{number}-{index}"), input))
        .collect())
}

/// How a cell becomes bytes; `None` for a cell that is no such text.
pub type Decoder = fn(&str) -> Option<Vec<u8>>;

/// The decoder with this name.
pub fn decoder(name: &str) -> Option<Decoder> {
    match name {
        "text" => Some(|cell| Some(cell.as_bytes().to_vec())),
        "hex" => Some(from_hex),
        "base64" => Some(from_base64),
        _ => None,
    }
}

fn folder_inputs(folder: &Path) -> Outcome<Vec<(String, Vec<u8>)>> {
    let entries = std::fs::read_dir(folder)
        .map_err(|error| Failure::new(format!("cannot list `{}`: {error}", folder.display())))?;
    let files = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_file());
    files.map(|path| Ok((stem(&path), read(&path)?))).collect()
}

fn stem(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn read(path: &Path) -> Outcome<Vec<u8>> {
    std::fs::read(path).map_err(|error| {
        Failure::new(format!("cannot read the seed `{}`: {error}\n    cure: mend the column `seeds` in fuzz/README.md", path.display()))
    })
}

/// The cells of one column, from 1, without those that do not decode.
pub fn column_inputs(text: &str, number: usize, decode: Decoder) -> Vec<Vec<u8>> {
    let lines = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    let cells = lines.filter_map(|line| line.split('\t').nth(number.checked_sub(1)?));
    cells.filter_map(decode).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

/// The bytes of padded base64; a tool that may be lenient, unlike the product's own.
fn from_base64(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut window, mut bits) = (Vec::new(), 0_u32, 0);
    for digit in text.trim_end_matches('=').bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        window = (window << 6) | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((window >> bits) as u8);
        }
    }
    Some(bytes)
}
