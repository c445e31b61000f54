//! The table of slots, in pages that forks share until one of them writes.
//!
//! Hashes and snapshots see generations and the free list; where a row lies they see from the archetypes' columns of
//! entities, so moving a row makes no page dirty. Tests: `tests/it/world.rs`, `tests/it/twin.rs`.

use super::Entity;
use crate::hash::{self, Tag};
use crate::shared::Shared;
use alloc::vec::Vec;
use gatos_values::Blake3Digest;

/// Slots in a page.
const PAGE_SLOTS: usize = 1024;
/// The end of the free list.
pub(crate) const NONE: u32 = u32::MAX;
/// The link of a slot that is the home of an entity.
pub(crate) const LIVE: u32 = u32::MAX - 1;
/// The link of a slot whose generations are used up.
pub(crate) const RETIRED: u32 = u32::MAX - 2;
/// Indices from here on would be read as links with a meaning of their own.
const SLOTS_MAX: usize = RETIRED as usize;

/// Where the row of an entity lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Location {
    pub archetype: u32,
    pub row: u32,
}

#[derive(Clone, Copy)]
struct Slot {
    /// Generation of the entity that lives here, or that lived here last.
    generation: u32,
    /// [`LIVE`], [`RETIRED`], or the next free slot.
    link: u32,
    location: Location,
}

#[derive(Clone)]
struct Page {
    slots: Shared<Vec<Slot>>,
    digest: Option<Blake3Digest>,
}

/// All slots with the free list.
#[derive(Clone)]
pub(crate) struct EntityTable {
    pages: Vec<Page>,
    slot_count: usize,
    free_head: u32,
    live_count: usize,
    digest: Option<Blake3Digest>,
}

impl EntityTable {
    pub(crate) const fn new() -> EntityTable {
        EntityTable {
            pages: Vec::new(),
            slot_count: 0,
            free_head: NONE,
            live_count: 0,
            digest: None,
        }
    }

    pub(crate) const fn live_count(&self) -> usize {
        self.live_count
    }

    pub(crate) const fn slot_count(&self) -> usize {
        self.slot_count
    }

    pub(crate) const fn free_head(&self) -> u32 {
        self.free_head
    }

    /// Generation and link of a slot on the free list; `None` for [`NONE`].
    pub(crate) fn free_slot(&self, index: u32) -> Option<(u32, u32)> {
        let slot = self.slot(index)?;
        Some((slot.generation, slot.link))
    }

    /// The handle that the next allocation gives.
    pub(crate) fn upcoming(&self) -> Option<Entity> {
        match self.free_slot(self.free_head) {
            Some((generation, _)) => Some(Entity::new(self.free_head, generation + 1)),
            None if self.slot_count < SLOTS_MAX => Some(Entity::new(self.slot_count as u32, 1)),
            None => None,
        }
    }

    /// How many entities there is room for in any case: free slots on the list come on top.
    pub(crate) const fn room(&self) -> usize {
        SLOTS_MAX - self.slot_count
    }

    /// Takes the slot freed last, or a new one; `None` when all indices are used.
    pub(crate) fn allocate(&mut self, location: Location) -> Option<Entity> {
        self.digest = None;
        if self.free_head != NONE {
            let index = self.free_head;
            let slot = self.slot_mut_dirty(index);
            slot.generation += 1;
            let next = core::mem::replace(&mut slot.link, LIVE);
            slot.location = location;
            let generation = slot.generation;
            self.free_head = next;
            self.live_count += 1;
            return Some(Entity::new(index, generation));
        }
        if self.slot_count >= SLOTS_MAX {
            return None;
        }
        let index = self.slot_count as u32;
        self.push_slot(Slot {
            generation: 1,
            link: LIVE,
            location,
        });
        self.live_count += 1;
        Some(Entity::new(index, 1))
    }

    fn push_page(&mut self) {
        self.pages.push(Page {
            slots: Shared::new(Vec::with_capacity(PAGE_SLOTS)),
            digest: None,
        });
    }

    fn push_slot(&mut self, slot: Slot) {
        if self.slot_count.is_multiple_of(PAGE_SLOTS) {
            self.push_page();
        }
        let page = self.pages.last_mut().expect("a page was just there");
        page.digest = None;
        Shared::make_mut(&mut page.slots).push(slot);
        self.slot_count += 1;
    }

    /// Gives the slot of a live entity back.
    pub(crate) fn free(&mut self, entity: Entity) {
        self.digest = None;
        let head = self.free_head;
        let slot = self.slot_mut_dirty(entity.index());
        if slot.generation == u32::MAX {
            slot.link = RETIRED;
        } else {
            slot.link = head;
            self.free_head = entity.index();
        }
        self.live_count -= 1;
    }

    /// Where the entity's row is; `None` when it does not live.
    #[inline]
    pub(crate) fn locate(&self, entity: Entity) -> Option<Location> {
        let slot = self.slot(entity.index())?;
        (slot.link == LIVE && slot.generation == entity.generation()).then_some(slot.location)
    }

    /// The live entity in this slot.
    pub(crate) fn live_at(&self, index: u32) -> Option<Entity> {
        let slot = self.slot(index)?;
        (slot.link == LIVE).then(|| Entity::new(index, slot.generation))
    }

    /// Notes that a live entity's row moved.
    #[inline]
    pub(crate) fn set_location(&mut self, index: u32, location: Location) {
        self.slot_mut(index).location = location;
    }

    /// Notes that rows of live entities moved, each to the next of some rows. A page is opened once for entities that follow
    /// one another.
    pub(crate) fn set_locations(
        &mut self,
        entities: impl Iterator<Item = Entity>,
        archetype: u32,
        rows: impl IntoIterator<Item = u32>,
    ) {
        let mut moves = entities.zip(rows).peekable();
        while let Some((first, _)) = moves.peek() {
            let page = first.index() as usize / PAGE_SLOTS;
            let slots = Shared::make_mut(&mut self.pages[page].slots);
            let is_here =
                |(entity, _): &(Entity, u32)| entity.index() as usize / PAGE_SLOTS == page;
            while let Some((entity, row)) = moves.next_if(is_here) {
                slots[entity.index() as usize % PAGE_SLOTS].location = Location { archetype, row };
            }
        }
    }

    /// New entities in rows that follow one another, as [`EntityTable::allocate`] for each; fewer when indices run out.
    pub(crate) fn allocate_all(
        &mut self,
        first: Location,
        count: usize,
        entities: &mut Vec<Entity>,
    ) {
        self.digest = None;
        let mut at = first;
        let end = first.row + count as u32;
        while at.row < end && self.free_head != NONE {
            entities.extend(self.allocate(at));
            at.row += 1;
        }
        while at.row < end && self.slot_count < SLOTS_MAX {
            let used = self.slot_count % PAGE_SLOTS;
            if used == 0 {
                self.push_page();
            }
            let here = (PAGE_SLOTS - used)
                .min((end - at.row) as usize)
                .min(SLOTS_MAX - self.slot_count);
            let page = self.pages.last_mut().expect("a page was just there");
            page.digest = None;
            let slots = Shared::make_mut(&mut page.slots);
            for _ in 0..here {
                slots.push(Slot {
                    generation: 1,
                    link: LIVE,
                    location: at,
                });
                entities.push(Entity::new(self.slot_count as u32, 1));
                self.slot_count += 1;
                self.live_count += 1;
                at.row += 1;
            }
        }
    }

    #[inline]
    fn slot(&self, index: u32) -> Option<&Slot> {
        let index = index as usize;
        self.pages
            .get(index / PAGE_SLOTS)?
            .slots
            .get(index % PAGE_SLOTS)
    }

    #[inline]
    fn slot_mut(&mut self, index: u32) -> &mut Slot {
        let index = index as usize;
        let page = &mut self.pages[index / PAGE_SLOTS];
        &mut Shared::make_mut(&mut page.slots)[index % PAGE_SLOTS]
    }

    fn slot_mut_dirty(&mut self, index: u32) -> &mut Slot {
        self.pages[index as usize / PAGE_SLOTS].digest = None;
        self.slot_mut(index)
    }

    /// The digest over generations and links, computed anew where a page is dirty.
    pub(crate) fn root(&mut self) -> Blake3Digest {
        if let Some(digest) = self.digest {
            return digest;
        }
        let mut bytes = hash::start(Tag::EntityTable);
        hash::push_u64(&mut bytes, self.slot_count as u64);
        bytes.extend(self.free_head.to_le_bytes());
        let mut page_bytes = Vec::new();
        for page in &mut self.pages {
            let digest = page.digest.unwrap_or_else(|| {
                hash::restart(&mut page_bytes, Tag::EntityPage);
                page_bytes.resize(1 + page.slots.len() * 8, 0);
                let (places, _) = page_bytes[1..].as_chunks_mut::<8>();
                for (slot, place) in page.slots.iter().zip(places) {
                    let word = u64::from(slot.link) << 32 | u64::from(slot.generation);
                    *place = word.to_le_bytes();
                }
                Blake3Digest::of(&page_bytes)
            });
            page.digest = Some(digest);
            bytes.extend(digest.as_bytes());
        }
        let digest = Blake3Digest::of(&bytes);
        self.digest = Some(digest);
        digest
    }

    /// The digest, if no generation or link changed since it was computed.
    pub(crate) const fn known_root(&self) -> Option<Blake3Digest> {
        self.digest
    }

    /// Generation and link of every slot, in order.
    pub(crate) fn slots(&self) -> impl Iterator<Item = (u32, u32)> {
        self.pages
            .iter()
            .flat_map(|page| page.slots.iter().map(|slot| (slot.generation, slot.link)))
    }

    /// The table with these slots, or `None` where the free list does not run through exactly the slots that are
    /// neither live nor retired. Locations are for the caller to set.
    pub(crate) fn from_slots(free_head: u32, slots: &[(u32, u32)]) -> Option<EntityTable> {
        if slots.len() > SLOTS_MAX {
            return None;
        }
        let is_possible = |(generation, link): &(u32, u32)| match *link {
            LIVE => *generation > 0,
            RETIRED => *generation == u32::MAX,
            _ => *generation > 0 && *generation < u32::MAX,
        };
        if !slots.iter().all(is_possible) {
            return None;
        }
        let mut table = EntityTable::new();
        for here in slots.chunks(PAGE_SLOTS) {
            table.push_page();
            let page = table.pages.last_mut()?;
            Shared::make_mut(&mut page.slots).extend(here.iter().map(|slot| Slot {
                generation: slot.0,
                link: slot.1,
                location: Location {
                    archetype: NONE,
                    row: NONE,
                },
            }));
        }
        table.slot_count = slots.len();
        table.live_count = slots.iter().filter(|(_, link)| *link == LIVE).count();
        let retired = slots.iter().filter(|(_, link)| *link == RETIRED).count();
        let free_count = slots.len() - table.live_count - retired;
        // As many steps as there are free slots end at the end exactly when every free slot is on the list once.
        let mut at = free_head;
        for _ in 0..free_count {
            let slot = table.slot(at)?;
            if slot.link == LIVE || slot.link == RETIRED {
                return None;
            }
            at = slot.link;
        }
        table.free_head = free_head;
        (at == NONE).then_some(table)
    }

    /// The location a slot has, for checks while loading.
    pub(crate) fn is_placed(&self, index: u32) -> bool {
        self.slot(index)
            .is_some_and(|slot| slot.location.archetype != NONE)
    }
}
