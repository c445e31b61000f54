//! Components: plain data with a name and a schema of fields.
//!
//! A component is a Rust struct whose fields are numbers, bools, entity handles or arrays of them, or a record whose
//! fields a script defines. Either way it has canonical bytes: its fields in order, least significant byte first, the
//! one NaN, no padding. Which names exist and which ids they get is `registry`'s work; keeping rows is `column`'s.
//!
//! INVARIANT: `read(write(x))` is `x`, a NaN being itself, and `read` refuses every other byte string.
//! Bytes: `docs/formats/world.md`. Tests: `tests/it/component.rs`.

mod plain;
mod schema;

pub use plain::Plain;
pub use schema::{Field, FieldKind, FieldValue, Schema, SchemaError};

/// Plain data that entities and resources are made of.
///
/// Implement it with [`component!`](macro@crate::component); a hand-written implementation is checked at registration.
pub trait Component: Clone + Send + Sync + 'static {
    /// The name it is registered by: `[a-z][a-z0-9_]*`, parts joined by `.`, or behind `plugin:`.
    const NAME: &'static str;
    /// The fields in the order of their bytes.
    const FIELDS: &'static [Field];
    /// Size of the canonical bytes: the sum over the fields.
    const SIZE: usize;

    /// Writes the canonical bytes; `bytes` has [`Component::SIZE`] bytes.
    fn write(&self, bytes: &mut [u8]);

    /// Writes the canonical bytes of a value whose every NaN is the one NaN, without looking for others; for other values the
    /// bytes need not be canonical.
    #[inline]
    fn write_settled(&self, bytes: &mut [u8]) {
        self.write(bytes);
    }

    /// Reads canonical bytes; `None` for any other byte string.
    fn read(bytes: &[u8]) -> Option<Self>;

    /// As [`Component::read`] for bytes of which somebody has seen already that every NaN is the one NaN.
    #[inline]
    fn read_settled(bytes: &[u8]) -> Option<Self> {
        Self::read(bytes)
    }

    /// Whether every NaN in it is the one NaN.
    fn is_settled(&self) -> bool;

    /// Makes every NaN in it the one NaN.
    fn settle(&mut self);

    /// Makes every NaN in it another one, for replays that look for somebody who can tell them apart.
    fn unsettle(&mut self) {}
}

/// Makes a struct a [`Component`]: its name, then every field with its type.
///
/// The macro needs every field, so that nothing of the struct can stay outside of hashes and snapshots. A field that is
/// no [`Plain`] type, such as `usize` or a reference, does not compile.
///
/// ```
/// use gatos_echo::component;
///
/// #[derive(Clone, Copy)]
/// struct Position {
///     x: f32,
///     y: f32,
/// }
/// component!(Position = "position" { x: f32, y: f32 });
///
/// #[derive(Clone, Copy)]
/// struct Health(u32);
/// component!(Health = "health" { 0: u32 });
///
/// #[derive(Clone, Copy)]
/// struct Frozen;
/// component!(Frozen = "frozen" {});
/// ```
///
/// ```compile_fail
/// use gatos_echo::component;
///
/// #[derive(Clone, Copy)]
/// struct Score(usize);
/// component!(Score = "score" { 0: usize });
/// ```
#[macro_export]
macro_rules! component {
    ($type:ty = $name:literal { $($field:tt : $kind:ty),* $(,)? }) => {
        impl $crate::Component for $type {
            const NAME: &'static str = $name;
            const FIELDS: &'static [$crate::Field] =
                &[$($crate::Field::of::<$kind>(stringify!($field))),*];
            const SIZE: usize = 0 $(+ <$kind as $crate::Plain>::SIZE)*;

            #[inline]
            fn write(&self, bytes: &mut [u8]) {
                let rest = bytes;
                $(
                    let (head, rest) = rest.split_at_mut(<$kind as $crate::Plain>::SIZE);
                    <$kind as $crate::Plain>::write(&self.$field, head);
                )*
                let _ = rest;
            }

            #[inline]
            fn write_settled(&self, bytes: &mut [u8]) {
                let rest = bytes;
                $(
                    let (head, rest) = rest.split_at_mut(<$kind as $crate::Plain>::SIZE);
                    <$kind as $crate::Plain>::write_settled(&self.$field, head);
                )*
                let _ = rest;
            }

            #[inline]
            fn read(bytes: &[u8]) -> Option<Self> {
                let rest = bytes;
                $crate::component!(@read read, Self, rest, [] $($field : $kind,)*)
            }

            #[inline]
            fn read_settled(bytes: &[u8]) -> Option<Self> {
                let rest = bytes;
                $crate::component!(@read read_settled, Self, rest, [] $($field : $kind,)*)
            }

            #[inline]
            fn is_settled(&self) -> bool {
                true $(& <$kind as $crate::Plain>::is_settled(&self.$field))*
            }

            #[inline]
            fn settle(&mut self) {
                $(<$kind as $crate::Plain>::settle(&mut self.$field);)*
            }

            fn unsettle(&mut self) {
                $(<$kind as $crate::Plain>::unsettle(&mut self.$field);)*
            }
        }
    };
    // One field after the other, each from the bytes the one before has left; at the end nothing may be left.
    (@read $read:ident, $type:ident, $rest:ident, [$($done:tt : $value:ident)*] $field:tt : $kind:ty, $($more:tt)*) => {{
        let (head, tail) = $rest.split_at_checked(<$kind as $crate::Plain>::SIZE)?;
        let value = <$kind as $crate::Plain>::$read(head)?;
        $crate::component!(@read $read, $type, tail, [$($done : $value)* $field : value] $($more)*)
    }};
    (@read $read:ident, $type:ident, $rest:ident, [$($done:tt : $value:ident)*]) => {
        if $rest.is_empty() { Some($type { $($done: $value),* }) } else { None }
    };
}
