//! Golden files in `vectors/echo`: `GATOS_BLESS=1` writes them anew, nothing else does.

use std::path::PathBuf;

fn path(name: &str) -> PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../vectors/echo")
        .join(name)
}

/// Compares a file with the bytes it must have, or blesses it.
pub fn check_file(name: &str, expected: &[u8]) {
    let path = path(name);
    if std::env::var("GATOS_BLESS").is_ok_and(|value| value == "1") {
        std::fs::create_dir_all(path.parent().expect("a vector lies in a folder"))
            .expect("create the folder");
        std::fs::write(&path, expected).expect("write the vector");
        return;
    }
    let found = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(
        found == expected,
        "{name} differs from what is computed; see docs/formats/world.md for what may change it"
    );
}
