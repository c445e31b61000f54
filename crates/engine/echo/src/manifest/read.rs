//! Reading a manifest: YAML to what it says, with every mistake at its place.
//!
//! Tests: `tests/it/manifest.rs`.

use super::sheet::Sheet;
use super::{
    ComponentUse, EntityUse, InputUse, Manifest, ModuleUse, Options, PluginUse, RelationUse,
    ScriptUse,
};
use crate::bus::{Lane, Overflow};
use crate::component::{Field, FieldKind, Schema};
use crate::registry::Registry;
use crate::schedule::Phase;
use crate::script::ScriptLimits;
use crate::simulation::SimulationBuilder;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use gatos_yaml::{Data, Entry, Finding, Node, Position};

/// Keys of a manifest.
const KEYS: &[&str] = &[
    "world",
    "tick_rate",
    "seed",
    "single_writer",
    "components",
    "relations",
    "resources",
    "entities",
    "plugins",
    "capabilities",
    "modules",
    "scripts",
    "limits",
    "bus",
    "inputs",
];
const SCRIPT_KEYS: &[&str] = &[
    "file",
    "attach",
    "reads",
    "writes",
    "reads_resources",
    "writes_resources",
    "emits",
];
const INPUT_KEYS: &[&str] = &["tick", "emit", "payload", "phase", "lane"];
/// Most entities that one line of a manifest makes.
const COUNT_MAX: u64 = 10_000_000;

pub(super) fn manifest(source: &[u8]) -> Result<Manifest, Vec<Finding>> {
    let start = Position::START;
    let Ok(text) = core::str::from_utf8(source) else {
        let message = "the manifest is not UTF-8".to_string();
        return Err(Vec::from([Finding::error(
            start,
            "encoding",
            message,
            "save it as UTF-8",
        )]));
    };
    let node = gatos_yaml::parse(text).map_err(|error| {
        let hint = error.kind.hint();
        let finding = Finding::error(error.position, "yaml", error.kind.to_string(), hint);
        Vec::from([finding])
    })?;
    let mut reader = Reader {
        sheet: Sheet::new(text),
        manifest: blank(),
    };
    reader.everything(&node);
    if reader.sheet.findings.is_empty() {
        Ok(reader.manifest)
    } else {
        Err(reader.sheet.findings)
    }
}

fn blank() -> Manifest {
    Manifest {
        name: String::new(),
        ticks_per_second: SimulationBuilder::TICKS_PER_SECOND,
        seed: String::new(),
        is_strict: false,
        components: Vec::new(),
        relations: Vec::new(),
        resources: Vec::new(),
        entities: Vec::new(),
        plugins: Vec::new(),
        capabilities: Vec::new(),
        modules: Vec::new(),
        scripts: Vec::new(),
        limits: ScriptLimits::default(),
        lanes: Vec::new(),
        grants: Vec::new(),
        inputs: Vec::new(),
    }
}

struct Reader<'s> {
    sheet: Sheet<'s>,
    manifest: Manifest,
}

impl Reader<'_> {
    fn everything(&mut self, node: &Node) {
        let hint = "begin with `world: NAME`";
        let entries = self.sheet.map(node, "a manifest", hint);
        if self.sheet.findings.is_empty()
            && !entries.iter().any(|entry| entry.key.as_str() == "world")
        {
            self.sheet
                .wrong(node.position, "missing-key", "the world has no name", hint);
        }
        for entry in entries {
            self.entry(entry);
        }
    }

    fn entry(&mut self, entry: &Entry) {
        let value = &entry.value;
        match entry.key.as_str() {
            "world" => self.name(value),
            "tick_rate" => {
                let found = self.sheet.whole(value, "`tick_rate`", 1, 100_000);
                self.manifest.ticks_per_second = found.unwrap_or(1) as u32;
            }
            "seed" => self.seed(value),
            "single_writer" => self.single_writer(value),
            "components" => self.components(value),
            "relations" => self.relations(value),
            "resources" => self.resources(value),
            "entities" => self.entities(value),
            "plugins" => self.plugins(value),
            "capabilities" => {
                let hint = "list what plugins may need, such as `physics:body`";
                self.manifest.capabilities = self.sheet.texts(value, "`capabilities`", hint);
            }
            "modules" => self.modules(value),
            "scripts" => self.scripts(value),
            "limits" => self.limits(value),
            "bus" => self.bus(value),
            "inputs" => self.inputs(value),
            _ => self.sheet.unknown(entry, "a manifest", KEYS),
        }
    }

    fn name(&mut self, node: &Node) {
        let hint = "write `world: NAME`";
        let name = self.sheet.text(node, "`world`", hint).unwrap_or_default();
        let is_name = name
            .chars()
            .all(|letter| letter.is_ascii_graphic() || letter == ' ');
        if !is_name || name.len() > 128 {
            let message = "a world's name has 1 to 128 printable ASCII characters";
            self.sheet.wrong(node.position, "name", message, hint);
        }
        self.manifest.name = name;
    }

    fn seed(&mut self, node: &Node) {
        match &node.data {
            Data::Text(text) => self.manifest.seed = text.as_str().to_string(),
            Data::Number(_) => self.manifest.seed = self.sheet.written(node.position).to_string(),
            _ => {
                let message = format!("`seed` is a number or text, not {}", node.data.kind());
                self.sheet
                    .wrong(node.position, "kind", message, "write `seed: 7`");
            }
        }
    }

    fn single_writer(&mut self, node: &Node) {
        match &node.data {
            Data::Text(text) if text.as_str() == "strict" => self.manifest.is_strict = true,
            Data::Text(text) if text.as_str() == "ordered" => self.manifest.is_strict = false,
            _ => self.sheet.wrong(
                node.position,
                "word",
                "`single_writer` is `strict` or `ordered`",
                "write `single_writer: strict` to allow one writer of a component in a tick",
            ),
        }
    }

    fn components(&mut self, node: &Node) {
        let hint = "write `components: {position: {x: f64, y: f64}}`";
        for entry in self.sheet.map(node, "`components`", hint) {
            let name = entry.key.as_str();
            let fields = self.fields(&entry.value, name);
            // One at a time, so that each mistake has its place.
            let registered = Registry::builder().with_record(name, &fields).build();
            if let Err(error) = registered {
                let hint = "see the rules of names and fields in the guide of worlds";
                self.sheet
                    .wrong(entry.position, "component", error.to_string(), hint);
            } else if self.manifest.components.len() >= Registry::COMPONENTS_MAX - 64 {
                let message = "there are too many components";
                self.sheet
                    .wrong(entry.position, "component", message, "use fewer");
                return;
            }
            self.manifest.components.push(ComponentUse {
                position: entry.position,
                name: name.to_string(),
                fields,
            });
        }
    }

    fn relations(&mut self, node: &Node) {
        let hint = "write `relations: {follows: {}, rides: {goes_with_target: true}}`";
        for entry in self.sheet.map(node, "`relations`", hint) {
            let name = entry.key.as_str();
            let registered = Registry::builder().with_named_relation(name, false).build();
            if let Err(error) = registered {
                self.sheet
                    .wrong(entry.position, "relation", error.to_string(), hint);
                continue;
            }
            let mut goes_with_target = false;
            for option in self.sheet.map(&entry.value, "a relation", hint) {
                match (option.key.as_str(), &option.value.data) {
                    ("goes_with_target", Data::Bool(value)) => goes_with_target = *value,
                    ("goes_with_target", other) => {
                        let kind = other.kind();
                        let message = format!("`goes_with_target` is true or false, not {kind}");
                        self.sheet
                            .wrong(option.value.position, "kind", message, hint);
                    }
                    _ => self
                        .sheet
                        .unknown(option, "a relation", &["goes_with_target"]),
                }
            }
            self.manifest.relations.push(RelationUse {
                position: entry.position,
                name: name.to_string(),
                goes_with_target,
            });
        }
    }

    /// The fields of a component: a map of names to types, or one type for a component that is one number.
    fn fields(&mut self, node: &Node, name: &str) -> Vec<Field> {
        if let Data::Text(_) = node.data {
            return self.field(node, "0").into_iter().collect();
        }
        let hint = format!("write `{name}: {{x: f64}}`, or `{name}: f64` for one number");
        let what = format!("the component `{name}`");
        let entries = self.sheet.map(node, &what, &hint).iter();
        entries
            .filter_map(|entry| self.field(&entry.value, entry.key.as_str()))
            .collect()
    }

    /// A field: `f64`, or `f64[3]` for several.
    fn field(&mut self, node: &Node, name: &str) -> Option<Field> {
        let kinds: Vec<&str> = FieldKind::ALL.iter().map(|kind| kind.as_str()).collect();
        let hint = format!(
            "a type is one of {}, or several such as f64[3]",
            kinds.join(" ")
        );
        let text = self
            .sheet
            .text(node, &format!("the type of `{name}`"), &hint)?;
        let (kind, count) = match text.split_once('[') {
            None => (&*text, Some(1)),
            Some((kind, rest)) => (
                kind,
                rest.strip_suffix(']').and_then(|count| count.parse().ok()),
            ),
        };
        let kind = FieldKind::ALL.iter().find(|known| known.as_str() == kind);
        let count = count.filter(|count| (1..=Schema::SIZE_MAX as u32).contains(count));
        match (kind, count) {
            (Some(kind), Some(count)) => Some(Field::new(name, *kind, count)),
            _ => {
                let message = format!("`{text}` is no type of a field");
                self.sheet.wrong(node.position, "type", message, hint);
                None
            }
        }
    }

    fn resources(&mut self, node: &Node) {
        let hint = "write `resources: {wind: {x: 1, y: 0}}`";
        for entry in self.sheet.map(node, "`resources`", hint) {
            let resource = (
                entry.position,
                entry.key.as_str().to_string(),
                entry.value.clone(),
            );
            self.manifest.resources.push(resource);
        }
    }

    fn entities(&mut self, node: &Node) {
        let hint = "write `entities: [{count: 10, components: {mass: 1}}]`";
        let items: Vec<&Node> = self.sheet.list(node, "`entities`", hint).iter().collect();
        for item in items {
            let mut entity = EntityUse {
                position: item.position,
                count: 1,
                parts: Vec::new(),
            };
            for entry in self.sheet.map(item, "an entity", hint) {
                match entry.key.as_str() {
                    "count" => {
                        let count = self.sheet.whole(&entry.value, "`count`", 0, COUNT_MAX);
                        entity.count = count.unwrap_or(0) as u32;
                    }
                    "components" => {
                        for part in self.sheet.map(&entry.value, "`components`", hint) {
                            let name = part.key.as_str().to_string();
                            let part = (part.position, name, part.value.clone());
                            entity.parts.push(part);
                        }
                    }
                    _ => self
                        .sheet
                        .unknown(entry, "an entity", &["count", "components"]),
                }
            }
            self.manifest.entities.push(entity);
        }
    }

    fn plugins(&mut self, node: &Node) {
        let hint = "write `plugins: {flock: {cell: 8}}`";
        for entry in self.sheet.map(node, "`plugins`", hint) {
            let mut options = Options::default();
            for option in self.sheet.map(&entry.value, "a plugin", hint) {
                let name = option.key.as_str();
                let value = self
                    .sheet
                    .float(&option.value, &format!("the option `{name}`"));
                let value = value.unwrap_or_default();
                options
                    .values
                    .push((option.position, name.to_string(), value));
            }
            self.manifest.plugins.push(PluginUse {
                position: entry.position,
                id: entry.key.as_str().to_string(),
                options,
            });
        }
    }

    fn modules(&mut self, node: &Node) {
        let hint = "write `modules: {vector: lib/vector.lua}`";
        for entry in self.sheet.map(node, "`modules`", hint) {
            let name = entry.key.as_str().to_string();
            if let Some(file) = self.file(&entry.value, "a module", hint) {
                self.manifest.modules.push(ModuleUse {
                    position: entry.position,
                    name,
                    file,
                });
            }
        }
    }

    /// A path inside the world's folder.
    fn file(&mut self, node: &Node, what: &str, hint: &str) -> Option<String> {
        let path = self.sheet.text(node, what, hint)?;
        let is_inside = path.len() <= 128
            && path.ends_with(".lua")
            && !path.contains(['\\', ':', '\0'])
            && path.split('/').all(|part| !matches!(part, "" | "." | ".."));
        if is_inside {
            return Some(path);
        }
        let message = format!("`{path}` is no file of a world");
        let hint = "write a path inside the folder with `/` between names, `.lua` at the end and at most 128 bytes";
        self.sheet.wrong(node.position, "path", message, hint);
        None
    }

    fn scripts(&mut self, node: &Node) {
        let hint = "write `scripts: [main.lua]`";
        let items: Vec<&Node> = self.sheet.list(node, "`scripts`", hint).iter().collect();
        for item in items {
            let script = match &item.data {
                Data::Map(entries) => self.script(item.position, entries),
                _ => self.file(item, "a script", hint).map(|file| ScriptUse {
                    file,
                    ..ScriptUse::default()
                }),
            };
            if let Some(script) = script {
                self.manifest.scripts.push(ScriptUse {
                    position: Some(item.position),
                    ..script
                });
            }
        }
    }

    fn script(&mut self, position: Position, entries: &[Entry]) -> Option<ScriptUse> {
        let hint = "list names of components, such as [position]";
        let mut script = ScriptUse::default();
        for entry in entries {
            let value = &entry.value;
            let key = entry.key.as_str();
            match key {
                "file" => {
                    let hint = "write `file: main.lua`";
                    script.file = self.file(value, "`file`", hint)?;
                }
                "attach" => {
                    let hint =
                        "write `attach: position` to have an instance for each entity with it";
                    script.attached_to = self.sheet.text(value, "`attach`", hint);
                }
                "reads" => script.reads = Some(self.sheet.texts(value, "`reads`", hint)),
                "writes" => script.writes = Some(self.sheet.texts(value, "`writes`", hint)),
                "reads_resources" => {
                    script.reads_resources =
                        Some(self.sheet.texts(value, "`reads_resources`", hint));
                }
                "writes_resources" => {
                    script.writes_resources =
                        Some(self.sheet.texts(value, "`writes_resources`", hint));
                }
                "emits" => {
                    let hint = "list kinds of events, such as [spawned]";
                    script.emits = Some(self.sheet.texts(value, "`emits`", hint));
                }
                _ => self.sheet.unknown(entry, "a script", SCRIPT_KEYS),
            }
        }
        if script.file.is_empty() {
            let message = "the script has no file";
            self.sheet
                .wrong(position, "missing-key", message, "write `file: main.lua`");
            return None;
        }
        Some(script)
    }

    fn limits(&mut self, node: &Node) {
        let hint = "write `limits: {fuel: 1000000}`";
        let known = &["fuel", "memory_mib", "collector_units"];
        for entry in self.sheet.map(node, "`limits`", hint) {
            let value = &entry.value;
            let limits = &mut self.manifest.limits;
            match entry.key.as_str() {
                "fuel" => {
                    if let Some(fuel) = self.sheet.whole(value, "`fuel`", 1, 1 << 60) {
                        limits.fuel = fuel;
                    }
                }
                "memory_mib" => {
                    if let Some(size) = self.sheet.whole(value, "`memory_mib`", 1, 65_536) {
                        limits.memory_bytes = usize::try_from(size << 20).unwrap_or(usize::MAX);
                    }
                }
                "collector_units" => {
                    let units = self.sheet.whole(value, "`collector_units`", 0, 1 << 40);
                    if let Some(units) = units {
                        limits.collector_units = units;
                    }
                }
                _ => self.sheet.unknown(entry, "`limits`", known),
            }
        }
    }

    fn bus(&mut self, node: &Node) {
        let hint = "write `bus: {lanes: {update.normal: {capacity: 1000, overflow: drop_oldest}}}`";
        for entry in self.sheet.map(node, "`bus`", hint) {
            match entry.key.as_str() {
                "lanes" => {
                    for lane in self.sheet.map(&entry.value, "`lanes`", hint) {
                        self.lane(lane, hint);
                    }
                }
                "grants" => {
                    let hint = "write `grants: {main.lua: [cb:cross-branch]}`";
                    for grant in self.sheet.map(&entry.value, "`grants`", hint) {
                        let source = grant.key.as_str().to_string();
                        for capability in self.sheet.texts(&grant.value, "a grant", hint) {
                            self.manifest.grants.push((source.clone(), capability));
                        }
                    }
                }
                _ => self.sheet.unknown(entry, "`bus`", &["lanes", "grants"]),
            }
        }
    }

    fn lane(&mut self, entry: &Entry, hint: &str) {
        let name = entry.key.as_str();
        let parts = name.split_once('.');
        let parts = parts.and_then(|(phase, lane)| Some((phase_of(phase)?, lane_of(lane)?)));
        let Some((phase, lane)) = parts else {
            let message = format!("`{name}` is no lane: a phase, a dot, `priority` or `normal`");
            self.sheet.wrong(entry.position, "lane", message, hint);
            return;
        };
        let (mut capacity, mut overflow) = (crate::bus::BusConfig::LANE_CAPACITY, Overflow::Throw);
        for part in self.sheet.map(&entry.value, "a lane", hint) {
            match part.key.as_str() {
                "capacity" => {
                    let found = self.sheet.whole(&part.value, "`capacity`", 0, 1 << 24);
                    capacity = found.unwrap_or(0) as usize;
                }
                "overflow" => {
                    let word = self.sheet.text(&part.value, "`overflow`", hint);
                    overflow = match word.as_deref() {
                        Some("throw") => Overflow::Throw,
                        Some("drop_oldest") => Overflow::DropOldest,
                        Some("drop_newest") => Overflow::DropNewest,
                        _ => {
                            let message = "`overflow` is `throw`, `drop_oldest` or `drop_newest`";
                            self.sheet.wrong(part.value.position, "word", message, hint);
                            continue;
                        }
                    };
                }
                _ => self
                    .sheet
                    .unknown(part, "a lane", &["capacity", "overflow"]),
            }
        }
        self.manifest.lanes.push((phase, lane, capacity, overflow));
    }

    fn inputs(&mut self, node: &Node) {
        let hint = "write `inputs: [{tick: 10, emit: gust, payload: {x: 1}}]`";
        let items: Vec<&Node> = self.sheet.list(node, "`inputs`", hint).iter().collect();
        for item in items {
            let mut input = InputUse {
                position: item.position,
                tick: 0,
                kind: String::new(),
                payload: None,
                phase: Phase::default(),
                lane: Lane::default(),
            };
            for entry in self.sheet.map(item, "an input", hint) {
                self.input_part(entry, &mut input, hint);
            }
            if input.kind.is_empty() || input.kind.starts_with("echo.") || input.kind.len() > 128 {
                let message =
                    "an input emits a kind of 1 to 128 bytes that does not begin with `echo.`";
                self.sheet.wrong(item.position, "input", message, hint);
            }
            self.manifest.inputs.push(input);
        }
    }

    fn input_part(&mut self, entry: &Entry, input: &mut InputUse, hint: &str) {
        let value = &entry.value;
        match entry.key.as_str() {
            "tick" => input.tick = self.sheet.whole(value, "`tick`", 0, 1 << 53).unwrap_or(0),
            "emit" => input.kind = self.sheet.text(value, "`emit`", hint).unwrap_or_default(),
            "payload" => input.payload = Some(value.clone()),
            "phase" => {
                let word = self.sheet.text(value, "`phase`", hint);
                match word.as_deref().and_then(phase_of) {
                    Some(phase) => input.phase = phase,
                    None => {
                        let names: Vec<&str> = Phase::ALL
                            .iter()
                            .skip(1)
                            .map(|phase| phase.as_str())
                            .collect();
                        let message = "this is no phase that hears events";
                        let hint = format!("write one of {}", names.join(", "));
                        self.sheet.wrong(value.position, "word", message, hint);
                    }
                }
            }
            "lane" => {
                let word = self.sheet.text(value, "`lane`", hint);
                match word.as_deref().and_then(lane_of) {
                    Some(lane) => input.lane = lane,
                    None => {
                        let message = "a lane is `priority` or `normal`";
                        self.sheet.wrong(value.position, "word", message, hint);
                    }
                }
            }
            _ => self.sheet.unknown(entry, "an input", INPUT_KEYS),
        }
    }
}

fn phase_of(name: &str) -> Option<Phase> {
    let mut phases = Phase::ALL.into_iter().skip(1);
    phases.find(|phase| phase.as_str() == name)
}

fn lane_of(name: &str) -> Option<Lane> {
    match name {
        "priority" => Some(Lane::Priority),
        "normal" => Some(Lane::Normal),
        _ => None,
    }
}
