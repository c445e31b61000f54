//! Golden vectors of this crate: files below `vectors/ledger`, compared byte for byte. Tests only.
//!
//! `GATOS_BLESS=1` writes them anew; only a change of a format may need that.

use std::path::Path;

/// Compares a file with what the code gives now.
#[track_caller]
pub(crate) fn check(name: &str, bytes: &[u8]) {
    let kept = kept(name, bytes);
    let differs = kept
        .iter()
        .zip(bytes)
        .position(|(kept, found)| kept != found);
    assert!(
        kept == bytes,
        "{name} differs from what the code gives, first at byte {}",
        differs.unwrap_or(kept.len().min(bytes.len()))
    );
}

/// The kept file; blessing writes `bytes` there first.
#[track_caller]
pub(crate) fn kept(name: &str, bytes: &[u8]) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../vectors/ledger");
    let path = folder.join(name);
    if std::env::var("GATOS_BLESS").is_ok_and(|value| value == "1") {
        std::fs::create_dir_all(&folder).expect("make the folder of the vectors");
        std::fs::write(&path, bytes).expect("write the vector");
    }
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
