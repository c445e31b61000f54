//! Pages of columns as jobs, so that several threads take the digests of a large world.
//!
//! A page whose digest nobody knows leaves its column, a job takes its digest, and it comes back with it. What lies above
//! pages is the column's own work, as are columns that are too small to have any.
//!
//! INVARIANT: what is given back is what was taken, in the same order, and a digest is the same whoever takes it.
//! Tests: `tests/it/hash.rs`, with one thread as slow twin.

use super::{BlockSlot, Blocks, Column, PageSlot, Rows, Scratch, page_root};
use crate::schedule::Job;
use crate::shared::Shared;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::any::Any;
use gatos_values::Blake3Digest;

/// A page on its way.
struct PageJob<S> {
    blocks: Shared<Vec<BlockSlot<S>>>,
    digest: Option<Blake3Digest>,
}

impl<S: Rows> Job for PageJob<S> {
    fn run(&mut self) {
        let blocks = Shared::make_mut(&mut self.blocks);
        self.digest = Some(page_root(blocks, &mut Scratch::default()));
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

impl<S: Rows> Column<S> {
    /// The pages without a digest, in order.
    fn unknown_pages(&mut self) -> impl Iterator<Item = &mut PageSlot<S>> {
        let pages = match &mut self.blocks {
            Blocks::Many(pages) => pages.as_mut_slice(),
            Blocks::One(_) | Blocks::Few(_) => &mut [],
        };
        pages.iter_mut().filter(|page| page.digest.is_none())
    }

    /// Takes the pages without a digest out as jobs.
    pub(super) fn take_pages(&mut self, jobs: &mut Vec<Box<dyn Job>>) {
        for page in self.unknown_pages() {
            let blocks = core::mem::replace(&mut page.blocks, Shared::new(Vec::new()));
            let digest = None;
            jobs.push(Box::new(PageJob { blocks, digest }));
        }
    }

    /// Puts the pages back that [`Column::take_pages`] took.
    pub(super) fn give_pages(&mut self, jobs: &mut dyn Iterator<Item = Box<dyn Job>>) {
        for (page, job) in self.unknown_pages().zip(jobs) {
            let job = job.into_any().downcast::<PageJob<S>>();
            let job = *job.expect("jobs come back in the order they were made");
            (page.blocks, page.digest) = (job.blocks, job.digest);
        }
    }
}
