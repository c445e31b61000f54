//! The targets of the promise "the same bits everywhere", and how each is run on another machine.
//!
//! TWIN: targets — `describe` in `scripts/targets.sh`.

use std::fmt;

/// One target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// As rustc calls it.
    pub triple: &'static str,
    /// Width of a pointer in bits.
    pub width_bits: u32,
    /// Whether the highest byte comes first.
    pub is_big_endian: bool,
    /// What runs its programs where they do not run by themselves.
    pub emulator: &'static str,
}

const fn target(
    triple: &'static str,
    width_bits: u32,
    is_big_endian: bool,
    emulator: &'static str,
) -> Target {
    Target {
        triple,
        width_bits,
        is_big_endian,
        emulator,
    }
}

/// Every target.
pub const TARGETS: &[Target] = &[
    target("x86_64-unknown-linux-gnu", 64, false, NATIVE),
    target("x86_64-unknown-linux-musl", 64, false, NATIVE),
    target("aarch64-unknown-linux-gnu", 64, false, "qemu-user"),
    target("armv7-unknown-linux-gnueabihf", 32, false, "qemu-user"),
    target("riscv64gc-unknown-linux-gnu", 64, false, "qemu-user"),
    target("i686-unknown-linux-gnu", 32, false, "qemu-user"),
    target("s390x-unknown-linux-gnu", 64, true, "qemu-user"),
    target("powerpc64-unknown-linux-gnu", 64, true, "qemu-user"),
    target("wasm32-wasip1", 32, false, "node's WASI"),
    target("x86_64-pc-windows-gnu", 64, false, "wine64"),
    target("aarch64-apple-darwin", 64, false, NATIVE),
];

/// What a target needs that runs by itself or not at all.
pub const NATIVE: &str = "natively";

/// The target of this name.
pub fn find(triple: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.triple == triple)
}

impl Target {
    /// Width and byte order in words.
    pub fn shape(&self) -> String {
        let order = if self.is_big_endian { "big" } else { "little" };
        format!("{} bits, {order}", self.width_bits)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (triple, shape) = (self.triple, self.shape());
        write!(formatter, "{triple:<30} {shape:<16} {}", self.emulator)
    }
}
