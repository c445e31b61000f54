//! `gatos echo bisect`: where two recordings of one world part, and who is to blame.

use super::replay::{blame_text, blame_value, outcome_text, outcome_value};
use super::tape;
use crate::console::{Answer, Console, Ending, document};
use crate::input;
use crate::manual::{Manual, Reply, example, field, optional};
use crate::text::{Text, Tone, counted, grouped};
use gatos_echo::recording::Recording;
use gatos_echo::replay::{Bisection, Difference, Explanation, bisect, explain};
use gatos_node::{Outcome, reply};
use gatos_values::Value;
use std::path::PathBuf;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "echo bisect",
    examples: &[
        example(
            "the same world, recorded by two machines",
            "gatos echo bisect mine.echo theirs.echo",
        ),
        example(
            "for a program",
            "gatos echo bisect mine.echo theirs.echo --json",
        ),
    ],
    reply: Reply::Document(&[
        field("ok", "whether every tick that both have is the same"),
        field("left", "the first file"),
        field("right", "the second file"),
        field("comparisons", "how many digests were compared"),
        optional("compared", "how many ticks both have, if all are the same"),
        optional(
            "difference",
            "`{tick, left, right, inputs, ends_alike}` of the first tick that is not, each side `{hash, events, draws, dropped, branches}` or `{error}`; `inputs` is `{index, left, right}` where what came from outside differs, else null; `ends_alike` whether the worlds are equal again after the last tick of both",
        ),
        optional(
            "again",
            "`{key_frame, ticks, as, stray}`: where doing it again began, how many ticks were made, whether the tick came out as in `left`, `right` or `neither`, and a tick before it that came out as in neither; absent where inputs differ or the recordings hold no sources",
        ),
        optional(
            "blame",
            "`{phase, kind, name, plugin, subject, entity, left, right, evidence}`, where evidence names somebody",
        ),
    ]),
    no_when: "a tick differs",
};

/// The names of the two sides.
const SIDES: [&str; 2] = ["left", "right"];

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Recording, as `gatos echo run --record` writes it
    #[arg(value_name = "LEFT")]
    left: PathBuf,
    /// Recording of the same world, made by another machine, build or run
    #[arg(value_name = "RIGHT")]
    right: PathBuf,
    /// Threads for systems; the result must not depend on it [default: as many as the machine has]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
}

/// What was found, with what doing it again showed.
struct Found {
    difference: Difference,
    shown: Option<Explanation>,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let (left, right) = (tape::read(&self.left)?, tape::read(&self.right)?);
        let left = tape::parse(&self.left, &left)?;
        let right = tape::parse(&self.right, &right)?;
        let bisection = bisect(&left, &right)
            .map_err(|error| tape::refused(&self.right, &error.to_string()))?;
        let mut fields = vec![
            ("left", reply::text(&input::shown(&self.left))),
            ("right", reply::text(&input::shown(&self.right))),
        ];
        let text = Text::new()
            .field("left", input::shown(&self.left))
            .field("right", input::shown(&self.right));
        match bisection {
            Bisection::Identical {
                ticks, comparisons, ..
            } => {
                fields.push(("comparisons", reply::count(comparisons.into())));
                fields.push(("compared", reply::count(ticks)));
                let text = text.toned(Tone::Good, "identical");
                let ticks = counted(ticks, "tick", "ticks");
                let text = text.say(format!(": {ticks} in both")).end();
                console.show(&document(true, fields), &text)?;
                Ok(Answer::Yes)
            }
            Bisection::Different(difference) => {
                let shown = self.again(&left, &right, &difference, console)?;
                let found = Found {
                    difference: *difference,
                    shown,
                };
                fields.extend(found.fields());
                console.show(&document(false, fields), &found.text(text))?;
                Ok(Answer::No)
            }
        }
    }

    /// Does the tick again, where a recording holds what the world is made of.
    fn again(
        &self,
        left: &Recording<'_>,
        right: &Recording<'_>,
        difference: &Difference,
        console: &mut Console,
    ) -> Outcome<Option<Explanation>> {
        let sides = [(&self.left, left), (&self.right, right)];
        let alone = sides
            .into_iter()
            .find(|(_, recording)| !recording.sources().is_empty());
        let Some((file, recording)) = alone.filter(|_| difference.inputs.is_none()) else {
            return Ok(None);
        };
        let mut simulation = tape::simulation(file, recording, console)?;
        let workers = super::workers(self.threads);
        let shown = explain(&mut simulation, left, right, difference, &workers);
        let shown = shown.map_err(|error| tape::refused(file, &error.to_string()))?;
        Ok(Some(shown))
    }
}

impl Found {
    /// Which side the tick came out as, here and now.
    fn replayed_as(&self) -> Option<&'static str> {
        let replayed = self.shown.as_ref()?.replayed.as_ref()?;
        Some(match replayed {
            outcome if *outcome == self.difference.left => SIDES[0],
            outcome if *outcome == self.difference.right => SIDES[1],
            _ => "neither",
        })
    }

    fn fields(&self) -> Vec<(&'static str, Value)> {
        let difference = &self.difference;
        let inputs = difference.inputs.as_ref().map(|inputs| {
            reply::object(vec![
                ("index", reply::count(inputs.index as u64)),
                (SIDES[0], reply::text(&inputs.left)),
                (SIDES[1], reply::text(&inputs.right)),
            ])
        });
        let value = reply::object(vec![
            ("tick", reply::count(difference.tick)),
            (SIDES[0], outcome_value(&difference.left)),
            (SIDES[1], outcome_value(&difference.right)),
            ("inputs", inputs.unwrap_or(Value::Null)),
            ("ends_alike", Value::Bool(difference.ends_alike)),
        ]);
        let mut fields = vec![
            ("comparisons", reply::count(difference.comparisons.into())),
            ("difference", value),
        ];
        if let Some(shown) = &self.shown {
            let replayed_as = self.replayed_as().map_or(Value::Null, reply::text);
            let again = reply::object(vec![
                ("key_frame", reply::count(shown.key_frame)),
                ("ticks", reply::count(shown.ticks)),
                ("as", replayed_as),
                ("stray", shown.stray.map_or(Value::Null, reply::count)),
            ]);
            fields.push(("again", again));
            let blame = shown.blame.as_ref();
            fields.extend(blame.map(|blame| ("blame", blame_value(blame, SIDES))));
        }
        fields
    }

    fn text(&self, text: Text) -> Text {
        let difference = &self.difference;
        let comparisons = counted(difference.comparisons.into(), "comparison", "comparisons");
        let tick = grouped(difference.tick);
        let text = text
            .toned(Tone::Bad, "different")
            .say(format!(": tick {tick}, found by {comparisons}"))
            .end()
            .field(SIDES[0], outcome_text(&difference.left))
            .field(SIDES[1], outcome_text(&difference.right));
        let text = match difference.ends_alike {
            true => text.field(
                "note",
                "the worlds are equal again after the last tick of both",
            ),
            false => text,
        };
        if let Some(inputs) = &difference.inputs {
            return text
                .field("input", inputs.index)
                .field(SIDES[0], &inputs.left)
                .field(SIDES[1], &inputs.right);
        }
        let Some(shown) = &self.shown else {
            let reason = "not done again: the recordings hold no sources, a Rust program made them";
            return text.field("again", reason);
        };
        let text = text.field("again", self.again(shown));
        match &shown.blame {
            Some(blame) => blame_text(text, blame, SIDES),
            None => text.field(
                "blame",
                "nobody: this build does not show both sides. Record with `--trace values` to see the step",
            ),
        }
    }

    fn again(&self, shown: &Explanation) -> String {
        let ticks = counted(shown.ticks, "tick", "ticks");
        let begin = format!("{ticks} from the key frame at tick {}", shown.key_frame);
        match (shown.stray, self.replayed_as()) {
            (Some(tick), _) => {
                format!("{begin}: tick {tick} comes out as in neither, so no further")
            }
            (None, Some("neither")) => format!("{begin}: it comes out as in neither"),
            (None, Some(side)) => format!("{begin}: it comes out as in {side}"),
            (None, None) => begin,
        }
    }
}
