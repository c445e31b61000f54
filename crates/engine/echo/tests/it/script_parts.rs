//! A world for tests of scripts: components as records, one tick is a tenth of a second.

use gatos_echo::bus::Draft;
use gatos_echo::schedule::{TickError, TickReport, Workers};
use gatos_echo::script::{ScriptSet, ScriptSource, Scripts};
use gatos_echo::simulation::{Input, Simulation, SimulationBuilder, StepError};
use gatos_echo::{Field, FieldKind};

/// A simulation with scripts, and what they logged.
pub struct Rig {
    pub simulation: Simulation,
    pub workers: Workers,
    pub log: Vec<String>,
    pending: Vec<Input>,
}

/// The builder with the components of tests.
pub fn builder() -> SimulationBuilder {
    let one = |name: &str, kind| Field::new(name, kind, 1);
    let mut every: Vec<Field> = FieldKind::ALL
        .iter()
        .map(|kind| one(kind.as_str(), *kind))
        .collect();
    every.push(Field::new("list", FieldKind::I64, 3));
    Simulation::builder()
        .ticks_per_second(10)
        .record(
            "position",
            &[one("x", FieldKind::F64), one("y", FieldKind::F64)],
        )
        .record("mass", &[one("0", FieldKind::F64)])
        .record("frozen", &[])
        .record(
            "wind",
            &[one("x", FieldKind::F64), one("y", FieldKind::F64)],
        )
        .record("every", &every)
        .record(
            "tags",
            &[
                one("a", FieldKind::U8),
                Field::new("list", FieldKind::U8, 3),
                one("who", FieldKind::Entity),
            ],
        )
}

/// A world with these scripts.
pub fn rig(scripts: &[ScriptSource]) -> Rig {
    Rig::new(&ScriptSet {
        scripts: scripts.to_vec(),
        ..ScriptSet::default()
    })
}

impl Rig {
    pub fn new(set: &ScriptSet) -> Rig {
        Rig::with(builder(), set)
    }

    pub fn with(builder: SimulationBuilder, set: &ScriptSet) -> Rig {
        let set = set.clone();
        let simulation = builder
            .scripts(move |registry| {
                let scripts = Scripts::new(&set, registry).map_err(|error| error.to_string())?;
                Ok(Box::new(scripts))
            })
            .build()
            .unwrap_or_else(|error| panic!("{error}"));
        Rig {
            simulation,
            workers: Workers::inline(),
            log: Vec::new(),
            pending: Vec::new(),
        }
    }

    pub fn step(&mut self, inputs: &[Input]) -> Result<TickReport, StepError> {
        let report = self.simulation.step(inputs, &self.workers)?;
        self.log
            .extend(report.log.iter().map(|line| line.text.clone()));
        Ok(report)
    }

    /// An event from outside, for the next [`Rig::step_pending`].
    pub fn emit(&mut self, kind: &str) {
        self.pending.push(Input::Emit(Draft::new(kind, &[0])));
    }

    pub fn step_pending(&mut self) -> Result<TickReport, StepError> {
        let inputs = std::mem::take(&mut self.pending);
        self.step(&inputs)
    }
}

/// What scripts log in so many ticks, the last of which says so; or the error that stops one.
pub fn log_of(rig: &mut Rig, ticks: u64) -> String {
    for tick in 1..=ticks {
        let inputs: &[Input] = if tick == ticks { &[Input::Stop] } else { &[] };
        if let Err(error) = rig.step(inputs) {
            return format!("error: {}", short(&error));
        }
    }
    rig.log.join("|")
}

/// Script and reason, without the phase.
fn short(error: &StepError) -> String {
    match error {
        StepError::Tick(TickError::Script { script, reason, .. }) => format!("{script}: {reason}"),
        other => other.to_string(),
    }
}
