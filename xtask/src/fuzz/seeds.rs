//! First inputs for the fuzzer, out of the golden vectors.
//!
//! A seed is named as the table in `fuzz/README.md` names it: `folder` (each file), `file` (the
//! whole), `file#2` (the second column of each line) or `file#3:hex` (that column, decoded).
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
    Ok(column_inputs(&text, number, encoding == "hex")
        .into_iter()
        .enumerate()
        .map(|(index, input)| (format!("{name}-{number}-{index}"), input))
        .collect())
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
pub fn column_inputs(text: &str, number: usize, is_hex: bool) -> Vec<Vec<u8>> {
    let lines = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    let cells = lines.filter_map(|line| line.split('\t').nth(number.checked_sub(1)?));
    if is_hex {
        cells.filter_map(from_hex).collect()
    } else {
        cells.map(|cell| cell.as_bytes().to_vec()).collect()
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}
