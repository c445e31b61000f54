//! The types a field may have: numbers of fixed size, bools, entity handles, and arrays of them.
//!
//! The trait is sealed: `usize`, pointers, `char` and text have no place in canonical bytes, and nobody can add them.
//! Floats are written with the one NaN; −0.0 and 0.0 are two values.
//! Tests: `tests/it/component.rs`.

use super::FieldKind;
use crate::Entity;
use gatos_numbers::Q32;

/// A type that a field of a [`Component`](crate::Component) may have.
pub trait Plain: sealed::Sealed + Clone + Send + Sync + 'static {
    /// The kind of one element.
    const KIND: FieldKind;
    /// Number of elements: 1 but for arrays.
    const COUNT: u32;
    /// Size of the canonical bytes.
    const SIZE: usize;

    /// Writes the canonical bytes; `bytes` has [`Plain::SIZE`] bytes.
    fn write(&self, bytes: &mut [u8]);

    /// Writes the canonical bytes of a value whose every NaN is the one NaN, without looking for others.
    #[inline]
    fn write_settled(&self, bytes: &mut [u8]) {
        self.write(bytes);
    }

    /// Reads canonical bytes; `None` for any other byte string.
    fn read(bytes: &[u8]) -> Option<Self>;

    /// As [`Plain::read`] where somebody has seen already that every NaN is the one NaN.
    #[inline]
    fn read_settled(bytes: &[u8]) -> Option<Self> {
        Self::read(bytes)
    }

    /// Whether every NaN in it is the one NaN.
    #[inline]
    fn is_settled(&self) -> bool {
        true
    }

    /// Makes every NaN in it the one NaN.
    #[inline]
    fn settle(&mut self) {}

    /// Makes every NaN in it another one.
    fn unsettle(&mut self) {}
}

mod sealed {
    /// Keeps the list of plain types closed.
    pub trait Sealed {}
}

macro_rules! plain_integer {
    ($($type:ty = $kind:ident;)*) => {$(
        impl sealed::Sealed for $type {}
        impl Plain for $type {
            const KIND: FieldKind = FieldKind::$kind;
            const COUNT: u32 = 1;
            const SIZE: usize = size_of::<$type>();

            #[inline]
            fn write(&self, bytes: &mut [u8]) {
                bytes.copy_from_slice(&self.to_le_bytes());
            }

            #[inline]
            fn read(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(<$type>::from_le_bytes)
            }
        }
    )*};
}

plain_integer! {
    u8 = U8;
    u16 = U16;
    u32 = U32;
    u64 = U64;
    u128 = U128;
    i8 = I8;
    i16 = I16;
    i32 = I32;
    i64 = I64;
    i128 = I128;
}

macro_rules! plain_float {
    ($($type:ty = $kind:ident, $nan:literal;)*) => {$(
        impl sealed::Sealed for $type {}
        impl Plain for $type {
            const KIND: FieldKind = FieldKind::$kind;
            const COUNT: u32 = 1;
            const SIZE: usize = size_of::<$type>();

            #[inline]
            fn write(&self, bytes: &mut [u8]) {
                let bits = if self.is_nan() { $nan } else { self.to_bits() };
                bytes.copy_from_slice(&bits.to_le_bytes());
            }

            #[inline]
            fn write_settled(&self, bytes: &mut [u8]) {
                bytes.copy_from_slice(&self.to_bits().to_le_bytes());
            }

            #[inline]
            fn read(bytes: &[u8]) -> Option<Self> {
                let value = bytes.try_into().ok().map(<$type>::from_le_bytes)?;
                value.is_settled().then_some(value)
            }

            #[inline]
            fn read_settled(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(<$type>::from_le_bytes)
            }

            #[inline]
            fn is_settled(&self) -> bool {
                !self.is_nan() | (self.to_bits() == $nan)
            }

            #[inline]
            fn settle(&mut self) {
                if self.is_nan() {
                    *self = <$type>::from_bits($nan);
                }
            }

            fn unsettle(&mut self) {
                if self.is_nan() {
                    *self = -<$type>::from_bits($nan | 5);
                }
            }
        }
    )*};
}

plain_float! {
    f32 = F32, 0x7fc0_0000;
    f64 = F64, 0x7ff8_0000_0000_0000;
}

impl sealed::Sealed for bool {}
impl Plain for bool {
    const KIND: FieldKind = FieldKind::Bool;
    const COUNT: u32 = 1;
    const SIZE: usize = 1;

    #[inline]
    fn write(&self, bytes: &mut [u8]) {
        bytes.copy_from_slice(&[u8::from(*self)]);
    }

    #[inline]
    fn read(bytes: &[u8]) -> Option<bool> {
        match bytes {
            [0] => Some(false),
            [1] => Some(true),
            _ => None,
        }
    }
}

impl sealed::Sealed for Q32 {}
impl Plain for Q32 {
    const KIND: FieldKind = FieldKind::Q32;
    const COUNT: u32 = 1;
    const SIZE: usize = 8;

    #[inline]
    fn write(&self, bytes: &mut [u8]) {
        bytes.copy_from_slice(&self.steps().to_le_bytes());
    }

    #[inline]
    fn read(bytes: &[u8]) -> Option<Q32> {
        i64::read(bytes).map(Q32::from_steps)
    }
}

impl sealed::Sealed for Entity {}
impl Plain for Entity {
    const KIND: FieldKind = FieldKind::Entity;
    const COUNT: u32 = 1;
    const SIZE: usize = 8;

    #[inline]
    fn write(&self, bytes: &mut [u8]) {
        let (index, generation) = bytes.split_at_mut(4);
        self.index().write(index);
        self.generation().write(generation);
    }

    #[inline]
    fn read(bytes: &[u8]) -> Option<Entity> {
        let (index, generation) = bytes.split_at_checked(4)?;
        Some(Entity::new(u32::read(index)?, u32::read(generation)?))
    }
}

impl<T: Plain, const N: usize> sealed::Sealed for [T; N] {}
impl<T: Plain, const N: usize> Plain for [T; N] {
    const KIND: FieldKind = T::KIND;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "registration refuses components beyond 64 KiB long before that"
    )]
    const COUNT: u32 = T::COUNT * N as u32;
    const SIZE: usize = T::SIZE * N;

    #[inline]
    fn write(&self, bytes: &mut [u8]) {
        // An array of no elements has no bytes to cut.
        for (element, place) in self.iter().zip(bytes.chunks_exact_mut(T::SIZE.max(1))) {
            element.write(place);
        }
    }

    #[inline]
    fn write_settled(&self, bytes: &mut [u8]) {
        for (element, place) in self.iter().zip(bytes.chunks_exact_mut(T::SIZE.max(1))) {
            element.write_settled(place);
        }
    }

    #[inline]
    fn read(bytes: &[u8]) -> Option<[T; N]> {
        read_array(bytes, T::read)
    }

    #[inline]
    fn read_settled(bytes: &[u8]) -> Option<[T; N]> {
        read_array(bytes, T::read_settled)
    }

    #[inline]
    fn is_settled(&self) -> bool {
        self.iter()
            .fold(true, |settled, element| settled & element.is_settled())
    }

    #[inline]
    fn settle(&mut self) {
        for element in self {
            element.settle();
        }
    }

    fn unsettle(&mut self) {
        for element in self {
            element.unsettle();
        }
    }
}

/// Reads an array, element by element.
#[inline]
fn read_array<T: Plain, const N: usize>(
    bytes: &[u8],
    read: impl Fn(&[u8]) -> Option<T>,
) -> Option<[T; N]> {
    if bytes.len() != T::SIZE * N {
        return None;
    }
    let first = read(bytes.get(..T::SIZE)?)?;
    let mut array = core::array::from_fn(|_| first.clone());
    for (element, place) in array.iter_mut().zip(bytes.chunks_exact(T::SIZE.max(1))) {
        *element = read(place)?;
    }
    Some(array)
}
