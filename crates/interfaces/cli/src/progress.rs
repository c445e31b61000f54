//! Progress: one bar a stage of long work, on standard error, where a terminal looks on.
//!
//! The node reports `Progress` as it goes; [`Bars`] draws it. Tests: progress/tests.rs.

use crate::escape::escaped;
use crate::text::grouped;
use gatos_node::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::fmt;

#[cfg(test)]
mod tests;

/// Redraws a second, at most; a terminal over a slow line is not flooded.
const REDRAWS_PER_SECOND: u8 = 10;

/// How a bar with a known end looks.
const TEMPLATE_COUNTED: &str = "{msg:24} [{bar:30}] {human_pos}/{human_len} {rate} {eta}";
/// How a bar without one looks.
const TEMPLATE_OPEN: &str = "{msg:24} {spinner} {human_pos} {rate}";

/// Draws the stages of one piece of work, one after the other.
pub struct Bars {
    visible: bool,
    current: Option<(String, ProgressBar)>,
}

impl Bars {
    /// Bars that draw, or that only swallow what they are told.
    pub fn new(visible: bool) -> Bars {
        Bars {
            visible,
            current: None,
        }
    }

    /// Draws a report; a new stage ends the bar before it.
    pub fn draw(&mut self, progress: Progress<'_>) {
        if !self.visible {
            return;
        }
        if self
            .current
            .as_ref()
            .is_none_or(|(stage, _)| stage != progress.stage)
        {
            self.finish();
            let bar = bar(progress.stage, progress.total);
            self.current = Some((progress.stage.to_owned(), bar));
        }
        if let Some((_, bar)) = &self.current {
            if let Some(total) = progress.total {
                bar.set_length(total);
            }
            bar.set_position(progress.done);
        }
    }

    /// What work reports to; the bars go when it goes.
    pub fn on_progress(mut self) -> impl FnMut(Progress<'_>) {
        move |progress| self.draw(progress)
    }

    /// Takes the bar away, so that what follows stands on clean lines.
    pub fn finish(&mut self) {
        if let Some((_, bar)) = self.current.take() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        self.finish();
    }
}

fn bar(stage: &str, total: Option<u64>) -> ProgressBar {
    let target = ProgressDrawTarget::stderr_with_hz(REDRAWS_PER_SECOND);
    let bar = ProgressBar::with_draw_target(total, target).with_message(escaped(stage).to_string());
    let template = if total.is_some() {
        TEMPLATE_COUNTED
    } else {
        TEMPLATE_OPEN
    };
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let style = style.with_key(
        "rate",
        |state: &ProgressState, text: &mut dyn fmt::Write| {
            // A fraction of an event a second tells nobody anything; text that cannot be written is not shown.
            let _ = write!(text, "{}/s", grouped(state.per_sec() as u64));
        },
    );
    bar.set_style(style.progress_chars("=> "));
    bar
}
