//! Components that the tests share.

use gatos_echo::{Entity, Registry, component};
use gatos_values::Q32;

/// Three floats.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    pub x: f32,
    pub y: f32,
    pub z: f32,
}
component!(Position = "position" { x: f32, y: f32, z: f32 });

/// Three floats again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Velocity {
    pub x: f32,
    pub y: f32,
    pub z: f32,
}
component!(Velocity = "velocity" { x: f32, y: f32, z: f32 });

/// A number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health(pub u32);
component!(Health = "health" { 0: u32 });

/// Large, so that a block has few rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Big(pub [f64; 512]);
component!(Big = "big" { 0: [f64; 512] });

/// No bytes at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frozen;
component!(Frozen = "frozen" {});

/// Every kind of field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kinds {
    pub wide: u128,
    pub signed_wide: i128,
    pub long: u64,
    pub signed_long: i64,
    pub double: f64,
    pub fixed: Q32,
    pub target: Entity,
    pub word: u32,
    pub signed_word: i32,
    pub single: f32,
    pub shorts: [u16; 3],
    pub signed_short: i16,
    pub byte: u8,
    pub signed_byte: i8,
    pub flags: [[bool; 2]; 1],
}
component!(Kinds = "test:kinds" {
    wide: u128,
    signed_wide: i128,
    long: u64,
    signed_long: i64,
    double: f64,
    fixed: Q32,
    target: Entity,
    word: u32,
    signed_word: i32,
    single: f32,
    shorts: [u16; 3],
    signed_short: i16,
    byte: u8,
    signed_byte: i8,
    flags: [[bool; 2]; 1],
});

/// All of them.
pub fn registry() -> Registry {
    Registry::builder()
        .with::<Velocity>()
        .with::<Position>()
        .with::<Health>()
        .with::<Big>()
        .with::<Frozen>()
        .build()
        .expect("the components are plain data")
}

pub fn position(x: f32) -> Position {
    Position { x, y: 0.5, z: -0.0 }
}

pub fn velocity(x: f32) -> Velocity {
    Velocity { x, y: 1.0, z: 2.0 }
}
