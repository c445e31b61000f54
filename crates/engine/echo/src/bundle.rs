//! Bundles: components that are added together, as one component or a tuple of up to twelve.
//!
//! A bundle knows its components' ids and how its values reach the columns. Which archetype that is, `world` decides.
//! Tests: `tests/it/world.rs`, `tests/it/twin.rs`.

use crate::archetype::Archetype;
use crate::column::Column;
use crate::component::Component;
use crate::error::WorldError;
use crate::registry::{ComponentId, Registry};
use crate::shared::Shared;
use crate::stamp::Stamp;
use alloc::string::ToString;
use alloc::vec::Vec;

/// Components that are added together.
///
/// Every [`Component`] is one, and so is every tuple of bundles of one component each.
pub trait Bundle: Sized + Send + Sync + 'static {
    #[doc(hidden)]
    type Taken;
    #[doc(hidden)]
    type Tails<'a>;

    /// The ids of the components in the order they are written down.
    #[doc(hidden)]
    fn push_ids(registry: &Registry, ids: &mut Vec<ComponentId>) -> Result<(), WorldError>;
    #[doc(hidden)]
    fn take(access: &mut Columns<'_>) -> Self::Taken;
    #[doc(hidden)]
    fn give(taken: Self::Taken, access: &mut Columns<'_>);
    /// The last blocks for appending; none has less room than `room`.
    #[doc(hidden)]
    fn tails<'a>(taken: &'a mut Self::Taken, room: &mut usize) -> Self::Tails<'a>;
    #[doc(hidden)]
    fn push(self, tails: &mut Self::Tails<'_>);
    /// Marks the rows that were appended to the last blocks.
    #[doc(hidden)]
    fn grown(taken: &mut Self::Taken, count: usize, stamp: Stamp);
    /// Writes to a row: overwrites where the row has the component, else appends.
    #[doc(hidden)]
    fn put(self, taken: &mut Self::Taken, row: usize, stamp: Stamp);
    /// As [`Bundle::put`] with the columns left where they are, for one row.
    #[doc(hidden)]
    fn put_one(self, access: &mut Columns<'_>, row: usize, stamp: Stamp);
}

/// An archetype with the places of a bundle's or query's columns, given one after the other.
#[doc(hidden)]
pub struct Columns<'a> {
    pub(crate) archetype: &'a mut Archetype,
    pub(crate) places: &'a [usize],
    pub(crate) next: usize,
}

impl<'a> Columns<'a> {
    pub(crate) const fn new(archetype: &'a mut Archetype, places: &'a [usize]) -> Columns<'a> {
        Columns {
            archetype,
            places,
            next: 0,
        }
    }

    fn next(&mut self) -> usize {
        self.next += 1;
        self.places[self.next - 1]
    }
}

/// The sorted ids of a bundle.
pub(crate) fn sorted_ids(
    registry: &Registry,
    ids: &[ComponentId],
) -> Result<Vec<ComponentId>, WorldError> {
    let mut sorted = ids.to_vec();
    sorted.sort_unstable();
    for pair in sorted.windows(2) {
        if pair[0] == pair[1] {
            return Err(WorldError::Twice {
                component: registry.kind(pair[0]).name().to_string(),
            });
        }
    }
    Ok(sorted)
}

/// Whether a world can have a bundle at all.
pub(crate) fn check_bundle<B: Bundle>(registry: &Registry) -> Result<(), WorldError> {
    let mut ids = Vec::new();
    B::push_ids(registry, &mut ids)?;
    sorted_ids(registry, &ids).map(|_| ())
}

/// The places of ids in an archetype that has them all.
pub(crate) fn places(archetype: &Archetype, ids: &[ComponentId]) -> Vec<usize> {
    ids.iter()
        .filter_map(|id| archetype.index_of(*id))
        .collect()
}

pub(crate) fn id_of<T: Component>(registry: &Registry) -> Result<ComponentId, WorldError> {
    registry
        .id_of::<T>()
        .ok_or_else(|| WorldError::Unregistered {
            component: T::NAME.to_string(),
        })
}

impl<T: Component> Bundle for T {
    type Taken = Shared<Column<Vec<T>>>;
    type Tails<'a> = &'a mut Vec<T>;

    fn push_ids(registry: &Registry, ids: &mut Vec<ComponentId>) -> Result<(), WorldError> {
        ids.push(id_of::<T>(registry)?);
        Ok(())
    }

    fn take(access: &mut Columns<'_>) -> Self::Taken {
        let place = access.next();
        access.archetype.take(place)
    }

    fn give(taken: Self::Taken, access: &mut Columns<'_>) {
        let place = access.next();
        access.archetype.give(place, taken);
    }

    #[inline]
    fn tails<'a>(taken: &'a mut Self::Taken, room: &mut usize) -> &'a mut Vec<T> {
        let (block, here) = Shared::make_mut(taken).tail_mut();
        *room = here.min(*room);
        block.rows.reserve(*room);
        &mut block.rows
    }

    #[inline]
    fn push(self, tails: &mut &mut Vec<T>) {
        tails.push(self);
    }

    fn grown(taken: &mut Self::Taken, count: usize, stamp: Stamp) {
        let column = Shared::make_mut(taken);
        if count == 0 {
            column.trim();
            return;
        }
        let (block, _) = column.tail_mut();
        let before = block.rows.len() - count;
        block.added.push(before, count, stamp);
        block.changed.push(before, count, stamp);
        column.grown(count);
    }

    #[inline]
    fn put(self, taken: &mut Self::Taken, row: usize, stamp: Stamp) {
        put_in(Shared::make_mut(taken), self, row, stamp);
    }

    #[inline]
    fn put_one(self, access: &mut Columns<'_>, row: usize, stamp: Stamp) {
        let place = access.next();
        put_in(access.archetype.typed_at(place), self, row, stamp);
    }
}

/// Overwrites a row that is there, or appends one.
#[inline]
fn put_in<T: Component>(column: &mut Column<Vec<T>>, value: T, row: usize, stamp: Stamp) {
    if row < column.len() {
        let (block, place) = column.find_mut(row);
        let len = block.rows.len();
        block.rows[place] = value;
        block.changed.set(place, len, stamp);
    } else {
        column.push(value, stamp, stamp);
    }
}

macro_rules! tuple_bundle {
    ($($name:ident $index:tt),+) => {
        impl<$($name: Bundle),+> Bundle for ($($name,)+) {
            type Taken = ($($name::Taken,)+);
            type Tails<'a> = ($($name::Tails<'a>,)+);

            fn push_ids(
                registry: &Registry,
                ids: &mut Vec<ComponentId>,
            ) -> Result<(), WorldError> {
                $($name::push_ids(registry, ids)?;)+
                Ok(())
            }

            fn take(access: &mut Columns<'_>) -> Self::Taken {
                ($($name::take(access),)+)
            }

            fn give(taken: Self::Taken, access: &mut Columns<'_>) {
                $($name::give(taken.$index, access);)+
            }

            #[inline]
            fn tails<'a>(taken: &'a mut Self::Taken, room: &mut usize) -> Self::Tails<'a> {
                ($($name::tails(&mut taken.$index, room),)+)
            }

            #[inline]
            fn push(self, tails: &mut Self::Tails<'_>) {
                $(self.$index.push(&mut tails.$index);)+
            }

            fn grown(taken: &mut Self::Taken, count: usize, stamp: Stamp) {
                $($name::grown(&mut taken.$index, count, stamp);)+
            }

            fn put(self, taken: &mut Self::Taken, row: usize, stamp: Stamp) {
                $(self.$index.put(&mut taken.$index, row, stamp);)+
            }

            #[inline]
            fn put_one(self, access: &mut Columns<'_>, row: usize, stamp: Stamp) {
                $(self.$index.put_one(access, row, stamp);)+
            }
        }
    };
}

tuple_bundle!(A 0);
tuple_bundle!(A 0, B 1);
tuple_bundle!(A 0, B 1, C 2);
tuple_bundle!(A 0, B 1, C 2, D 3);
tuple_bundle!(A 0, B 1, C 2, D 3, E 4);
tuple_bundle!(A 0, B 1, C 2, D 3, E 4, F 5);
tuple_bundle!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple_bundle!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
tuple_bundle!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8);
tuple_bundle!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9);
tuple_bundle!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10);
tuple_bundle!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11);
