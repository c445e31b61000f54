//! The workloads on flecs, by the functions of its C library.
//!
//! A world is kept and its entities are deleted where other engines make a new one: making a world of flecs takes longer than
//! what is measured. Systems run on one thread.
//!
//! INVARIANT: a component is registered with the size of the Rust type that its rows are read as.
#![allow(unsafe_code)]

use crate::measure::{Run, checked};
use crate::parts::*;
use flecs_ecs_sys as c;
use std::ffi::c_void;
use std::ptr;

/// A world with the components that were asked for, of which there are few.
struct World {
    world: *mut c::ecs_world_t,
    parts: Vec<(std::any::TypeId, u64)>,
}

impl Drop for World {
    fn drop(&mut self) {
        // SAFETY: the world was made by `ecs_init` and nobody else has it.
        unsafe { c::ecs_fini(self.world) };
    }
}

/// A description that says nothing.
fn nothing<T: Copy>() -> T {
    // SAFETY: only for the library's descriptions: structures of numbers, pointers and optional functions, for which the
    // library itself asks to be zeroed.
    unsafe { std::mem::zeroed() }
}

impl World {
    fn new() -> World {
        World {
            // SAFETY: takes nothing.
            world: unsafe { c::ecs_init() },
            parts: Vec::new(),
        }
    }

    /// The id of a component, which is registered when it is asked for first.
    fn part<T: Copy + 'static>(&mut self) -> u64 {
        let wanted = std::any::TypeId::of::<T>();
        if let Some((_, id)) = self.parts.iter().find(|(other, _)| *other == wanted) {
            return *id;
        }
        let mut entity: c::ecs_entity_desc_t = nothing();
        entity.use_low_id = true;
        let mut part: c::ecs_component_desc_t = nothing();
        part.type_.size = size_of::<T>() as i32;
        part.type_.alignment = align_of::<T>() as i32;
        // SAFETY: the world lives, and both descriptions are whole.
        let id = unsafe {
            part.entity = c::ecs_entity_init(self.world, &entity);
            c::ecs_component_init(self.world, &part)
        };
        self.parts.push((wanted, id));
        id
    }

    /// Spawns an entity for each row of up to four components, given as columns.
    fn spawn(&mut self, count: usize, columns: &[(u64, *const c_void)]) -> Vec<u64> {
        let mut data: Vec<*mut c_void> = columns.iter().map(|(_, rows)| rows.cast_mut()).collect();
        let mut bulk: c::ecs_bulk_desc_t = nothing();
        bulk.count = count as i32;
        for (place, (id, _)) in bulk.ids.iter_mut().zip(columns) {
            *place = *id;
        }
        bulk.data = data.as_mut_ptr();
        // SAFETY: each column has `count` rows of its component, which the library copies; what it gives back are as many
        // ids, which are copied before anything else is called.
        unsafe {
            let first = c::ecs_bulk_init(self.world, &bulk);
            std::slice::from_raw_parts(first, count).to_vec()
        }
    }

    /// A query of some components, its tables remembered.
    fn query(&mut self, parts: &[u64]) -> *mut c::ecs_query_t {
        let desc = query_of(parts);
        // SAFETY: the world lives and the description is whole. The query goes with the world.
        unsafe { c::ecs_query_init(self.world, &desc) }
    }

    fn system(&mut self, parts: &[u64], callback: Callback) {
        let phase = [
            // SAFETY: these are numbers that the library sets before its first world is there.
            unsafe { (PAIR | c::EcsDependsOn << 32) + (c::EcsOnUpdate & 0xffff_ffff) },
            unsafe { c::EcsOnUpdate },
            0,
        ];
        let mut entity: c::ecs_entity_desc_t = nothing();
        entity.add = phase.as_ptr();
        let mut system: c::ecs_system_desc_t = nothing();
        system.query = query_of(parts);
        system.callback = Some(callback);
        // SAFETY: the world lives, both descriptions are whole, the list of ids ends with 0.
        unsafe {
            system.entity = c::ecs_entity_init(self.world, &entity);
            c::ecs_system_init(self.world, &system);
        }
    }

    fn progress(&mut self) {
        // SAFETY: the world lives and nobody iterates over it.
        unsafe { c::ecs_progress(self.world, 1.0) };
    }

    /// The sum over a number of each row.
    fn sum_of<T: Copy + 'static>(&mut self, number: fn(&T) -> f32) -> f64 {
        let part = self.part::<T>();
        let query = self.query(&[part]);
        let mut sum = 0.0;
        // SAFETY: the query belongs to this world and has the component alone.
        unsafe {
            each_table(self.world, query, |it| {
                for row in rows::<T>(it, 0) {
                    sum += f64::from(number(row));
                }
            });
            c::ecs_query_fini(query);
        }
        sum
    }
}

/// The bit of ids that are pairs.
const PAIR: u64 = 1 << 63;

type Callback = unsafe extern "C-unwind" fn(*mut c::ecs_iter_t);

fn query_of(parts: &[u64]) -> c::ecs_query_desc_t {
    let mut desc: c::ecs_query_desc_t = nothing();
    for (term, part) in desc.terms.iter_mut().zip(parts) {
        term.id = *part;
    }
    desc.cache_kind = c::ecs_query_cache_kind_t_EcsQueryCacheAuto;
    desc
}

/// The rows of a field of a table.
///
/// # Safety
/// The field is of a component that was registered for `T`, and nobody else has its rows while they are borrowed.
unsafe fn rows<'a, T>(it: *mut c::ecs_iter_t, field: i8) -> &'a mut [T] {
    // SAFETY: the iterator stands at a table with `count` rows, and the caller knows their type.
    unsafe {
        let first = c::ecs_field_w_size(it, size_of::<T>(), field);
        std::slice::from_raw_parts_mut(first.cast(), (*it).count as usize)
    }
}

/// Visits the tables of a query.
///
/// # Safety
/// The query belongs to the world.
#[inline(always)]
unsafe fn each_table(
    world: *mut c::ecs_world_t,
    query: *mut c::ecs_query_t,
    mut visit: impl FnMut(*mut c::ecs_iter_t),
) {
    // SAFETY: as above; the iterator is used until it says that it ended.
    unsafe {
        let mut it = c::ecs_query_iter(world, query);
        while c::ecs_query_next(&mut it) {
            visit(&mut it);
        }
    }
}

/// The rows of simple_insert as columns.
fn insert(world: &mut World, count: usize) -> Vec<u64> {
    let (mut transforms, mut positions) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let (mut rotations, mut velocities) = (Vec::with_capacity(count), Vec::with_capacity(count));
    for (transform, position, rotation, velocity) in (0..count).map(row) {
        transforms.push(transform);
        positions.push(position);
        rotations.push(rotation);
        velocities.push(velocity);
    }
    let columns = [
        (world.part::<Transform>(), transforms.as_ptr().cast()),
        (world.part::<Position>(), positions.as_ptr().cast()),
        (world.part::<Rotation>(), rotations.as_ptr().cast()),
        (world.part::<Velocity>(), velocities.as_ptr().cast()),
    ];
    world.spawn(count, &columns)
}

pub fn simple_insert() -> Run {
    checked(
        World::new(),
        |world| {
            let position = world.part::<Position>();
            // SAFETY: the world lives and nobody iterates over it.
            unsafe { c::ecs_delete_with(world.world, position) };
            insert(world, 10_000);
        },
        |world| world.sum_of::<Position>(|position| position.x),
    )
}

pub fn simple_iter() -> Run {
    let mut world = World::new();
    insert(&mut world, 10_000);
    let parts = [world.part::<Position>(), world.part::<Velocity>()];
    let query = world.query(&parts);
    checked(
        world,
        move |world| {
            // SAFETY: the query is this world's, its fields are the two components in this order.
            unsafe {
                each_table(world.world, query, |it| {
                    let velocities = rows::<Velocity>(it, 1);
                    for (position, velocity) in rows::<Position>(it, 0).iter_mut().zip(velocities) {
                        position.x += velocity.x;
                        position.y += velocity.y;
                        position.z += velocity.z;
                    }
                });
            }
        },
        |world| world.sum_of::<Position>(|position| position.x),
    )
}

pub fn frag_iter() -> Run {
    let mut world = World::new();
    let data = world.part::<Data>();
    macro_rules! all { ($($name:ident)*) => { $({
        let part = world.part::<$name>();
        let (numbers, ones) = ([$name(0.0); 20], [Data(1.0); 20]);
        world.spawn(20, &[(part, numbers.as_ptr().cast()), (data, ones.as_ptr().cast())]);
    })* }; }
    all!(A B C D E F G H I J K L M N O P Q R S T U V W X Y Z);
    let query = world.query(&[data]);
    checked(
        world,
        move |world| {
            // SAFETY: the query is this world's and has this one field.
            unsafe {
                each_table(world.world, query, |it| {
                    for data in rows::<Data>(it, 0) {
                        data.0 *= 2.0;
                    }
                });
            }
        },
        |world| world.sum_of::<Data>(|data| data.0),
    )
}

/// Swaps two numbers of each row.
unsafe extern "C-unwind" fn swap(it: *mut c::ecs_iter_t) {
    // SAFETY: for systems with two fields, both a float.
    let (left, right) = unsafe { (rows::<f32>(it, 0), rows::<f32>(it, 1)) };
    for (left, right) in left.iter_mut().zip(right) {
        std::mem::swap(left, right);
    }
}

unsafe extern "C-unwind" fn add_one(it: *mut c::ecs_iter_t) {
    // SAFETY: for systems with one field, a float.
    for number in unsafe { rows::<f32>(it, 0) } {
        *number += 1.0;
    }
}

unsafe extern "C-unwind" fn nop(_: *mut c::ecs_iter_t) {}

/// Three systems that swap pairs of components; two of them share one.
pub fn schedule() -> Run {
    let mut world = World::new();
    let (a, b) = (world.part::<A>(), world.part::<B>());
    let (cc, d, e) = (world.part::<C>(), world.part::<D>(), world.part::<E>());
    let of = |number: f32| vec![number; 10_000];
    let (zero, one, two, three) = (of(0.0), of(1.0), of(2.0), of(3.0));
    let column = |id: u64, rows: &Vec<f32>| (id, rows.as_ptr().cast());
    let ab = [column(a, &zero), column(b, &one)];
    world.spawn(10_000, &ab);
    world.spawn(10_000, &[ab[0], ab[1], column(cc, &two)]);
    let abc = [ab[0], ab[1], column(cc, &two)];
    world.spawn(10_000, &[abc[0], abc[1], abc[2], column(d, &three)]);
    world.spawn(10_000, &[abc[0], abc[1], abc[2], column(e, &three)]);
    world.system(&[a, b], swap);
    world.system(&[cc, d], swap);
    world.system(&[cc, e], swap);
    checked(world, World::progress, |world| {
        world.sum_of::<A>(|a| a.0) + 10.0 * world.sum_of::<C>(|c| c.0)
    })
}

pub fn add_remove() -> Run {
    let mut world = World::new();
    let (a, b) = (world.part::<A>(), world.part::<B>());
    let all = world.spawn(10_000, &[(a, vec![A(0.0); 10_000].as_ptr().cast())]);
    checked(
        world,
        move |world| {
            let value = B(0.0);
            let value = ptr::from_ref(&value).cast();
            for entity in &all {
                // SAFETY: the entity lives; the value has the component's type.
                unsafe { c::ecs_set_id(world.world, *entity, b, size_of::<B>(), value) };
            }
            for entity in &all {
                // SAFETY: the entity lives.
                unsafe { c::ecs_remove_id(world.world, *entity, b) };
            }
        },
        |world| world.sum_of::<A>(|_| 1.0) + 0.5 * world.sum_of::<B>(|_| 1.0),
    )
}

pub fn heavy_compute() -> Run {
    let mut world = World::new();
    insert(&mut world, 1_000);
    let parts = [world.part::<Transform>(), world.part::<Position>()];
    let query = world.query(&parts);
    checked(
        world,
        move |world| {
            // SAFETY: the query is this world's, its fields are the two components in this order.
            unsafe {
                each_table(world.world, query, |it| {
                    let positions = rows::<Position>(it, 1);
                    for (transform, position) in rows::<Transform>(it, 0).iter_mut().zip(positions)
                    {
                        heavy(transform, position);
                    }
                });
            }
        },
        |world| world.sum_of::<Position>(|position| position.x),
    )
}

pub fn empty_systems(count: usize) -> Run {
    let mut world = World::new();
    for _ in 0..count {
        world.system(&[], nop);
    }
    Box::new(move || world.progress())
}

/// A hundred systems that add one to the same thousand numbers.
pub fn tiny() -> Run {
    let mut world = World::new();
    let a = world.part::<A>();
    world.spawn(1_000, &[(a, vec![A(1.0); 1_000].as_ptr().cast())]);
    for _ in 0..100 {
        world.system(&[a], add_one);
    }
    checked(world, World::progress, |world| world.sum_of::<A>(|a| a.0))
}
