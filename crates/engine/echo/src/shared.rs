//! Values that forks share until one of them writes: an [`Arc`] that nobody can hold weakly.
//!
//! [`Arc::make_mut`] must make sure that no `Weak` comes to life while it looks, and takes a locked operation for that,
//! some 20 cycles at each level from a world down to a block. There is no way to a `Weak` here: the `Arc` inside is
//! private and nothing in this file hands it out or makes one. So an owner that reads a count of one is the only one, and
//! stays it as long as he is borrowed. What that gains: `docs/decisions/0027-owners-without-locks.md`.
//!
//! INVARIANT: no `Weak` of an `Arc` in here exists, and none leaves this file.
//! Tests: `shared/tests.rs`, which run under Miri too.
#![allow(unsafe_code)]

#[cfg(test)]
mod tests;

use crate::column::{AnyColumn, Column, Rows};
use alloc::sync::Arc;
use core::any::Any;
use core::ops::Deref;
use core::sync::atomic::{Ordering, fence};

/// A value with one or more owners. `pub` because hidden parts of public traits name it; the module is not.
pub struct Shared<T: ?Sized>(Arc<T>);

impl<T: ?Sized> Clone for Shared<T> {
    fn clone(&self) -> Shared<T> {
        Shared(Arc::clone(&self.0))
    }
}

impl<T: ?Sized> Deref for Shared<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Shared<T> {
    pub(crate) fn new(value: T) -> Shared<T> {
        Shared(Arc::new(value))
    }

    /// Whether both own the same value.
    pub(crate) fn ptr_eq(this: &Shared<T>, other: &Shared<T>) -> bool {
        Arc::ptr_eq(&this.0, &other.0)
    }
}

impl<T: ?Sized> Shared<T> {
    /// Whether nobody else owns the value.
    #[inline]
    pub(crate) fn is_sole(this: &Shared<T>) -> bool {
        if Arc::strong_count(&this.0) != 1 {
            return false;
        }
        // Whoever was an owner before let go with a release: what he did to the value is seen from here on.
        fence(Ordering::Acquire);
        true
    }

    /// The value for writing, if nobody else owns it.
    #[inline]
    pub(crate) fn get_mut(this: &mut Shared<T>) -> Option<&mut T> {
        if !Shared::is_sole(this) {
            return None;
        }
        // SAFETY: the count is one, so `this` is the only owner; it is borrowed for as long as the result, so nobody can
        // make a second one of it, and there is no `Weak` from which another thread could (INVARIANT). The fence orders
        // all that former owners did before this. The pointer comes from the allocation's own, which may write.
        Some(unsafe { &mut *Arc::as_ptr(&this.0).cast_mut() })
    }
}

impl<T: Clone> Shared<T> {
    /// The value for writing: a copy of its own where somebody else owns it too.
    #[inline(always)]
    pub(crate) fn make_mut(this: &mut Shared<T>) -> &mut T {
        if !Shared::is_sole(this) {
            Shared::make_own(this);
        }
        // SAFETY: as in `get_mut`; a value that was just made has one owner.
        unsafe { &mut *Arc::as_ptr(&this.0).cast_mut() }
    }

    /// Lets go of the value for a copy of its own. Apart from the question whether it is needed, which is asked all the time.
    #[cold]
    #[inline(never)]
    fn make_own(this: &mut Shared<T>) {
        *this = Shared::new(T::clone(this));
    }

    /// The value itself, or a copy where somebody else owns it too.
    pub(crate) fn unwrap_or_clone(this: Shared<T>) -> T {
        Arc::unwrap_or_clone(this.0)
    }
}

/// Columns whose row type is forgotten.
impl Shared<dyn AnyColumn> {
    pub(crate) fn erased<S: Rows>(column: Shared<Column<S>>) -> Shared<dyn AnyColumn> {
        Shared(column.0)
    }

    /// The column of the row type it really has; `None` for another one.
    #[inline]
    pub(crate) fn typed<S: Rows>(self) -> Option<Shared<Column<S>>> {
        let any: Arc<dyn Any + Send + Sync> = self.0;
        any.downcast().ok().map(Shared)
    }
}
