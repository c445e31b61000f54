//! kill -9 at random moments: at the start, at work, during recovery, during upkeep, beside stock `git`.
//!
//! A round starts the writers, kills some or all of them, one after the other, and then lets the parent recover
//! and judge. After some rounds a new repository is begun, so that looking at everything stays quick.

use std::time::{Duration, Instant};

use crate::books::Books;
use crate::dice::{self, Dice, tell};
use crate::hands::{self, Hands};
use crate::lanes::{self, Heard, Lane};
use crate::scene::Scene;
use crate::stock;
use crate::work::{CallName, Mix};
use crate::writer::Orders;

/// Rounds on one repository.
const ROUNDS_PER_REPOSITORY: u64 = 25;
/// A writer that says nothing for so long is stuck.
const SILENCE_MAX: Duration = Duration::from_secs(120);

#[test]
fn one_writer_is_killed_again_and_again() {
    run(1, dice::number_from("GATOS_CRASH_KILLS", 40));
}

#[test]
fn four_writers_are_killed_again_and_again() {
    run(4, dice::number_from("GATOS_CRASH_KILLS", 60));
}

#[test]
fn sixteen_writers_are_killed_again_and_again() {
    run(16, dice::number_from("GATOS_CRASH_KILLS", 100));
}

fn run(writer_count: usize, kill_count: u64) {
    let seed = dice::seed();
    tell(&format!(
        "{writer_count} writer(s), {kill_count} kills, seed {seed}"
    ));
    let begun = Instant::now();
    let mut dice = Dice::new(seed ^ writer_count as u64);
    let mut sum = Sum::default();
    while sum.kills < kill_count {
        let mut repository = KilledRepository::new(dice.roll(), writer_count);
        for _ in 0..ROUNDS_PER_REPOSITORY {
            if sum.kills >= kill_count {
                break;
            }
            let left = kill_count - sum.kills;
            if let Err(complaint) = repository.round(left, &mut sum) {
                let folder = repository.scene.keep();
                panic!(
                    "{complaint}\n  after {} kills; the repository is left in {}\n  again: {}",
                    sum.kills,
                    folder.display(),
                    again(seed, writer_count, kill_count)
                );
            }
        }
        sum.events += repository.books.event_count();
        sum.acknowledged += repository.books.acknowledged_count();
    }
    tell(&format!(
        "{writer_count} writer(s): {} kills ({} of the lock's holder, {} at the start, {} at work, {} during upkeep, {} after a time) in {:.0} s, \
         {} events acknowledged, {} in Git, {} git commands beside; 0 lost",
        sum.kills,
        sum.of_holder,
        sum.at_start,
        sum.at_work,
        sum.during_upkeep,
        sum.after_time,
        begun.elapsed().as_secs_f64(),
        sum.acknowledged,
        sum.events,
        sum.git_commands,
    ));
}

fn again(seed: u64, writer_count: usize, kill_count: u64) -> String {
    let program = match lanes::program() {
        Some(program) => format!("GATOS_CRASH_PROGRAM={} ", program.display()),
        None => String::new(),
    };
    let name = match writer_count {
        1 => "one_writer",
        4 => "four_writers",
        _ => "sixteen_writers",
    };
    format!(
        "{program}GATOS_CRASH_SEED={seed} GATOS_CRASH_KILLS={kill_count} cargo test -p gatos-node --test crash {name} -- --nocapture"
    )
}

/// What a run adds up to.
#[derive(Default)]
struct Sum {
    kills: u64,
    of_holder: u64,
    at_start: u64,
    at_work: u64,
    during_upkeep: u64,
    after_time: u64,
    git_commands: u64,
    events: usize,
    acknowledged: usize,
}

/// When the parent strikes.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// While the writer opens the repository, and recovers if the one before it was killed.
    Start,
    /// So many calls after it began to work.
    Work(u64),
    /// While it folds packs.
    Upkeep,
    /// So many milliseconds after its start, whatever it does then.
    Time(u64),
}

struct KilledRepository {
    scene: Scene,
    books: Books,
    dice: Dice,
    writer_count: usize,
    /// Calls under way at a kill: whoever comes next repeats them.
    unfinished: Vec<CallName>,
    /// How long a start takes here, from spawning to the first acknowledgement.
    start_time: Duration,
}

impl KilledRepository {
    fn new(seed: u64, writer_count: usize) -> KilledRepository {
        let scene = Scene::new();
        hands::make_mirror(scene.repository());
        KilledRepository {
            scene,
            books: Books::default(),
            dice: Dice::new(seed),
            writer_count,
            unfinished: Vec::new(),
            start_time: Duration::from_millis(60),
        }
    }

    fn round(&mut self, kills_left: u64, sum: &mut Sum) -> Result<(), String> {
        let seed = self.dice.roll();
        let hands = self
            .dice
            .one_in(2)
            .then(|| Hands::start(self.scene.repository(), seed));
        let killed = self.kill_writers(kills_left, sum);
        // Git may go on for a while; what it breaks then is seen by the next look.
        let recovered = killed.and_then(|()| self.recover());
        if let Some(hands) = hands {
            sum.git_commands += hands.stop()?;
        }
        recovered?;
        self.books.check_recovered(&self.scene)?;
        if self.dice.one_in(8) {
            let mirror = self.scene.repository().with_file_name(hands::MIRROR);
            stock::git(&mirror, &["fsck", "--strict", "--no-progress"])
                .map_err(|complaint| format!("the mirror: {complaint}"))?;
        }
        Ok(())
    }

    /// Starts the writers and kills them until one round's share is done.
    fn kill_writers(&mut self, kills_left: u64, sum: &mut Sum) -> Result<(), String> {
        let mix = match self.dice.one_in(4) {
            true => Mix::VisibleSingles,
            false => Mix::Everything,
        };
        let mut lanes: Vec<Lane> = (0..self.writer_count).map(|_| self.start(mix)).collect();
        // All of them one after the other; with one writer, often the next one too before anybody looks.
        let extra = if self.writer_count == 1 {
            self.dice.below(3)
        } else {
            0
        };
        let wanted = (self.writer_count as u64 + extra).min(kills_left);
        for number in 0..wanted {
            if lanes.is_empty() {
                lanes.push(self.start(mix));
            }
            let moment = self.moment(mix, number, wanted);
            self.wait_for(moment, &lanes)?;
            let holder = self.holder(&lanes);
            let victim = match holder {
                Some(index) if !self.dice.one_in(4) => index,
                _ => self.dice.below(lanes.len() as u64) as usize,
            };
            sum.count(moment, holder == Some(victim));
            let heard = lanes.swap_remove(victim).kill()?;
            self.note(heard);
        }
        // Whoever is left over goes without being counted.
        for lane in lanes {
            let heard = lane.kill()?;
            self.note(heard);
        }
        self.books.check_untouched(self.scene.repository())
    }

    fn start(&mut self, mix: Mix) -> Lane {
        let alone = self.writer_count == 1;
        let orders = Orders {
            repository: self.scene.repository().to_owned(),
            home: self.scene.home().to_owned(),
            seed: mix.seed(self.dice.roll()),
            thread_count: if alone {
                self.dice.between(1, 4)
            } else {
                self.dice.between(1, 2)
            },
            calls_per_turn: (!alone || self.dice.one_in(4)).then(|| self.dice.between(1, 6)),
            calls_per_upkeep: (mix == Mix::VisibleSingles).then(|| self.dice.between(2, 12)),
            background: !self.dice.one_in(3),
            repeat: self.unfinished.clone(),
        };
        let errors = self.scene.beside(&format!("writer-{}.errors", orders.seed));
        Lane::start(&orders, &errors)
    }

    fn moment(&mut self, mix: Mix, number: u64, wanted: u64) -> Moment {
        let is_first_of_many = self.writer_count > 1 && number == 0;
        match self.dice.below(6) {
            0 | 1 if !is_first_of_many => Moment::Start,
            2 if mix == Mix::VisibleSingles => Moment::Upkeep,
            3 => Moment::Time(self.dice.below(if wanted > 4 { 60 } else { 400 })),
            _ => Moment::Work(self.dice.between(1, 20)),
        }
    }

    fn wait_for(&mut self, moment: Moment, lanes: &[Lane]) -> Result<(), String> {
        match moment {
            Moment::Start => {
                let start_micros = u64::try_from(self.start_time.as_micros()).unwrap_or(60_000);
                pause_micros(self.dice.below(start_micros * 3 / 2 + 1));
            }
            Moment::Time(milliseconds) => pause_micros(milliseconds * 1000),
            Moment::Work(calls) => {
                let begun = Instant::now();
                let before: u64 = lanes.iter().map(Lane::call_count).sum();
                self.wait_for_calls(lanes, before + 1)?;
                if lanes.len() == 1 && before == 0 {
                    self.start_time = begun.elapsed().min(Duration::from_secs(1));
                }
                self.wait_for_calls(lanes, before + calls)?;
                pause_micros(self.dice.below(3000));
            }
            Moment::Upkeep => {
                // Whoever comes to it first; the row of `gatos` processes never says so.
                let lane = &lanes[self.dice.below(lanes.len() as u64) as usize];
                lane.wait_until(Duration::from_secs(2), |heard| heard.upkeep_count > 0);
                pause_micros(self.dice.below(20_000));
            }
        }
        Ok(())
    }

    /// Waits until the lanes together have made so many calls.
    fn wait_for_calls(&self, lanes: &[Lane], wanted: u64) -> Result<(), String> {
        let begun = Instant::now();
        loop {
            let made: u64 = lanes.iter().map(Lane::call_count).sum();
            if made >= wanted {
                return Ok(());
            }
            let mut any_alive = false;
            for lane in lanes {
                any_alive |= !lane.wait_until(Duration::ZERO, |heard| {
                    heard.ended || !heard.faults.is_empty()
                });
            }
            if !any_alive {
                // Killing them tells why.
                return Ok(());
            }
            if begun.elapsed() > SILENCE_MAX {
                return Err(format!(
                    "STUCK: {made} of {wanted} calls in {SILENCE_MAX:?}"
                ));
            }
            let millisecond = Duration::from_millis(1);
            lanes[0].wait_until(millisecond, |heard| heard.call_count >= wanted);
        }
    }

    /// Which lane holds the writer's lock, by the owner's line in the lock file.
    fn holder(&self, lanes: &[Lane]) -> Option<usize> {
        let path = self.scene.repository().join(".git/gatos/lock");
        let line = std::fs::read_to_string(path).ok()?;
        let process_id: u32 = line.split('\t').next()?.parse().ok()?;
        lanes
            .iter()
            .position(|lane| lane.process_id() == Some(process_id))
    }

    fn note(&mut self, heard: Heard) {
        let is_done = |name: &CallName| heard.tried.get(name) == Some(&true);
        self.unfinished.retain(|name| !is_done(name));
        for (name, done) in &heard.tried {
            if !done && !self.unfinished.contains(name) {
                self.unfinished.push(*name);
            }
        }
        self.books.note(heard.acknowledged);
    }

    /// The parent becomes the next writer: it recovers, and its own append works.
    fn recover(&mut self) -> Result<(), String> {
        let name = CallName {
            writer: Mix::VisibleSingles.seed(self.dice.roll()),
            thread: 0,
            number: 0,
        };
        let acknowledged = self
            .scene
            .append(name)
            .map_err(|fault| format!("the next append does not work: {fault}"))?;
        self.books.note(acknowledged);
        Ok(())
    }
}

impl Sum {
    fn count(&mut self, moment: Moment, is_holder: bool) {
        self.kills += 1;
        self.of_holder += u64::from(is_holder);
        match moment {
            Moment::Start => self.at_start += 1,
            Moment::Work(_) => self.at_work += 1,
            Moment::Upkeep => self.during_upkeep += 1,
            Moment::Time(_) => self.after_time += 1,
        }
    }
}

fn pause_micros(micros: u64) {
    std::thread::sleep(Duration::from_micros(micros));
}
