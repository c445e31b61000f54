//! Writing a recording while a simulation runs.
//!
//! Tests: `tests/it/recording.rs`.

use super::body::{self, Failure, Header, PluginName, TickRecord};
use super::frame::{self, FrameKind};
use super::{TraceDepth, engine_id};
use crate::replay::{StepTrace, Tracer};
use crate::schedule::{Phase, Step, TickReport, Watch, Workers};
use crate::simulation::{Input, Manifest, Simulation, StepError};
use crate::world::World;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use gatos_values::Blake3Digest;

/// Where a recording goes, piece by piece.
pub trait Sink {
    /// Why a piece was not taken.
    type Error;

    /// Takes the next piece.
    ///
    /// # Errors
    /// Why it was not taken.
    fn write(&mut self, bytes: &[u8]) -> Result<(), Self::Error>;
}

impl Sink for Vec<u8> {
    type Error = core::convert::Infallible;

    fn write(&mut self, bytes: &[u8]) -> Result<(), Self::Error> {
        self.extend_from_slice(bytes);
        Ok(())
    }
}

/// What a recording holds beyond what it must.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecorderOptions {
    /// A key frame after so many ticks each; 0 for none but the first.
    pub key_frame_ticks: u64,
    /// How much is said about the steps of ticks.
    pub trace: TraceDepth,
}

/// Why a recording does not go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError<E> {
    /// The tick stopped, which was recorded. The branch is as before.
    #[error(transparent)]
    Step(StepError),
    /// The sink did not take a piece.
    #[error("the recording cannot be written: {0}")]
    Sink(E),
    /// Somebody wrote to the world since the last tick; a replay could not know.
    #[error("the world was changed outside of ticks before tick {tick}")]
    Changed {
        /// The tick.
        tick: u64,
    },
    /// A source with a name that is empty, too long or not behind the one before.
    #[error("`{name}` is no name of a source here: 1 to 65,535 bytes, names rising")]
    SourceName {
        /// The name.
        name: String,
    },
}

/// Writes down what a simulation does.
pub struct Recorder<S: Sink> {
    sink: S,
    seal: Blake3Digest,
    options: RecorderOptions,
    tick_count: u64,
    /// The world's hash when the last tick ended.
    world_hash: Blake3Digest,
    scratch: Vec<u8>,
}

impl<S: Sink> Recorder<S> {
    /// Begins with the world as it is. `sources` are files that the simulation was made from, names rising; with them a
    /// recording stands alone.
    ///
    /// # Errors
    /// [`RecordError::Sink`] or [`RecordError::SourceName`].
    pub fn begin(
        sink: S,
        simulation: &mut Simulation,
        sources: &[(&str, &[u8])],
        options: RecorderOptions,
    ) -> Result<Recorder<S>, RecordError<S::Error>> {
        check_names(sources)?;
        let mut recorder = Recorder {
            sink,
            seal: frame::first_seal(),
            options,
            tick_count: 0,
            world_hash: simulation.world_mut().hash(),
            scratch: Vec::new(),
        };
        recorder
            .sink
            .write(&frame::start())
            .map_err(RecordError::Sink)?;
        let header = header(simulation, options.trace).encode();
        recorder.write(FrameKind::Header, &header)?;
        for (name, bytes) in sources {
            let mut body = (name.len() as u16).to_le_bytes().to_vec();
            body.extend(name.as_bytes());
            body.extend(*bytes);
            recorder.write(FrameKind::Source, &body)?;
        }
        recorder.key_frame(simulation)?;
        Ok(recorder)
    }

    /// Makes one tick and writes it down.
    ///
    /// # Errors
    /// [`RecordError`]. After [`RecordError::Step`] the recording can end, and says why it did.
    pub fn step(
        &mut self,
        simulation: &mut Simulation,
        inputs: &[Input],
        workers: &Workers,
    ) -> Result<TickReport, RecordError<S::Error>> {
        self.step_watched(simulation, inputs, workers, None)
    }

    /// As [`Recorder::step`], seen by somebody who cannot change it.
    ///
    /// # Errors
    /// As [`Recorder::step`].
    pub fn step_watched(
        &mut self,
        simulation: &mut Simulation,
        inputs: &[Input],
        workers: &Workers,
        watch: Option<&mut dyn Watch>,
    ) -> Result<TickReport, RecordError<S::Error>> {
        let tick = simulation.world().tick();
        if simulation.world_mut().hash() != self.world_hash {
            return Err(RecordError::Changed { tick });
        }
        let mut steps = Vec::new();
        let result = self.run(simulation, inputs, workers, watch, &mut steps);
        let report = match result {
            Ok(report) => report,
            Err(error) => {
                self.failure(tick, inputs, &error)?;
                return Err(RecordError::Step(error));
            }
        };
        let record = TickRecord {
            tick,
            inputs: inputs.to_vec(),
            hash: simulation.hash(),
            events: report.delivered,
            draws: report.draws,
            dropped: report.dropped.clone(),
            forks: report.forks.clone(),
        };
        self.world_hash = simulation.world_mut().hash();
        let mut body = core::mem::take(&mut self.scratch);
        body.clear();
        record.encode(&mut body);
        self.write(FrameKind::Tick, &body)?;
        if self.options.trace != TraceDepth::None {
            body.clear();
            body::encode_trace(tick, &steps, &mut body);
            self.write(FrameKind::Trace, &body)?;
        }
        self.scratch = body;
        self.tick_count += 1;
        let every = self.options.key_frame_ticks;
        if every > 0 && self.tick_count.is_multiple_of(every) {
            self.key_frame(simulation)?;
        }
        Ok(report)
    }

    /// Ends the recording; gives back the sink.
    ///
    /// # Errors
    /// [`RecordError::Sink`].
    pub fn finish(mut self) -> Result<S, RecordError<S::Error>> {
        let count = self.tick_count.to_le_bytes();
        self.write(FrameKind::End, &count)?;
        Ok(self.sink)
    }

    /// The digest of everything written so far; the recording's name when it has ended.
    #[must_use]
    pub const fn seal(&self) -> Blake3Digest {
        self.seal
    }

    fn run(
        &self,
        simulation: &mut Simulation,
        inputs: &[Input],
        workers: &Workers,
        watch: Option<&mut dyn Watch>,
        steps: &mut Vec<StepTrace>,
    ) -> Result<TickReport, StepError> {
        if self.options.trace == TraceDepth::None {
            return match watch {
                Some(watch) => simulation.step_watched(inputs, workers, watch),
                None => simulation.step(inputs, workers),
            };
        }
        let mut both = Both {
            tracer: Tracer::new(simulation.world()),
            watch,
        };
        let report = simulation.step_watched(inputs, workers, &mut both)?;
        *steps = both.tracer.into_steps();
        if self.options.trace == TraceDepth::Digests {
            steps.iter_mut().for_each(StepTrace::forget_values);
        }
        Ok(report)
    }

    fn failure(
        &mut self,
        tick: u64,
        inputs: &[Input],
        error: &StepError,
    ) -> Result<(), RecordError<S::Error>> {
        if !body::is_recordable(inputs) {
            return Ok(());
        }
        let failure = Failure {
            tick,
            inputs: inputs.to_vec(),
            reason: error.to_string(),
        };
        let mut body = Vec::new();
        failure.encode(&mut body);
        self.write(FrameKind::Failure, &body)
    }

    fn key_frame(&mut self, simulation: &mut Simulation) -> Result<(), RecordError<S::Error>> {
        let mut body = simulation.world().tick().to_le_bytes().to_vec();
        body.extend(simulation.hash().as_bytes());
        body.extend(simulation.save());
        self.write(FrameKind::KeyFrame, &body)
    }

    fn write(&mut self, kind: FrameKind, body: &[u8]) -> Result<(), RecordError<S::Error>> {
        let mut bytes = Vec::with_capacity(body.len() + 41);
        let seal = frame::write(&mut bytes, self.seal, kind, body);
        self.sink.write(&bytes).map_err(RecordError::Sink)?;
        self.seal = seal;
        Ok(())
    }
}

/// A tracer, and whoever else watches.
struct Both<'a> {
    tracer: Tracer,
    watch: Option<&'a mut dyn Watch>,
}

impl Watch for Both<'_> {
    fn wants_digests(&self) -> bool {
        true
    }

    fn done(&mut self, phase: Phase, step: Step<'_>, world: &World) {
        if let Some(watch) = &mut self.watch {
            watch.done(phase, step, world);
        }
        self.tracer.done(phase, step, world);
    }
}

fn check_names<E>(sources: &[(&str, &[u8])]) -> Result<(), RecordError<E>> {
    let mut last = "";
    for (name, _) in sources {
        if *name <= last || name.len() > usize::from(u16::MAX) {
            let name = (*name).to_string();
            return Err(RecordError::SourceName { name });
        }
        last = name;
    }
    Ok(())
}

/// What the simulation is.
pub(crate) fn header(simulation: &Simulation, trace: TraceDepth) -> Header {
    let name = |manifest: &Manifest| PluginName {
        id: manifest.id().to_string(),
        version: manifest.version(),
    };
    let mut scripts = simulation.script_roots();
    scripts.sort();
    Header {
        engine: engine_id(),
        ticks_per_second: simulation.ticks_per_second(),
        identity: simulation.identity().clone(),
        component_count: simulation.world().registry().len() as u16,
        trace,
        plugins: simulation.manifests().iter().map(name).collect(),
        scripts,
    }
}
