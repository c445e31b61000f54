//! Pace: how many ticks are due, from how much time went by.
//!
//! A world has only ticks of one length. Whoever drives it measures time and asks here; what is left of a tick is kept, in
//! whole numbers, so nothing is lost or gained over days. No clock is read here, and nothing of this is part of a world.
//!
//! INVARIANT: over any sequence of calls, ticks and rest add up to the time that went by, but for ticks that were left out.
//! Tests: `tests/it/authoring.rs`.

/// Gives out ticks as time goes by.
///
/// ```
/// use gatos_echo::pace::Pace;
///
/// let mut pace = Pace::new(60).expect("more than none a second");
/// assert_eq!(pace.advance(60_000_000), 3); // 60 ms are three ticks and 60 % of one
/// assert_eq!(pace.advance(7_000_000), 1);
/// pace.pause();
/// assert_eq!(pace.advance(1_000_000_000), 0);
/// pace.step(2); // ticks by hand
/// assert_eq!(pace.advance(0), 2);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    ticks_per_second: u32,
    ticks_max: u32,
    /// Nanoseconds that went by and were not given out, times ticks a second.
    rest: u64,
    is_paused: bool,
    asked: u32,
    left_out: u64,
}

impl Pace {
    const SECOND: u64 = 1_000_000_000;
    /// How many ticks are given out at once if nothing is said.
    pub const TICKS_MAX: u32 = 8;

    /// So many ticks a second; `None` for 0.
    #[must_use]
    pub const fn new(ticks_per_second: u32) -> Option<Pace> {
        if ticks_per_second == 0 {
            return None;
        }
        Some(Pace {
            ticks_per_second,
            ticks_max: Pace::TICKS_MAX,
            rest: 0,
            is_paused: false,
            asked: 0,
            left_out: 0,
        })
    }

    /// Gives out at most so many ticks at once; what is more is left out, so that a world that is slow does not fall ever
    /// further behind.
    #[must_use]
    pub const fn ticks_max(mut self, count: u32) -> Pace {
        self.ticks_max = count;
        self
    }

    /// How many ticks are due after so many nanoseconds more. While it is paused time does not count.
    pub fn advance(&mut self, nanoseconds: u64) -> u32 {
        let mut due = u64::from(core::mem::take(&mut self.asked));
        if !self.is_paused {
            let rate = u128::from(self.ticks_per_second);
            let sum = u128::from(self.rest) + u128::from(nanoseconds) * rate;
            self.rest = (sum % u128::from(Pace::SECOND)) as u64;
            let ticks = u64::try_from(sum / u128::from(Pace::SECOND)).unwrap_or(u64::MAX);
            due = due.saturating_add(ticks);
        }
        let now = due.min(self.ticks_max.into());
        self.left_out = self.left_out.saturating_add(due - now);
        now as u32
    }

    /// What went by of the tick to come, in thousandths: for drawing between two ticks.
    #[must_use]
    pub const fn thousandths(&self) -> u32 {
        (self.rest / (Pace::SECOND / 1000)) as u32
    }

    /// Stops; time does not count from now on.
    pub const fn pause(&mut self) {
        self.is_paused = true;
    }

    /// Goes on.
    pub const fn resume(&mut self) {
        self.is_paused = false;
    }

    /// Whether it is paused.
    #[must_use]
    pub const fn is_paused(&self) -> bool {
        self.is_paused
    }

    /// Asks for ticks by hand, paused or not; the next call to [`Pace::advance`] gives them out.
    pub const fn step(&mut self, count: u32) {
        self.asked = self.asked.saturating_add(count);
    }

    /// How many ticks were left out so far.
    #[must_use]
    pub const fn left_out(&self) -> u64 {
        self.left_out
    }
}
