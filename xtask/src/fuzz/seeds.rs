//! First inputs for the fuzzer, out of the golden vectors.
//!
//! A seed is named as the table in `fuzz/README.md` names it: `file` or `folder` (each file in it),
//! and behind that nothing (the whole file), `#2` (the second column of each line), or `#3:hex` or
//! `#3:base64` (that column, decoded). Columns are parted by tabs; lines that start with `#` are
//! comments. Tests: `tests.rs` beside this file.

use crate::report::{Failure, Outcome};
use std::path::{Path, PathBuf};

/// The inputs a seed stands for; each carries a name that is the same on every run.
pub fn inputs(root: &Path, seed: &str) -> Outcome<Vec<(String, Vec<u8>)>> {
    let (path, column) = seed.split_once('#').unwrap_or((seed, ""));
    let mut inputs = Vec::new();
    for (name, bytes) in files(&root.join(path))? {
        if column.is_empty() {
            inputs.push((name, bytes));
            continue;
        }
        let (number, decode) = column_of(seed, column)?;
        let cells = column_inputs(&String::from_utf8_lossy(&bytes), number, decode);
        let numbered = cells.into_iter().enumerate();
        inputs.extend(numbered.map(|(index, cell)| (format!("{name}-{number}-{index}"), cell)));
    }
    Ok(inputs)
}

/// The number of a column, and how its cells become bytes.
fn column_of(seed: &str, column: &str) -> Outcome<(usize, Decoder)> {
    let (number, encoding) = column.split_once(':').unwrap_or((column, "text"));
    number.parse().ok().zip(decoder(encoding)).ok_or_else(|| {
        Failure::new(format!(
            "`{seed}` names no column\n    cure: write `file#2`, `file#2:hex` or `file#2:base64`"
        ))
    })
}

/// The file, or every file of the folder, with its name.
fn files(path: &Path) -> Outcome<Vec<(String, Vec<u8>)>> {
    let mut paths = vec![path.to_path_buf()];
    if path.is_dir() {
        let entries = std::fs::read_dir(path)
            .map_err(|error| Failure::new(format!("cannot list `{}`: {error}", path.display())))?;
        paths = entries.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.is_file());
        paths.sort();
    }
    let read = |path: PathBuf| {
        let bytes = std::fs::read(&path).map_err(|error| {
            Failure::new(format!(
                "cannot read the seed `{}`: {error}\n    cure: mend the column `seeds` in fuzz/README.md",
                path.display()
            ))
        })?;
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        Ok((name, bytes))
    };
    paths.into_iter().map(read).collect()
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
