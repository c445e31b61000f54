//! What a query gives out of each row: `&T`, `&mut T`, `Option` of either, the handle, tuples.
//!
//! Columns that are written are moved out of the world while the query has them, columns that are only read get a second
//! owner. Tests: `tests/it/query.rs`.

use crate::access::{Access, Target};
use crate::archetype::{Archetype, EntityColumn};
use crate::bundle::id_of;
use crate::column::Column;
use crate::component::Component;
use crate::entity::Entity;
use crate::error::WorldError;
use crate::registry::{ComponentId, Registry};
use crate::shared::Shared;
use crate::stamp::{Stamp, Stamps};
use crate::state::State;
use alloc::vec::Vec;

/// What a query gives out of each row. The methods are the engine's own.
pub trait QueryData {
    /// One row.
    type Item<'r>;
    #[doc(hidden)]
    type Ids: Clone + Send + Sync + 'static;
    /// The places of the columns in an archetype.
    #[doc(hidden)]
    type Places: Copy + Send + Sync + 'static;
    #[doc(hidden)]
    type Fetched: Send + Sync + 'static;
    /// Columns whose ownership was looked into.
    #[doc(hidden)]
    type Open<'o>;
    #[doc(hidden)]
    type View<'b>;
    #[doc(hidden)]
    const WRITES: bool;

    #[doc(hidden)]
    fn resolve(registry: &Registry, access: &mut Access) -> Result<Self::Ids, WorldError>;
    #[doc(hidden)]
    fn matches(ids: &Self::Ids, archetype: &Matched<'_>) -> bool;
    #[doc(hidden)]
    fn places(ids: &Self::Ids, archetype: &Matched<'_>) -> Self::Places;
    #[doc(hidden)]
    fn take(places: Self::Places, source: &mut Source<'_>) -> Self::Fetched;
    #[doc(hidden)]
    fn give(places: Self::Places, fetched: Self::Fetched, source: &mut Source<'_>);
    #[doc(hidden)]
    fn open(fetched: &mut Self::Fetched) -> Self::Open<'_>;
    /// The rows of a block, of which there are `rows`.
    #[doc(hidden)]
    fn view<'b>(open: &'b mut Self::Open<'_>, block: usize, rows: usize) -> Self::View<'b>;
    /// Marks every row of a view as changed, if it is given out for writing.
    #[doc(hidden)]
    fn mark_all(view: &mut Self::View<'_>, stamp: Stamp);
    /// Marks one row as changed, if it is given out for writing.
    #[doc(hidden)]
    fn mark(view: &mut Self::View<'_>, row: usize, stamp: Stamp);
    #[doc(hidden)]
    fn item<'r>(view: &'r mut Self::View<'_>, row: usize) -> Self::Item<'r>;
    /// One block for a job of its own; in the part it has number 0.
    #[doc(hidden)]
    fn split(fetched: &mut Self::Fetched, block: usize) -> Self::Fetched;
    /// Puts back what [`QueryData::split`] took.
    #[doc(hidden)]
    fn join(fetched: &mut Self::Fetched, part: Self::Fetched, block: usize);
}

/// What a query gives out that only reads.
pub trait ReadData: QueryData {}

/// An archetype that a query looks at.
#[doc(hidden)]
pub struct Matched<'a>(pub(crate) &'a Archetype);

/// An archetype of a world, to take columns from and to give them back to.
#[doc(hidden)]
pub enum Source<'a> {
    /// For queries that only read.
    Shared(#[doc(hidden)] Matched<'a>),
    /// For queries that write.
    Own(#[doc(hidden)] OwnArchetype<'a>),
}

/// An archetype that nobody else has.
#[doc(hidden)]
pub struct OwnArchetype<'a>(&'a mut Archetype);

impl<'a> Source<'a> {
    /// The archetype with this index: for writing only where the query writes.
    #[inline]
    pub(crate) fn of<D: QueryData>(state: &'a mut State, index: u32) -> Source<'a> {
        if D::WRITES {
            Source::Own(OwnArchetype(state.archetype_mut(index)))
        } else {
            Source::Shared(Matched(state.archetype(index)))
        }
    }

    #[inline]
    fn archetype(&self) -> &Archetype {
        match self {
            Source::Shared(archetype) => archetype.0,
            Source::Own(archetype) => archetype.0,
        }
    }

    #[inline]
    fn archetype_mut(&mut self) -> &mut Archetype {
        match self {
            Source::Shared(_) => unreachable!("a query that writes says so"),
            Source::Own(archetype) => archetype.0,
        }
    }
}

/// Why the column is there.
const MATCHED: &str = "the archetype was matched by this component";

/// The place of a component that an archetype was matched by.
fn place(id: ComponentId, archetype: &Matched<'_>) -> usize {
    archetype.0.index_of(id).expect(MATCHED)
}

/// A column that is only read, from a block on.
#[doc(hidden)]
pub struct Lent<T: Component> {
    column: Shared<Column<Vec<T>>>,
    first: usize,
}

impl<T: Component> Lent<T> {
    #[inline]
    fn rows(&self, block: usize, rows: usize) -> &[T] {
        &self.column.block(self.first + block).rows[..rows]
    }

    fn from(&self, block: usize) -> Lent<T> {
        Lent {
            column: Shared::clone(&self.column),
            first: self.first + block,
        }
    }
}

impl<T: Component> QueryData for &T {
    type Item<'r> = &'r T;
    type Ids = ComponentId;
    type Places = usize;
    type Fetched = Lent<T>;
    type Open<'o> = &'o Lent<T>;
    type View<'b> = &'b [T];
    const WRITES: bool = false;

    fn resolve(registry: &Registry, access: &mut Access) -> Result<ComponentId, WorldError> {
        let id = id_of::<T>(registry)?;
        access.read(registry, Target::Component(id))?;
        Ok(id)
    }

    fn matches(id: &ComponentId, archetype: &Matched<'_>) -> bool {
        archetype.0.has(*id)
    }

    fn places(id: &ComponentId, archetype: &Matched<'_>) -> usize {
        place(*id, archetype)
    }

    #[inline]
    fn take(place: usize, source: &mut Source<'_>) -> Self::Fetched {
        Lent {
            column: source.archetype().lend(place),
            first: 0,
        }
    }

    fn give(_: usize, _: Self::Fetched, _: &mut Source<'_>) {}

    fn open(fetched: &mut Self::Fetched) -> &Lent<T> {
        fetched
    }

    #[inline]
    fn view<'b>(open: &'b mut Self::Open<'_>, block: usize, rows: usize) -> &'b [T] {
        open.rows(block, rows)
    }

    #[inline]
    fn mark_all(_: &mut Self::View<'_>, _: Stamp) {}

    #[inline]
    fn mark(_: &mut Self::View<'_>, _: usize, _: Stamp) {}

    #[inline]
    fn item<'r>(view: &'r mut Self::View<'_>, row: usize) -> &'r T {
        &view[row]
    }

    fn split(fetched: &mut Self::Fetched, block: usize) -> Self::Fetched {
        fetched.from(block)
    }

    fn join(_: &mut Self::Fetched, _: Self::Fetched, _: usize) {}
}

impl<T: Component> ReadData for &T {}

/// The rows of a block that are given out for writing, with their stamps.
#[doc(hidden)]
pub struct WriteView<'b, T> {
    rows: &'b mut [T],
    changed: &'b mut Stamps,
}

impl<T: Component> QueryData for &mut T {
    type Item<'r> = &'r mut T;
    type Ids = ComponentId;
    type Places = usize;
    type Fetched = Shared<Column<Vec<T>>>;
    type Open<'o> = &'o mut Column<Vec<T>>;
    type View<'b> = WriteView<'b, T>;
    const WRITES: bool = true;

    fn resolve(registry: &Registry, access: &mut Access) -> Result<ComponentId, WorldError> {
        let id = id_of::<T>(registry)?;
        access.write(registry, Target::Component(id))?;
        Ok(id)
    }

    fn matches(id: &ComponentId, archetype: &Matched<'_>) -> bool {
        archetype.0.has(*id)
    }

    fn places(id: &ComponentId, archetype: &Matched<'_>) -> usize {
        place(*id, archetype)
    }

    #[inline]
    fn take(place: usize, source: &mut Source<'_>) -> Self::Fetched {
        source.archetype_mut().take(place)
    }

    #[inline]
    fn give(place: usize, fetched: Self::Fetched, source: &mut Source<'_>) {
        source.archetype_mut().give(place, fetched);
    }

    #[inline]
    fn open(fetched: &mut Self::Fetched) -> &mut Column<Vec<T>> {
        Shared::make_mut(fetched)
    }

    #[inline]
    fn view<'b>(open: &'b mut Self::Open<'_>, block: usize, rows: usize) -> WriteView<'b, T> {
        let block = open.block_mut(block);
        WriteView {
            rows: &mut block.rows[..rows],
            changed: &mut block.changed,
        }
    }

    #[inline]
    fn mark_all(view: &mut Self::View<'_>, stamp: Stamp) {
        view.changed.set_all(stamp);
    }

    #[inline]
    fn mark(view: &mut Self::View<'_>, row: usize, stamp: Stamp) {
        view.changed.set(row, view.rows.len(), stamp);
    }

    #[inline]
    fn item<'r>(view: &'r mut Self::View<'_>, row: usize) -> &'r mut T {
        &mut view.rows[row]
    }

    fn split(fetched: &mut Self::Fetched, block: usize) -> Self::Fetched {
        Shared::new(Shared::make_mut(fetched).split(block))
    }

    fn join(fetched: &mut Self::Fetched, part: Self::Fetched, block: usize) {
        Shared::make_mut(fetched).join(block, Shared::unwrap_or_clone(part));
    }
}

impl<T: Component> QueryData for Option<&T> {
    type Item<'r> = Option<&'r T>;
    type Ids = ComponentId;
    type Places = Option<usize>;
    type Fetched = Option<Lent<T>>;
    type Open<'o> = Option<&'o Lent<T>>;
    type View<'b> = Option<&'b [T]>;
    const WRITES: bool = false;

    fn resolve(registry: &Registry, access: &mut Access) -> Result<ComponentId, WorldError> {
        <&T>::resolve(registry, access)
    }

    fn matches(_: &ComponentId, _: &Matched<'_>) -> bool {
        true
    }

    fn places(id: &ComponentId, archetype: &Matched<'_>) -> Option<usize> {
        archetype.0.index_of(*id)
    }

    fn take(place: Option<usize>, source: &mut Source<'_>) -> Self::Fetched {
        place.map(|place| <&T>::take(place, source))
    }

    fn give(_: Option<usize>, _: Self::Fetched, _: &mut Source<'_>) {}

    fn open(fetched: &mut Self::Fetched) -> Option<&Lent<T>> {
        fetched.as_ref()
    }

    fn view<'b>(open: &'b mut Self::Open<'_>, block: usize, rows: usize) -> Option<&'b [T]> {
        open.map(|column| column.rows(block, rows))
    }

    fn mark_all(_: &mut Self::View<'_>, _: Stamp) {}

    fn mark(_: &mut Self::View<'_>, _: usize, _: Stamp) {}

    #[inline]
    fn item<'r>(view: &'r mut Self::View<'_>, row: usize) -> Option<&'r T> {
        view.map(|rows| &rows[row])
    }

    fn split(fetched: &mut Self::Fetched, block: usize) -> Self::Fetched {
        fetched.as_ref().map(|column| column.from(block))
    }

    fn join(_: &mut Self::Fetched, _: Self::Fetched, _: usize) {}
}

impl<T: Component> ReadData for Option<&T> {}

impl<T: Component> QueryData for Option<&mut T> {
    type Item<'r> = Option<&'r mut T>;
    type Ids = ComponentId;
    type Places = Option<usize>;
    type Fetched = Option<Shared<Column<Vec<T>>>>;
    type Open<'o> = Option<&'o mut Column<Vec<T>>>;
    type View<'b> = Option<WriteView<'b, T>>;
    const WRITES: bool = true;

    fn resolve(registry: &Registry, access: &mut Access) -> Result<ComponentId, WorldError> {
        <&mut T>::resolve(registry, access)
    }

    fn matches(_: &ComponentId, _: &Matched<'_>) -> bool {
        true
    }

    fn places(id: &ComponentId, archetype: &Matched<'_>) -> Option<usize> {
        archetype.0.index_of(*id)
    }

    fn take(place: Option<usize>, source: &mut Source<'_>) -> Self::Fetched {
        place.map(|place| <&mut T>::take(place, source))
    }

    fn give(place: Option<usize>, fetched: Self::Fetched, source: &mut Source<'_>) {
        if let (Some(place), Some(fetched)) = (place, fetched) {
            <&mut T>::give(place, fetched, source);
        }
    }

    fn open(fetched: &mut Self::Fetched) -> Self::Open<'_> {
        fetched.as_mut().map(Shared::make_mut)
    }

    fn view<'b>(open: &'b mut Self::Open<'_>, block: usize, rows: usize) -> Self::View<'b> {
        open.as_mut().map(|open| <&mut T>::view(open, block, rows))
    }

    fn mark_all(view: &mut Self::View<'_>, stamp: Stamp) {
        if let Some(view) = view {
            <&mut T>::mark_all(view, stamp);
        }
    }

    fn mark(view: &mut Self::View<'_>, row: usize, stamp: Stamp) {
        if let Some(view) = view {
            <&mut T>::mark(view, row, stamp);
        }
    }

    #[inline]
    fn item<'r>(view: &'r mut Self::View<'_>, row: usize) -> Option<&'r mut T> {
        view.as_mut().map(|view| &mut view.rows[row])
    }

    fn split(fetched: &mut Self::Fetched, block: usize) -> Self::Fetched {
        fetched
            .as_mut()
            .map(|fetched| <&mut T>::split(fetched, block))
    }

    fn join(fetched: &mut Self::Fetched, part: Self::Fetched, block: usize) {
        if let (Some(fetched), Some(part)) = (fetched, part) {
            <&mut T>::join(fetched, part, block);
        }
    }
}

impl QueryData for Entity {
    type Item<'r> = Entity;
    type Ids = ();
    type Places = ();
    type Fetched = EntityFetch;
    type Open<'o> = &'o EntityFetch;
    type View<'b> = &'b [Entity];
    const WRITES: bool = false;

    fn resolve(_: &Registry, _: &mut Access) -> Result<(), WorldError> {
        Ok(())
    }

    fn matches((): &(), _: &Matched<'_>) -> bool {
        true
    }

    fn places((): &(), _: &Matched<'_>) {}

    fn take((): (), source: &mut Source<'_>) -> EntityFetch {
        EntityFetch {
            column: Shared::clone(source.archetype().entities()),
            first: 0,
        }
    }

    fn give((): (), _: EntityFetch, _: &mut Source<'_>) {}

    fn open(fetched: &mut EntityFetch) -> &EntityFetch {
        fetched
    }

    #[inline]
    fn view<'b>(open: &'b mut Self::Open<'_>, block: usize, rows: usize) -> &'b [Entity] {
        &open.column.block(open.first + block).rows[..rows]
    }

    fn mark_all(_: &mut Self::View<'_>, _: Stamp) {}

    fn mark(_: &mut Self::View<'_>, _: usize, _: Stamp) {}

    #[inline]
    fn item(view: &mut Self::View<'_>, row: usize) -> Entity {
        view[row]
    }

    fn split(fetched: &mut EntityFetch, block: usize) -> EntityFetch {
        EntityFetch {
            column: Shared::clone(&fetched.column),
            first: fetched.first + block,
        }
    }

    fn join(_: &mut EntityFetch, _: EntityFetch, _: usize) {}
}

/// The handles of an archetype.
#[doc(hidden)]
pub struct EntityFetch {
    column: Shared<EntityColumn>,
    first: usize,
}

impl ReadData for Entity {}

macro_rules! tuple_data {
    ($($name:ident $index:tt),+) => {
        impl<$($name: QueryData),+> QueryData for ($($name,)+) {
            type Item<'r> = ($($name::Item<'r>,)+);
            type Ids = ($($name::Ids,)+);
            type Places = ($($name::Places,)+);
            type Fetched = ($($name::Fetched,)+);
            type Open<'o> = ($($name::Open<'o>,)+);
            type View<'b> = ($($name::View<'b>,)+);
            const WRITES: bool = false $(|| $name::WRITES)+;

            fn resolve(registry: &Registry, access: &mut Access) -> Result<Self::Ids, WorldError> {
                Ok(($($name::resolve(registry, access)?,)+))
            }

            fn matches(ids: &Self::Ids, archetype: &Matched<'_>) -> bool {
                true $(&& $name::matches(&ids.$index, archetype))+
            }

            fn places(ids: &Self::Ids, archetype: &Matched<'_>) -> Self::Places {
                ($($name::places(&ids.$index, archetype),)+)
            }

            #[inline]
            fn take(places: Self::Places, source: &mut Source<'_>) -> Self::Fetched {
                ($($name::take(places.$index, source),)+)
            }

            #[inline]
            fn give(places: Self::Places, fetched: Self::Fetched, source: &mut Source<'_>) {
                $($name::give(places.$index, fetched.$index, source);)+
            }

            #[inline]
            fn open(fetched: &mut Self::Fetched) -> Self::Open<'_> {
                ($($name::open(&mut fetched.$index),)+)
            }

            #[inline]
            fn view<'b>(open: &'b mut Self::Open<'_>, block: usize, rows: usize) -> Self::View<'b> {
                ($($name::view(&mut open.$index, block, rows),)+)
            }

            #[inline]
            fn mark_all(view: &mut Self::View<'_>, stamp: Stamp) {
                $($name::mark_all(&mut view.$index, stamp);)+
            }

            #[inline]
            fn mark(view: &mut Self::View<'_>, row: usize, stamp: Stamp) {
                $($name::mark(&mut view.$index, row, stamp);)+
            }

            #[inline]
            fn item<'r>(view: &'r mut Self::View<'_>, row: usize) -> Self::Item<'r> {
                ($($name::item(&mut view.$index, row),)+)
            }

            fn split(fetched: &mut Self::Fetched, block: usize) -> Self::Fetched {
                ($($name::split(&mut fetched.$index, block),)+)
            }

            fn join(fetched: &mut Self::Fetched, part: Self::Fetched, block: usize) {
                $($name::join(&mut fetched.$index, part.$index, block);)+
            }
        }

        impl<$($name: ReadData),+> ReadData for ($($name,)+) {}
    };
}

tuple_data!(A 0);
tuple_data!(A 0, B 1);
tuple_data!(A 0, B 1, C 2);
tuple_data!(A 0, B 1, C 2, D 3);
tuple_data!(A 0, B 1, C 2, D 3, E 4);
tuple_data!(A 0, B 1, C 2, D 3, E 4, F 5);
tuple_data!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple_data!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
