//! From sources to a simulation: plugins, components, scripts, the first entities, the inputs.
//!
//! Tests: `tests/it/manifest.rs`.

use super::sheet::{Sheet, SourceFinding};
use super::{MANIFEST_NAME, Manifest, Options, SEED_NAME, ScriptUse, Sources, value};
use crate::bus::{BusConfig, Draft};
use crate::registry::{ComponentId, Registry};
use crate::schedule::Signature;
use crate::script::{Edits, ModuleSource, Promises, ScriptSet, ScriptSource, Scripts};
use crate::simulation::{BuildError, Input, Plugin, Simulation};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use gatos_values::Blake3Digest;
use gatos_yaml::{Finding, Node, Position};

/// Makes the built-in plugin with an id. `None` where there is none; else the plugin, or what is wrong with an option.
pub type Catalogue<'a> = dyn Fn(&str, &Options) -> Option<Result<Box<dyn Plugin>, String>> + 'a;

/// A world that is ready to go.
pub struct Assembled {
    /// The simulation, at its first tick.
    pub simulation: Simulation,
    /// The inputs of ticks that have some.
    pub inputs: BTreeMap<u64, Vec<Input>>,
    /// What the world is called.
    pub name: String,
}

/// Puts a world together. Sources with a text called [`SEED_NAME`] have their seed from there.
///
/// # Errors
/// Everything that is wrong with the sources.
pub fn assemble(
    sources: &Sources,
    catalogue: &Catalogue<'_>,
) -> Result<Assembled, Vec<SourceFinding>> {
    let source = sources.get(MANIFEST_NAME).map(Vec::as_slice);
    let Some(source) = source else {
        let message = "the world has no manifest".to_string();
        let hint = "write a `world.yaml`";
        return Err(of_manifest([Finding::error(
            Position::START,
            "missing-file",
            message,
            hint,
        )]));
    };
    let manifest = Manifest::read(source).map_err(of_manifest)?;
    let text = core::str::from_utf8(source).unwrap_or_default();
    let mut builder = Assembly {
        sheet: Sheet::new(text),
        others: Vec::new(),
        manifest: &manifest,
        sources,
    };
    let seed = sources.get(SEED_NAME).map(Vec::as_slice);
    let simulation = builder.simulation(seed.unwrap_or(manifest.seed.as_bytes()), catalogue);
    let Some(mut simulation) = simulation else {
        return Err(builder.findings());
    };
    builder.fill(&mut simulation);
    let inputs = builder.inputs(simulation.world().registry());
    if builder.sheet.findings.is_empty() {
        Ok(Assembled {
            simulation,
            inputs,
            name: manifest.name,
        })
    } else {
        Err(builder.findings())
    }
}

fn of_manifest(findings: impl IntoIterator<Item = Finding>) -> Vec<SourceFinding> {
    let pair = |finding| SourceFinding {
        file: MANIFEST_NAME.to_string(),
        finding,
    };
    findings.into_iter().map(pair).collect()
}

struct Assembly<'a> {
    /// Findings of the manifest.
    sheet: Sheet<'a>,
    /// Findings of other files.
    others: Vec<SourceFinding>,
    manifest: &'a Manifest,
    sources: &'a Sources,
}

impl Assembly<'_> {
    fn findings(self) -> Vec<SourceFinding> {
        let mut findings = of_manifest(self.sheet.findings);
        findings.extend(self.others);
        findings
    }

    fn wrong(&mut self, position: Position, rule: &'static str, message: String, hint: &str) {
        self.sheet.wrong(position, rule, message, hint);
    }

    fn simulation(&mut self, seed: &[u8], catalogue: &Catalogue<'_>) -> Option<Simulation> {
        let manifest = self.manifest;
        let mut builder = Simulation::builder()
            .ticks_per_second(manifest.ticks_per_second)
            .seed(Blake3Digest::of(seed))
            .bus(self.bus())
            .settings(&self.settings());
        if manifest.is_strict {
            builder = builder.strict();
        }
        for capability in &manifest.capabilities {
            builder = builder.grant(capability);
        }
        for plugin in &manifest.plugins {
            match catalogue(&plugin.id, &plugin.options) {
                Some(Ok(made)) => builder = builder.boxed_plugin(made),
                Some(Err(reason)) => {
                    let hint = "see the plugin's options in the guide of worlds";
                    self.wrong(plugin.position, "option", reason, hint);
                }
                None => {
                    let message = format!("there is no plugin `{}`", plugin.id);
                    let hint = "`gatos echo run --help` names the guide that lists them";
                    self.wrong(plugin.position, "plugin", message, hint);
                }
            }
        }
        let mut seen = BTreeSet::new();
        for component in &manifest.components {
            if seen.insert(&component.name) {
                builder = builder.record(&component.name, &component.fields);
            }
        }
        for relation in &manifest.relations {
            if seen.insert(&relation.name) {
                builder = builder.named_relation(&relation.name, relation.goes_with_target);
            } else {
                self.twice_named(relation.position, &relation.name);
            }
        }
        let set = self.script_set();
        if !self.sheet.findings.is_empty() || !self.others.is_empty() {
            return None;
        }
        if !set.scripts.is_empty() {
            let check = set.clone();
            builder = builder.scripts(move |registry| {
                let scripts = Scripts::new(&check, registry).map_err(|error| error.to_string())?;
                Ok(Box::new(scripts))
            });
        }
        match builder.build() {
            Ok(simulation) => Some(simulation),
            Err(error) => {
                self.build_error(&error, &set);
                None
            }
        }
    }

    /// Puts a mistake of the whole down to its part, as far as it is known.
    fn build_error(&mut self, error: &BuildError, set: &ScriptSet) {
        let manifest = self.manifest;
        let reason = error.to_string();
        let of_component = manifest
            .components
            .iter()
            .find(|component| reason.contains(&format!("`{}`", component.name)));
        let of_relation = manifest
            .relations
            .iter()
            .find(|relation| reason.contains(&format!("`{}`", relation.name)));
        let of_plugin = manifest.plugins.iter().find(|plugin| {
            reason.contains(&format!("`{}`", plugin.id))
                || reason.contains(&format!("`{}:", plugin.id))
        });
        let (position, hint) = match error {
            BuildError::Scripts { .. } => return self.script_error(set, &reason),
            BuildError::Plugin(_) | BuildError::Schedule(_) | BuildError::Setup { .. } => (
                of_plugin.map(|plugin| plugin.position),
                "change the plugins, or grant what they need in `capabilities`",
            ),
            _ => (
                of_component
                    .map(|component| component.position)
                    .or_else(|| of_relation.map(|relation| relation.position)),
                "rename or change the component",
            ),
        };
        self.wrong(position.unwrap_or(Position::START), "world", reason, hint);
    }

    /// The scripts fit or not once it is known which components there are: asked again, one script at a time.
    fn script_error(&mut self, set: &ScriptSet, reason: &str) {
        let name = reason.split('`').nth(1).unwrap_or_default();
        let named = set.scripts.iter().position(|script| script.name == name);
        let script = named.and_then(|index| self.manifest.scripts.get(index));
        let position = script.and_then(|script| script.position);
        let reason = reason.strip_prefix("the scripts: ").unwrap_or(reason);
        let hint = "name registered components, each once, as `reads` or as `writes`";
        self.wrong(
            position.unwrap_or(Position::START),
            "script",
            reason.to_string(),
            hint,
        );
    }

    fn bus(&self) -> BusConfig {
        let mut bus = BusConfig::new();
        for (phase, lane, capacity, overflow) in &self.manifest.lanes {
            bus = bus.lane(*phase, *lane, *capacity, *overflow);
        }
        for (source, capability) in &self.manifest.grants {
            bus = bus.grant(source, capability);
        }
        bus
    }

    /// What else the simulation depends on: options of plugins, limits and rights of scripts. All of it is in the manifest.
    fn settings(&self) -> Vec<u8> {
        let manifest = self.sources.get(MANIFEST_NAME);
        let digest = Blake3Digest::of(manifest.map(Vec::as_slice).unwrap_or_default());
        digest.as_bytes().to_vec()
    }
}

/// Scripts.
impl Assembly<'_> {
    fn script_set(&mut self) -> ScriptSet {
        let manifest = self.manifest;
        let mut set = ScriptSet {
            limits: manifest.limits,
            ..ScriptSet::default()
        };
        let mut seen = BTreeSet::new();
        for script in &manifest.scripts {
            let position = script.position.unwrap_or(Position::START);
            if !seen.insert(&*script.file) {
                self.twice(position, &script.file);
            } else if let Some(source) = self.compiled(position, &script.file) {
                set.scripts.push(script_source(script, source));
            }
        }
        for module in &manifest.modules {
            if !seen.insert(&*module.file) {
                self.twice(module.position, &module.file);
            } else if let Some(source) = self.compiled(module.position, &module.file) {
                set.modules.push(ModuleSource {
                    name: module.name.clone(),
                    file: module.file.clone(),
                    source,
                });
            }
        }
        set
    }

    fn twice_named(&mut self, position: Position, name: &str) {
        let message = format!("`{name}` is a component or a relation already");
        self.wrong(position, "twice", message, "give it another name");
    }

    fn twice(&mut self, position: Position, file: &str) {
        let message = format!("`{file}` is named twice");
        self.wrong(position, "twice", message, "name each file once");
    }

    /// The text of a program that compiles; everything that is wrong with it is told.
    fn compiled(&mut self, position: Position, file: &str) -> Option<Vec<u8>> {
        let Some(source) = self.sources.get(file) else {
            let message = format!("there is no file `{file}`");
            let hint = "write the file, or correct its path";
            self.wrong(position, "missing-file", message, hint);
            return None;
        };
        let compiled = gatos_echolua::compile(source, gatos_echolua::Profile::Script);
        if compiled.module.is_some() {
            return Some(source.clone());
        }
        for finding in compiled.findings {
            if finding.severity != gatos_echolua::Severity::Error {
                continue;
            }
            let place = Position {
                line: finding.place.line,
                column: finding.place.column,
            };
            let finding = Finding::error(place, finding.rule, finding.message, finding.hint);
            self.others.push(SourceFinding {
                file: file.to_string(),
                finding,
            });
        }
        None
    }
}

fn script_source(script: &ScriptUse, source: Vec<u8>) -> ScriptSource {
    let lists = [
        &script.reads,
        &script.writes,
        &script.reads_resources,
        &script.writes_resources,
    ];
    let is_signed = lists.iter().any(|list| list.is_some());
    let [reads, writes, reads_resources, writes_resources] =
        lists.map(|list| list.clone().unwrap_or_default());
    ScriptSource {
        name: script.file.clone(),
        source,
        attached_to: script.attached_to.clone(),
        signature: is_signed.then_some(Signature {
            reads,
            writes,
            reads_resources,
            writes_resources,
        }),
        emits: script
            .emits
            .as_ref()
            .map(|kinds| kinds.iter().cloned().collect()),
    }
}

/// What is there from the beginning, and what comes from outside.
impl Assembly<'_> {
    fn fill(&mut self, simulation: &mut Simulation) {
        let registry = simulation.world().registry().clone();
        let manifest = self.manifest;
        for (position, name, node) in &manifest.resources {
            let Some((id, row)) = self.row(&registry, *position, name, node) else {
                continue;
            };
            if let Err(error) = simulation.world_mut().set_resource_row(id, &row) {
                self.wrong(*position, "resource", error.to_string(), "leave it out");
            }
        }
        let mut promises = Promises::new(simulation.world());
        let mut edits = Edits::default();
        for entity in &manifest.entities {
            let parts = entity.parts.iter();
            let mut rows: Vec<(ComponentId, Vec<u8>)> = parts
                .filter_map(|(position, name, node)| self.row(&registry, *position, name, node))
                .collect();
            rows.sort_by_key(|(id, _)| *id);
            let size = rows.iter().map(|(_, row)| row.len()).sum::<usize>();
            for _ in 0..entity.count {
                let promised = promises.spawn(simulation.world());
                let Some(promised) = promised.filter(|_| edits.has_room(size)) else {
                    let message = "the world has no room for so many entities".to_string();
                    self.wrong(entity.position, "entity", message, "lower the count");
                    return;
                };
                edits.spawn(promised, &rows);
            }
        }
        let mut refused = Vec::new();
        edits.apply(simulation.world_mut(), &mut refused);
        if let Some(error) = refused.first() {
            let message = error.to_string();
            self.wrong(Position::START, "entity", message, "change the entities");
        }
    }

    /// A component's id with the row that a node says.
    fn row(
        &mut self,
        registry: &Registry,
        position: Position,
        name: &str,
        node: &Node,
    ) -> Option<(ComponentId, Vec<u8>)> {
        let is_free = |id: &ComponentId| registry.kind(*id).relation().is_none();
        let id = registry.id(name).filter(|_| !name.starts_with("echo."));
        let Some(id) = id.filter(is_free) else {
            let message = format!("no component `{name}` is registered");
            let hint = "add it to `components`, or correct the name";
            self.wrong(position, "component", message, hint);
            return None;
        };
        match value::row(&self.sheet, registry.kind(id).schema(), node) {
            Ok(row) => Some((id, row)),
            Err(reason) => {
                let message = format!("`{name}`: {reason}");
                self.wrong(
                    position,
                    "value",
                    message,
                    "write values that its fields can hold",
                );
                None
            }
        }
    }

    fn inputs(&mut self, registry: &Registry) -> BTreeMap<u64, Vec<Input>> {
        let mut inputs: BTreeMap<u64, Vec<Input>> = BTreeMap::new();
        let manifest = self.manifest;
        for input in &manifest.inputs {
            let null = Node {
                position: input.position,
                data: gatos_yaml::Data::Null,
            };
            let node = input.payload.as_ref().unwrap_or(&null);
            let payload = match registry.id(&input.kind) {
                Some(id) => value::row(&self.sheet, registry.kind(id).schema(), node),
                None => value::world_value(&self.sheet, node),
            };
            match payload {
                Ok(payload) => {
                    let draft = Draft::new(&input.kind, &payload)
                        .phase(input.phase)
                        .lane(input.lane);
                    inputs
                        .entry(input.tick)
                        .or_default()
                        .push(Input::Emit(draft));
                }
                Err(reason) => {
                    let message = format!("`{}`: {reason}", input.kind);
                    let hint = "write a payload that an event can carry";
                    self.wrong(node.position, "value", message, hint);
                }
            }
        }
        inputs
    }
}
