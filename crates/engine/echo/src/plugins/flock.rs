//! `flock`: boids on a torus, each steered by those around it, in linear time.
//!
//! The plane is cut into cells. A first pass adds up place and velocity of each cell's boids in the order of rows, a second
//! one steers each boid by the sums of the nine cells around it: towards the middle of the others, into their direction,
//! away from those of its own cell. Whoever moves them then is a system that is cut into blocks.
//!
//! INVARIANT: sums are taken in the order of rows, so they do not depend on threads.
//! Tests: `tests/it/manifest.rs`.

use super::numbers;
use crate::component;
use crate::manifest::Options;
use crate::schedule::{Query, Res, each, system};
use crate::simulation::{Manifest, Plugin, Registrar, Version};
use alloc::string::String;
use alloc::vec::Vec;
use gatos_numbers::binary64;

/// Where a boid is, from 0 to the size of the plane.
#[derive(Clone, Copy, Debug)]
pub struct Position {
    /// To the right.
    pub x: f64,
    /// Up.
    pub y: f64,
}
component!(Position = "flock:position" { x: f64, y: f64 });

/// How far it goes in a tick.
#[derive(Clone, Copy, Debug)]
pub struct Velocity {
    /// To the right.
    pub x: f64,
    /// Up.
    pub y: f64,
}
component!(Velocity = "flock:velocity" { x: f64, y: f64 });

/// What all boids' velocities gain in a tick: for scripts to set.
#[derive(Clone, Copy, Debug)]
pub struct Wind {
    /// To the right.
    pub x: f64,
    /// Up.
    pub y: f64,
}
component!(Wind = "flock:wind" { x: f64, y: f64 });

/// The plugin with its options.
#[derive(Clone, Copy, Debug)]
pub struct Flock {
    size: f64,
    cell: f64,
    cohesion: f64,
    alignment: f64,
    separation: f64,
    speed: f64,
}

/// Most cells along an edge.
const CELLS_MAX: usize = 1024;

impl Flock {
    /// The plugin with these options; those that are not given have their defaults.
    ///
    /// # Errors
    /// An option that is unknown or out of its bounds.
    pub fn with_options(options: &Options) -> Result<Flock, String> {
        let [size, cell, cohesion, alignment, separation, speed] = numbers(
            options,
            [
                ("size", 1000.0, 1.0, 1e6),
                ("cell", 10.0, 0.1, 1e6),
                ("cohesion", 0.002, 0.0, 1.0),
                ("alignment", 0.05, 0.0, 1.0),
                ("separation", 0.01, 0.0, 1.0),
                ("speed", 2.0, 0.0, 1e3),
            ],
        )?;
        Ok(Flock {
            size,
            cell,
            cohesion,
            alignment,
            separation,
            speed,
        })
    }

    /// Cells along an edge, and the length of one.
    fn cells(&self) -> (usize, f64) {
        let wanted = self.size / self.cell;
        let count = (wanted as usize).clamp(1, CELLS_MAX);
        (count, self.size / count as f64)
    }
}

impl Plugin for Flock {
    fn manifest(&self) -> Manifest {
        Manifest::new("flock", Version::new(1, 0, 0))
    }

    fn register(&self, registrar: &mut Registrar<'_>) {
        registrar.component::<Position>();
        registrar.component::<Velocity>();
        registrar.component::<Wind>();
        let flock = *self;
        registrar.system(system(
            "steer",
            move |bodies: Query<(&Position, &mut Velocity)>, wind: Res<Wind>| {
                steer(&flock, bodies, &wind);
            },
        ));
        registrar.system(
            each::<(&mut Position, &Velocity), ()>("move", move |(position, velocity)| {
                position.x = wrapped(position.x + velocity.x, flock.size);
                position.y = wrapped(position.y + velocity.y, flock.size);
            })
            .after("steer"),
        );
        registrar.setup(|world| world.set_resource(Wind { x: 0.0, y: 0.0 }));
    }
}

/// The place on the torus; what is no number goes to the corner.
fn wrapped(value: f64, size: f64) -> f64 {
    let inside = value - binary64::floor(value / size) * size;
    if (0.0..size).contains(&inside) {
        inside
    } else {
        0.0
    }
}

/// What the boids of a cell add up to; places count from the cell's corner.
#[derive(Clone, Copy, Default)]
struct Sum {
    count: f64,
    x: f64,
    y: f64,
    velocity_x: f64,
    velocity_y: f64,
}

impl Sum {
    /// Adds another cell's sum, seen from a corner that lies `right` and `up` of it.
    fn add(&mut self, other: &Sum, right: f64, up: f64) {
        self.count += other.count;
        self.x += other.x + other.count * right;
        self.y += other.y + other.count * up;
        self.velocity_x += other.velocity_x;
        self.velocity_y += other.velocity_y;
    }
}

/// The cells of a plane.
struct Grid {
    count: usize,
    length: f64,
    sums: Vec<Sum>,
}

impl Grid {
    /// The cell of a place, with the place from the cell's corner.
    fn cell(&self, position: &Position) -> (usize, f64, f64) {
        let last = self.count - 1;
        let column = ((position.x / self.length) as usize).min(last);
        let row = ((position.y / self.length) as usize).min(last);
        let x = position.x - column as f64 * self.length;
        let y = position.y - row as f64 * self.length;
        (row * self.count + column, x, y)
    }

    /// For each cell the sum of the nine around it.
    fn around(&self) -> Vec<Sum> {
        let count = self.count;
        let mut around = alloc::vec![Sum::default(); self.sums.len()];
        for (index, sum) in around.iter_mut().enumerate() {
            let (row, column) = (index / count, index % count);
            for (up, row_offset) in [(-1.0, count - 1), (0.0, 0), (1.0, 1)] {
                for (right, column_offset) in [(-1.0, count - 1), (0.0, 0), (1.0, 1)] {
                    let other_row = (row + row_offset) % count;
                    let other_column = (column + column_offset) % count;
                    let other = &self.sums[other_row * count + other_column];
                    sum.add(other, right * self.length, up * self.length);
                }
            }
        }
        around
    }
}

fn steer(flock: &Flock, mut bodies: Query<(&Position, &mut Velocity)>, wind: &Wind) {
    let (count, length) = flock.cells();
    let mut grid = Grid {
        count,
        length,
        sums: alloc::vec![Sum::default(); count * count],
    };
    bodies.for_each(|(position, velocity)| {
        let (cell, x, y) = grid.cell(position);
        let one = Sum {
            count: 1.0,
            x,
            y,
            velocity_x: velocity.x,
            velocity_y: velocity.y,
        };
        grid.sums[cell].add(&one, 0.0, 0.0);
    });
    let around = grid.around();
    bodies.for_each(|(position, velocity)| {
        let (cell, x, y) = grid.cell(position);
        let (near, own) = (&around[cell], &grid.sums[cell]);
        let middle = 1.0 / near.count;
        velocity.x += (near.x * middle - x) * flock.cohesion
            + (near.velocity_x * middle - velocity.x) * flock.alignment
            - (own.x / own.count - x) * flock.separation
            + wind.x;
        velocity.y += (near.y * middle - y) * flock.cohesion
            + (near.velocity_y * middle - velocity.y) * flock.alignment
            - (own.y / own.count - y) * flock.separation
            + wind.y;
        let square = velocity.x * velocity.x + velocity.y * velocity.y;
        if square > flock.speed * flock.speed {
            let scale = flock.speed / binary64::sqrt(square);
            velocity.x *= scale;
            velocity.y *= scale;
        }
    });
}
