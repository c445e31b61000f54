//! The live view of a running world: entities, tick time, lanes and hash, drawn over itself.
//!
//! It looks on and changes nothing. Times are the machine's own and appear nowhere else.
//! Tests: tests/transcripts/worlds.md.

use crate::console::Console;
use crate::escape::escaped;
use gatos_echo::World;
use gatos_echo::bus::Lane;
use gatos_echo::schedule::Phase;
use gatos_echo::simulation::Simulation;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// Time between two pictures.
const INTERVAL: Duration = Duration::from_millis(100);
/// Components that are listed, those with most entities first.
const ROWS_MAX: usize = 10;

/// Draws the view, where a terminal looks on.
pub struct View {
    is_visible: bool,
    last: Option<Instant>,
    /// Lines of the picture that is there.
    drawn: usize,
    ticks: u32,
    /// Time of all ticks since the last picture.
    spent: Duration,
}

impl View {
    /// A view that draws, or that only swallows what it is told.
    pub fn new(is_visible: bool) -> View {
        View {
            is_visible,
            last: None,
            drawn: 0,
            ticks: 0,
            spent: Duration::ZERO,
        }
    }

    /// Notes a tick, and draws when it is time or nothing comes after.
    pub fn tick(
        &mut self,
        console: &mut Console,
        simulation: &mut Simulation,
        spent: Duration,
        is_last: bool,
    ) {
        self.ticks += 1;
        self.spent += spent;
        let is_time = self.last.is_none_or(|last| last.elapsed() >= INTERVAL);
        if !self.is_visible || !(is_time || is_last) {
            return;
        }
        let picture = picture(simulation, self.spent / self.ticks);
        // Up over the last picture, and away with it.
        let mut text = String::new();
        if self.drawn > 0 {
            let _ = write!(text, "\u{1b}[{}A\u{1b}[J", self.drawn);
        }
        self.drawn = picture.lines().count();
        text.push_str(&picture);
        console.draw(&text);
        (self.ticks, self.spent) = (0, Duration::ZERO);
        self.last = Some(Instant::now());
    }
}

fn picture(simulation: &mut Simulation, tick_time: Duration) -> String {
    let hash = simulation.hash();
    let world = simulation.world();
    let micros = tick_time.as_micros();
    let (tick, entities) = (world.tick(), world.len());
    let mut text = format!("tick      {tick}\n");
    let _ = writeln!(text, "a tick    {}.{:03} ms", micros / 1000, micros % 1000);
    let _ = writeln!(text, "hash      {hash}");
    let _ = writeln!(text, "lanes     {}", lanes(world));
    let _ = writeln!(text, "entities  {entities}");
    let mut rows = counts(world);
    rows.sort_by(|left, right| right.1.cmp(&left.1).then(left.0.cmp(&right.0)));
    for (name, count) in rows.into_iter().take(ROWS_MAX) {
        let _ = writeln!(text, "{count:>10}  {}", escaped(&name));
    }
    text
}

/// What waits, lane by lane.
fn lanes(world: &World) -> String {
    let mut waiting = Vec::new();
    for phase in Phase::ALL {
        for lane in Lane::ALL {
            match world.waiting(phase, lane) {
                0 => {}
                count => waiting.push(format!("{phase}.{lane} {count}")),
            }
        }
    }
    if waiting.is_empty() {
        waiting.push("empty".to_owned());
    }
    waiting.join(", ")
}

/// Components that some entity has, by name, with how many have it.
pub fn counts(world: &World) -> Vec<(String, usize)> {
    let kinds = world.registry().kinds();
    let counted = kinds.map(|(id, kind)| (kind.name().to_owned(), world.count(id)));
    counted.filter(|(_, count)| *count > 0).collect()
}
