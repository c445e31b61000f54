//! The wall around threads: jobs go in, the same jobs come out, finished, in the same order.
//!
//! This is the only file of the engine that knows the standard library. Threads wait for jobs, take the next one that
//! nobody has, and run it; a job owns all it works on. Which thread ran a job and when it ended leaves no trace, and
//! tests can have the jobs taken in any order to show it. The clock is read here to learn which levels are worth the
//! trouble of handing over; what a level costs changes who runs it and never what it does.
//!
//! INVARIANT: what comes out does not depend on the number of threads or the order in which jobs were taken.
//! Tests: `tests/it/schedule.rs`.

extern crate std;

use super::system::Job;
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::sync::atomic::{AtomicUsize, Ordering};
use gatos_numbers::Pcg32;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

/// Who runs jobs: the caller alone, or the caller and some threads.
pub struct Workers {
    pool: Arc<Pool>,
    threads: Vec<JoinHandle<()>>,
    order: Order,
    choice: Choice,
}

/// Which levels become jobs.
enum Choice {
    /// Those that took long when they were measured last.
    Measured,
    /// All.
    Always,
}

/// What a level took when it was measured last.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LevelCost {
    time: Duration,
    /// How many times it runs before it is measured again: a level far from being worth jobs pays for the clock rarely.
    rest: u8,
}

/// A measurement under way.
pub(crate) struct Timer(Option<Instant>);

/// Jobs that are done, with the panic of the first that panicked.
pub(crate) struct Finished {
    pub jobs: Vec<Box<dyn Job>>,
    pub panic: Option<Panic>,
}

/// What a job panicked with.
pub(crate) struct Panic(Box<dyn Any + Send>);

impl Panic {
    /// Goes on panicking, here.
    pub(crate) fn resume(self) -> ! {
        std::panic::resume_unwind(self.0)
    }
}

/// In which order jobs are taken.
#[derive(Clone, Copy)]
enum Order {
    AsMade,
    /// A permutation drawn from this seed.
    Permuted(u64),
}

/// What threads wait for.
struct Pool {
    batches: Mutex<Queue>,
    wake: Condvar,
}

struct Queue {
    batches: VecDeque<Arc<Batch>>,
    is_closed: bool,
}

/// Jobs that are run together.
struct Batch {
    jobs: Vec<Mutex<Option<Box<dyn Job>>>>,
    /// The order in which jobs are taken.
    sequence: Vec<usize>,
    next: AtomicUsize,
    left: Mutex<Left>,
    done: Condvar,
}

struct Left {
    count: usize,
    /// The lowest job that panicked, with what.
    panic: Option<(usize, Box<dyn Any + Send>)>,
    /// What the jobs that are done took, added up.
    cost: Duration,
}

/// A lock whose holder panicked is as good as any: jobs that panic are told apart by [`Left::panic`].
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Workers {
    /// Levels that take less than this run inline: handing jobs to threads that sleep costs a good part of it.
    const JOBS_COST_MIN: Duration = Duration::from_micros(60);
    /// How many times a level runs that took less than a quarter of that, before it is measured again.
    const REST: u8 = 63;

    /// The caller alone. Systems run one after the other, without jobs.
    #[must_use]
    pub fn inline() -> Workers {
        Workers::new(1)
    }

    /// The caller and threads, so many in all. Where the system has no more threads to give there are fewer.
    #[must_use]
    pub fn new(thread_count: usize) -> Workers {
        let pool = Arc::new(Pool {
            batches: Mutex::new(Queue {
                batches: VecDeque::new(),
                is_closed: false,
            }),
            wake: Condvar::new(),
        });
        let threads = (1..thread_count)
            .filter_map(|_| {
                let pool = Arc::clone(&pool);
                Builder::new().spawn(move || pool.serve()).ok()
            })
            .collect();
        Workers {
            pool,
            threads,
            order: Order::AsMade,
            choice: Choice::Measured,
        }
    }

    /// Makes jobs of every level, however little there is to do; for tests. Results do not depend on it.
    #[must_use]
    pub fn always(mut self) -> Workers {
        self.choice = Choice::Always;
        self
    }

    /// Takes jobs in an order drawn from a seed, another one each time; for tests. Results do not depend on it.
    #[must_use]
    pub const fn permuted(mut self, seed: u64) -> Workers {
        self.order = Order::Permuted(seed);
        self
    }

    /// Whether work that is worth it in any case is made jobs of.
    pub(crate) fn are_several(&self) -> bool {
        !self.threads.is_empty() || matches!(self.choice, Choice::Always)
    }

    /// Whether a level is worth making jobs of.
    #[inline]
    pub(crate) fn wants_jobs(&self, cost: &LevelCost) -> bool {
        match &self.choice {
            Choice::Always => true,
            Choice::Measured => !self.threads.is_empty() && cost.time >= Workers::JOBS_COST_MIN,
        }
    }

    /// Starts to measure a level that runs inline, where that is of use.
    #[inline]
    pub(crate) fn start(&self, cost: &mut LevelCost) -> Timer {
        if self.threads.is_empty() {
            return Timer(None);
        }
        if cost.rest > 0 {
            cost.rest -= 1;
            return Timer(None);
        }
        Timer(Some(Instant::now()))
    }

    /// Remembers what a level took.
    #[inline]
    pub(crate) fn stop(&self, timer: Timer, cost: &mut LevelCost) {
        if let Timer(Some(start)) = timer {
            cost.time = start.elapsed();
            let is_small = cost.time < Workers::JOBS_COST_MIN / 4;
            cost.rest = if is_small { Workers::REST } else { 0 };
        }
    }

    /// Which order of commuting systems is tried in a tick, for tests.
    pub(crate) const fn shuffle(&self, tick: u64) -> Option<u64> {
        match self.order {
            Order::AsMade => None,
            Order::Permuted(seed) => Some(seed ^ tick.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
        }
    }

    /// Runs the jobs; the batch's number goes into the order of tests. All jobs come back, also those that panicked.
    pub(crate) fn run(
        &self,
        jobs: Vec<Box<dyn Job>>,
        number: u64,
        cost: &mut LevelCost,
    ) -> Finished {
        let count = jobs.len();
        let batch = Arc::new(Batch {
            sequence: self.sequence(count, number),
            jobs: jobs.into_iter().map(|job| Mutex::new(Some(job))).collect(),
            next: AtomicUsize::new(0),
            left: Mutex::new(Left {
                count,
                panic: None,
                cost: Duration::ZERO,
            }),
            done: Condvar::new(),
        });
        if count > 1 && !self.threads.is_empty() {
            lock(&self.pool.batches)
                .batches
                .push_back(Arc::clone(&batch));
            self.pool.wake.notify_all();
        }
        batch.work();
        let (time, panic) = batch.wait();
        cost.time = time;
        let mut queue = lock(&self.pool.batches);
        queue.batches.retain(|other| !Arc::ptr_eq(other, &batch));
        drop(queue);
        let take = |job: &Mutex<Option<Box<dyn Job>>>| lock(job).take();
        Finished {
            jobs: batch.jobs.iter().filter_map(take).collect(),
            panic,
        }
    }

    fn sequence(&self, count: usize, number: u64) -> Vec<usize> {
        let mut sequence: Vec<usize> = (0..count).collect();
        if let Order::Permuted(seed) = self.order {
            let mut dice = Pcg32::new(seed, number);
            for last in (1..count).rev() {
                let other = dice.bounded_u64(last as u64 + 1).unwrap_or(0);
                sequence.swap(last, other as usize);
            }
        }
        sequence
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        lock(&self.pool.batches).is_closed = true;
        self.pool.wake.notify_all();
        for thread in self.threads.drain(..) {
            // A thread ends without a panic: jobs' panics are caught and told by `run`.
            let _ = thread.join();
        }
    }
}

impl Pool {
    /// A thread's life.
    fn serve(&self) {
        while let Some(batch) = self.wait() {
            batch.work();
            let mut queue = lock(&self.batches);
            queue.batches.retain(|other| !Arc::ptr_eq(other, &batch));
        }
    }

    /// The next batch, or `None` when there will be no more.
    fn wait(&self) -> Option<Arc<Batch>> {
        let mut queue = lock(&self.batches);
        loop {
            if let Some(batch) = queue.batches.front() {
                return Some(Arc::clone(batch));
            }
            if queue.is_closed {
                return None;
            }
            queue = self
                .wake
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Batch {
    /// Runs jobs until none is left that nobody has.
    fn work(&self) {
        loop {
            let turn = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(index) = self.sequence.get(turn) else {
                return;
            };
            let start = Instant::now();
            let mut place = lock(&self.jobs[*index]);
            let result = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| {
                if let Some(job) = place.as_mut() {
                    job.run();
                }
            }));
            drop(place);
            let mut left = lock(&self.left);
            left.count -= 1;
            left.cost += start.elapsed();
            if let Err(panic) = result {
                // Of several the one in canonical order is told, whoever was first.
                let is_first = left.panic.as_ref().is_none_or(|(other, _)| index < other);
                if is_first {
                    left.panic = Some((*index, panic));
                }
            }
            if left.count == 0 {
                self.done.notify_all();
            }
        }
    }

    /// Waits until all jobs are done: what they took, added up, and the first panic.
    fn wait(&self) -> (Duration, Option<Panic>) {
        let mut left = lock(&self.left);
        while left.count > 0 {
            left = self.done.wait(left).unwrap_or_else(PoisonError::into_inner);
        }
        let panic = left.panic.take().map(|(_, panic)| Panic(panic));
        (left.cost, panic)
    }
}
