//! Which rows a query wants: by the components an entity has, or by when a component was added or changed.
//!
//! What an entity has is decided once an archetype. What changed is decided from the stamps of blocks, and only where a
//! block was written to at all from the stamps of its rows. Tests: `tests/it/query.rs`.

use super::data::Matched;
use crate::access::{Access, Target};
use crate::archetype::Archetype;
use crate::bundle::id_of;
use crate::column::Column;
use crate::component::Component;
use crate::error::WorldError;
use crate::registry::{ComponentId, Registry};
use crate::stamp::{Stamp, Stamps};
use alloc::vec::Vec;
use core::marker::PhantomData;

/// Which rows a query wants. The methods are the engine's own.
pub trait QueryFilter: 'static {
    #[doc(hidden)]
    type Ids: Clone + Send + Sync + 'static;
    /// Whether rows of one archetype may differ.
    #[doc(hidden)]
    const BY_ROW: bool;

    #[doc(hidden)]
    fn resolve(registry: &Registry, access: &mut Access) -> Result<Self::Ids, WorldError>;
    #[doc(hidden)]
    fn matches(ids: &Self::Ids, archetype: &Matched<'_>) -> bool;
    /// `false` only where no row of the block is wanted.
    #[doc(hidden)]
    fn may_keep(ids: &Self::Ids, archetype: &Matched<'_>, block: usize, since: Stamp) -> bool;
    /// Takes the rows out of the mask that are not wanted.
    #[doc(hidden)]
    fn keep(
        ids: &Self::Ids,
        archetype: &Matched<'_>,
        block: usize,
        since: Stamp,
        mask: &mut RowMask,
    );
}

/// Entities that have the component, which the query neither reads nor writes by this.
pub struct With<T>(PhantomData<fn() -> T>);

/// Entities that do not have the component.
pub struct Without<T>(PhantomData<fn() -> T>);

/// Entities whose component was added or written to.
pub struct Changed<T>(PhantomData<fn() -> T>);

/// Entities that got the component.
pub struct Added<T>(PhantomData<fn() -> T>);

/// Entities that one of several filters wants: `AnyOf<(With<A>, Changed<B>)>`.
pub struct AnyOf<F>(PhantomData<fn() -> F>);

/// The rows of a block that are wanted, one bit each.
#[doc(hidden)]
#[derive(Clone)]
pub struct RowMask {
    words: Vec<u64>,
}

impl RowMask {
    /// All of so many rows.
    pub(crate) fn all(rows: usize) -> RowMask {
        let mut words = alloc::vec![u64::MAX; rows.div_ceil(64)];
        if let Some(last) = words.last_mut().filter(|_| !rows.is_multiple_of(64)) {
            *last = (1 << (rows % 64)) - 1;
        }
        RowMask { words }
    }

    fn none_of(other: &RowMask) -> RowMask {
        RowMask {
            words: alloc::vec![0; other.words.len()],
        }
    }

    fn add(&mut self, other: &RowMask) {
        for (word, more) in self.words.iter_mut().zip(&other.words) {
            *word |= more;
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.words
            .iter()
            .map(|word| word.count_ones() as usize)
            .sum()
    }

    /// Calls `visit` for every row in the mask, rising.
    pub(crate) fn for_each(&self, mut visit: impl FnMut(usize)) {
        for (index, word) in self.words.iter().enumerate() {
            let mut word = *word;
            while word != 0 {
                visit(index * 64 + word.trailing_zeros() as usize);
                word &= word - 1;
            }
        }
    }

    /// Keeps only rows with a stamp after `since`.
    fn keep_after(&mut self, stamps: &Stamps, since: Stamp) {
        let Some(rows) = stamps.rows() else {
            if stamps.get(0) <= since {
                self.words.fill(0);
            }
            return;
        };
        for (word, rows) in self.words.iter_mut().zip(rows.chunks(64)) {
            if *word == 0 {
                continue;
            }
            let mut later = 0;
            for (index, few) in rows.chunks(FEW_ROWS).enumerate() {
                if may_be_after(few, since) {
                    later |= bits_after(few, since) << (index * FEW_ROWS);
                }
            }
            *word &= later;
        }
    }
}

/// Rows that are looked at together.
const FEW_ROWS: usize = 16;

/// `false` only where no stamp is after `since`. Differences are looked at by their highest bit, which the compiler does
/// for several rows at a time; stamps so far apart that it lies cost a second look.
fn may_be_after(rows: &[Stamp], since: Stamp) -> bool {
    let look = |all, stamp: &Stamp| all | since.0.wrapping_sub(stamp.0) | stamp.0;
    rows.iter().fold(since.0, look) >> 63 == 1
}

fn bits_after(rows: &[Stamp], since: Stamp) -> u64 {
    let mut bits = 0;
    for (index, stamp) in rows.iter().enumerate() {
        bits |= u64::from(*stamp > since) << index;
    }
    bits
}

impl<T: Component> QueryFilter for With<T> {
    type Ids = ComponentId;
    const BY_ROW: bool = false;

    fn resolve(registry: &Registry, _: &mut Access) -> Result<ComponentId, WorldError> {
        id_of::<T>(registry)
    }

    fn matches(id: &ComponentId, archetype: &Matched<'_>) -> bool {
        archetype.0.has(*id)
    }

    fn may_keep(_: &ComponentId, _: &Matched<'_>, _: usize, _: Stamp) -> bool {
        true
    }

    fn keep(_: &ComponentId, _: &Matched<'_>, _: usize, _: Stamp, _: &mut RowMask) {}
}

impl<T: Component> QueryFilter for Without<T> {
    type Ids = ComponentId;
    const BY_ROW: bool = false;

    fn resolve(registry: &Registry, _: &mut Access) -> Result<ComponentId, WorldError> {
        id_of::<T>(registry)
    }

    fn matches(id: &ComponentId, archetype: &Matched<'_>) -> bool {
        !archetype.0.has(*id)
    }

    fn may_keep(_: &ComponentId, _: &Matched<'_>, _: usize, _: Stamp) -> bool {
        true
    }

    fn keep(_: &ComponentId, _: &Matched<'_>, _: usize, _: Stamp, _: &mut RowMask) {}
}

/// The column of a component that the archetype was matched by.
fn column<T: Component>(id: ComponentId, archetype: &Archetype) -> &Column<Vec<T>> {
    archetype
        .typed(id)
        .expect("the archetype was matched by this component")
}

/// Stamps are read, so the component counts as read; where the query writes it that is declared already.
fn resolve_stamps<T: Component>(
    registry: &Registry,
    access: &mut Access,
) -> Result<ComponentId, WorldError> {
    let id = id_of::<T>(registry)?;
    if !access.may_read(Target::Component(id)) {
        access.read(registry, Target::Component(id))?;
    }
    Ok(id)
}

impl<T: Component> QueryFilter for Changed<T> {
    type Ids = ComponentId;
    const BY_ROW: bool = true;

    fn resolve(registry: &Registry, access: &mut Access) -> Result<ComponentId, WorldError> {
        resolve_stamps::<T>(registry, access)
    }

    fn matches(id: &ComponentId, archetype: &Matched<'_>) -> bool {
        archetype.0.has(*id)
    }

    fn may_keep(id: &ComponentId, archetype: &Matched<'_>, block: usize, since: Stamp) -> bool {
        column::<T>(*id, archetype.0).block(block).changed.latest() > since
    }

    fn keep(
        id: &ComponentId,
        archetype: &Matched<'_>,
        block: usize,
        since: Stamp,
        mask: &mut RowMask,
    ) {
        mask.keep_after(&column::<T>(*id, archetype.0).block(block).changed, since);
    }
}

impl<T: Component> QueryFilter for Added<T> {
    type Ids = ComponentId;
    const BY_ROW: bool = true;

    fn resolve(registry: &Registry, access: &mut Access) -> Result<ComponentId, WorldError> {
        resolve_stamps::<T>(registry, access)
    }

    fn matches(id: &ComponentId, archetype: &Matched<'_>) -> bool {
        archetype.0.has(*id)
    }

    fn may_keep(id: &ComponentId, archetype: &Matched<'_>, block: usize, since: Stamp) -> bool {
        column::<T>(*id, archetype.0).block(block).added.latest() > since
    }

    fn keep(
        id: &ComponentId,
        archetype: &Matched<'_>,
        block: usize,
        since: Stamp,
        mask: &mut RowMask,
    ) {
        mask.keep_after(&column::<T>(*id, archetype.0).block(block).added, since);
    }
}

macro_rules! tuple_filter {
    ($($name:ident $index:tt),*) => {
        impl<$($name: QueryFilter),*> QueryFilter for ($($name,)*) {
            type Ids = ($($name::Ids,)*);
            const BY_ROW: bool = false $(|| $name::BY_ROW)*;

            #[allow(unused_variables, clippy::unused_unit, reason = "the empty tuple wants every row")]
            fn resolve(registry: &Registry, access: &mut Access) -> Result<Self::Ids, WorldError> {
                Ok(($($name::resolve(registry, access)?,)*))
            }

            #[allow(unused_variables, reason = "the empty tuple wants every row")]
            fn matches(ids: &Self::Ids, archetype: &Matched<'_>) -> bool {
                true $(&& $name::matches(&ids.$index, archetype))*
            }

            #[allow(unused_variables, reason = "the empty tuple wants every row")]
            fn may_keep(ids: &Self::Ids, archetype: &Matched<'_>, block: usize, since: Stamp) -> bool {
                true $(&& $name::may_keep(&ids.$index, archetype, block, since))*
            }

            #[allow(unused_variables, reason = "the empty tuple wants every row")]
            fn keep(
                ids: &Self::Ids,
                archetype: &Matched<'_>,
                block: usize,
                since: Stamp,
                mask: &mut RowMask,
            ) {
                $($name::keep(&ids.$index, archetype, block, since, mask);)*
            }
        }
    };
}

tuple_filter!();
tuple_filter!(A 0);
tuple_filter!(A 0, B 1);
tuple_filter!(A 0, B 1, C 2);
tuple_filter!(A 0, B 1, C 2, D 3);

macro_rules! any_filter {
    ($($name:ident $index:tt),+) => {
        impl<$($name: QueryFilter),+> QueryFilter for AnyOf<($($name,)+)> {
            type Ids = ($($name::Ids,)+);
            const BY_ROW: bool = false $(|| $name::BY_ROW)+;

            fn resolve(registry: &Registry, access: &mut Access) -> Result<Self::Ids, WorldError> {
                Ok(($($name::resolve(registry, access)?,)+))
            }

            fn matches(ids: &Self::Ids, archetype: &Matched<'_>) -> bool {
                false $(|| $name::matches(&ids.$index, archetype))+
            }

            fn may_keep(ids: &Self::Ids, archetype: &Matched<'_>, block: usize, since: Stamp) -> bool {
                false $(|| $name::matches(&ids.$index, archetype)
                    && $name::may_keep(&ids.$index, archetype, block, since))+
            }

            fn keep(
                ids: &Self::Ids,
                archetype: &Matched<'_>,
                block: usize,
                since: Stamp,
                mask: &mut RowMask,
            ) {
                let mut any = RowMask::none_of(mask);
                $(if $name::matches(&ids.$index, archetype) {
                    let mut own = mask.clone();
                    $name::keep(&ids.$index, archetype, block, since, &mut own);
                    any.add(&own);
                })+
                *mask = any;
            }
        }
    };
}

any_filter!(A 0);
any_filter!(A 0, B 1);
any_filter!(A 0, B 1, C 2);
any_filter!(A 0, B 1, C 2, D 3);
