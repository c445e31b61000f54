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
use crate::stamp::{Stamp, Stamps};
use crate::state::State;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// What a query gives out of each row. The methods are the engine's own.
pub trait QueryData {
    /// One row.
    type Item<'r>;
    #[doc(hidden)]
    type Ids: Clone + Send + Sync + 'static;
    #[doc(hidden)]
    type Fetched: Send + Sync + 'static;
    #[doc(hidden)]
    type View<'b>;
    #[doc(hidden)]
    const WRITES: bool;

    #[doc(hidden)]
    fn resolve(registry: &Registry, access: &mut Access) -> Result<Self::Ids, WorldError>;
    #[doc(hidden)]
    fn matches(ids: &Self::Ids, archetype: &Matched<'_>) -> bool;
    #[doc(hidden)]
    fn take(ids: &Self::Ids, state: &mut Source<'_>) -> Self::Fetched;
    #[doc(hidden)]
    fn give(ids: &Self::Ids, fetched: Self::Fetched, state: &mut Source<'_>);
    /// The rows of a block, of which there are `rows`.
    #[doc(hidden)]
    fn view<'b>(fetched: &'b mut Self::Fetched, block: usize, rows: usize) -> Self::View<'b>;
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
pub trait ReadData: QueryData {
    #[doc(hidden)]
    fn lend(ids: &Self::Ids, archetype: &Matched<'_>) -> Self::Fetched;
}

/// An archetype that a query looks at.
#[doc(hidden)]
pub struct Matched<'a>(pub(crate) &'a Archetype);

/// An archetype of a world, to take columns from and to give them back to.
#[doc(hidden)]
pub struct Source<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) archetype: u32,
}

impl Source<'_> {
    fn archetype(&self) -> &Archetype {
        self.state.archetype(self.archetype)
    }

    fn archetype_mut(&mut self) -> &mut Archetype {
        self.state.archetype_mut(self.archetype)
    }
}

fn lend<T: Component>(id: ComponentId, archetype: &Archetype) -> Option<Lent<T>> {
    archetype.index_of(id).map(|index| Lent {
        column: archetype.lend(index),
        first: 0,
    })
}

/// Why the column is there.
const MATCHED: &str = "the archetype was matched by this component";

/// A column that is only read, from a block on.
#[doc(hidden)]
pub struct Lent<T: Component> {
    column: Arc<Column<Vec<T>>>,
    first: usize,
}

impl<T: Component> Lent<T> {
    #[inline]
    fn rows(&self, block: usize, rows: usize) -> &[T] {
        &self.column.block(self.first + block).rows[..rows]
    }

    fn from(&self, block: usize) -> Lent<T> {
        Lent {
            column: Arc::clone(&self.column),
            first: self.first + block,
        }
    }
}

impl<T: Component> QueryData for &T {
    type Item<'r> = &'r T;
    type Ids = ComponentId;
    type Fetched = Lent<T>;
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

    fn take(id: &ComponentId, source: &mut Source<'_>) -> Self::Fetched {
        lend(*id, source.archetype()).expect(MATCHED)
    }

    fn give(_: &ComponentId, _: Self::Fetched, _: &mut Source<'_>) {}

    #[inline]
    fn view(fetched: &mut Self::Fetched, block: usize, rows: usize) -> &[T] {
        fetched.rows(block, rows)
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

impl<T: Component> ReadData for &T {
    fn lend(id: &ComponentId, archetype: &Matched<'_>) -> Self::Fetched {
        lend(*id, archetype.0).expect(MATCHED)
    }
}

/// The rows of a block that are given out for writing, with their stamps.
#[doc(hidden)]
pub struct WriteView<'b, T> {
    rows: &'b mut [T],
    changed: &'b mut Stamps,
}

impl<T: Component> QueryData for &mut T {
    type Item<'r> = &'r mut T;
    type Ids = ComponentId;
    type Fetched = Arc<Column<Vec<T>>>;
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

    fn take(id: &ComponentId, source: &mut Source<'_>) -> Self::Fetched {
        let archetype = source.archetype_mut();
        let index = archetype.index_of(*id).expect(MATCHED);
        archetype.take(index)
    }

    fn give(id: &ComponentId, fetched: Self::Fetched, source: &mut Source<'_>) {
        let archetype = source.archetype_mut();
        let index = archetype.index_of(*id).expect(MATCHED);
        archetype.give(index, fetched);
    }

    #[inline]
    fn view<'b>(fetched: &'b mut Self::Fetched, block: usize, rows: usize) -> WriteView<'b, T> {
        let block = Arc::make_mut(fetched).block_mut(block);
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
        Arc::new(Arc::make_mut(fetched).split(block))
    }

    fn join(fetched: &mut Self::Fetched, part: Self::Fetched, block: usize) {
        Arc::make_mut(fetched).join(block, Arc::unwrap_or_clone(part));
    }
}

impl<T: Component> QueryData for Option<&T> {
    type Item<'r> = Option<&'r T>;
    type Ids = ComponentId;
    type Fetched = Option<Lent<T>>;
    type View<'b> = Option<&'b [T]>;
    const WRITES: bool = false;

    fn resolve(registry: &Registry, access: &mut Access) -> Result<ComponentId, WorldError> {
        <&T>::resolve(registry, access)
    }

    fn matches(_: &ComponentId, _: &Matched<'_>) -> bool {
        true
    }

    fn take(id: &ComponentId, source: &mut Source<'_>) -> Self::Fetched {
        lend(*id, source.archetype())
    }

    fn give(_: &ComponentId, _: Self::Fetched, _: &mut Source<'_>) {}

    fn view(fetched: &mut Self::Fetched, block: usize, rows: usize) -> Option<&[T]> {
        fetched.as_ref().map(|column| column.rows(block, rows))
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

impl<T: Component> ReadData for Option<&T> {
    fn lend(id: &ComponentId, archetype: &Matched<'_>) -> Self::Fetched {
        lend(*id, archetype.0)
    }
}

impl<T: Component> QueryData for Option<&mut T> {
    type Item<'r> = Option<&'r mut T>;
    type Ids = ComponentId;
    type Fetched = Option<Arc<Column<Vec<T>>>>;
    type View<'b> = Option<WriteView<'b, T>>;
    const WRITES: bool = true;

    fn resolve(registry: &Registry, access: &mut Access) -> Result<ComponentId, WorldError> {
        <&mut T>::resolve(registry, access)
    }

    fn matches(_: &ComponentId, _: &Matched<'_>) -> bool {
        true
    }

    fn take(id: &ComponentId, source: &mut Source<'_>) -> Self::Fetched {
        let index = source.archetype().index_of(*id)?;
        Some(source.archetype_mut().take(index))
    }

    fn give(id: &ComponentId, fetched: Self::Fetched, source: &mut Source<'_>) {
        if let Some(fetched) = fetched {
            <&mut T>::give(id, fetched, source);
        }
    }

    fn view<'b>(fetched: &'b mut Self::Fetched, block: usize, rows: usize) -> Self::View<'b> {
        fetched
            .as_mut()
            .map(|fetched| <&mut T>::view(fetched, block, rows))
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
    type Fetched = EntityFetch;
    type View<'b> = &'b [Entity];
    const WRITES: bool = false;

    fn resolve(_: &Registry, _: &mut Access) -> Result<(), WorldError> {
        Ok(())
    }

    fn matches((): &(), _: &Matched<'_>) -> bool {
        true
    }

    fn take((): &(), source: &mut Source<'_>) -> EntityFetch {
        EntityFetch {
            column: Arc::clone(source.archetype().entities()),
            first: 0,
        }
    }

    fn give((): &(), _: EntityFetch, _: &mut Source<'_>) {}

    fn view(fetched: &mut EntityFetch, block: usize, rows: usize) -> &[Entity] {
        &fetched.column.block(fetched.first + block).rows[..rows]
    }

    fn mark_all(_: &mut Self::View<'_>, _: Stamp) {}

    fn mark(_: &mut Self::View<'_>, _: usize, _: Stamp) {}

    #[inline]
    fn item(view: &mut Self::View<'_>, row: usize) -> Entity {
        view[row]
    }

    fn split(fetched: &mut EntityFetch, block: usize) -> EntityFetch {
        EntityFetch {
            column: Arc::clone(&fetched.column),
            first: fetched.first + block,
        }
    }

    fn join(_: &mut EntityFetch, _: EntityFetch, _: usize) {}
}

/// The handles of an archetype.
#[doc(hidden)]
pub struct EntityFetch {
    column: Arc<EntityColumn>,
    first: usize,
}

impl ReadData for Entity {
    fn lend((): &(), archetype: &Matched<'_>) -> EntityFetch {
        EntityFetch {
            column: Arc::clone(archetype.0.entities()),
            first: 0,
        }
    }
}

macro_rules! tuple_data {
    ($($name:ident $index:tt),+) => {
        impl<$($name: QueryData),+> QueryData for ($($name,)+) {
            type Item<'r> = ($($name::Item<'r>,)+);
            type Ids = ($($name::Ids,)+);
            type Fetched = ($($name::Fetched,)+);
            type View<'b> = ($($name::View<'b>,)+);
            const WRITES: bool = false $(|| $name::WRITES)+;

            fn resolve(registry: &Registry, access: &mut Access) -> Result<Self::Ids, WorldError> {
                Ok(($($name::resolve(registry, access)?,)+))
            }

            fn matches(ids: &Self::Ids, archetype: &Matched<'_>) -> bool {
                true $(&& $name::matches(&ids.$index, archetype))+
            }

            fn take(ids: &Self::Ids, source: &mut Source<'_>) -> Self::Fetched {
                ($($name::take(&ids.$index, source),)+)
            }

            fn give(ids: &Self::Ids, fetched: Self::Fetched, source: &mut Source<'_>) {
                $($name::give(&ids.$index, fetched.$index, source);)+
            }

            #[inline]
            fn view<'b>(fetched: &'b mut Self::Fetched, block: usize, rows: usize) -> Self::View<'b> {
                ($($name::view(&mut fetched.$index, block, rows),)+)
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

        impl<$($name: ReadData),+> ReadData for ($($name,)+) {
            fn lend(ids: &Self::Ids, archetype: &Matched<'_>) -> Self::Fetched {
                ($($name::lend(&ids.$index, archetype),)+)
            }
        }
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
