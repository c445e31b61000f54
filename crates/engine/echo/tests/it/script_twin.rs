//! Edits of scripts against a slow twin: random programs of calls, done at once on maps of entities.

use crate::script_parts::rig;
use gatos_echo::Entity;
use gatos_echo::script::ScriptSource;
use gatos_numbers::Pcg32;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// `mass` and `position` of an entity, where it has them.
type Parts = (Option<f64>, Option<(f64, f64)>);

/// The twin: entities by handle, slots freed last used first, `mass` and `position.x`/`y` as options.
#[derive(Default)]
struct Twin {
    living: BTreeMap<(u32, u32), Parts>,
    freed: Vec<(u32, u32)>,
    slot_count: u32,
}

impl Twin {
    fn spawn(&mut self, mass: Option<f64>, position: Option<(f64, f64)>) -> (u32, u32) {
        let handle = match self.freed.pop() {
            Some((index, generation)) => (index, generation + 1),
            None => {
                self.slot_count += 1;
                (self.slot_count - 1, 1)
            }
        };
        self.living.insert(handle, (mass, position));
        handle
    }
}

/// A moment's calls as Lua, and what they come to in the twin.
fn moment(twin: &mut Twin, dice: &mut Pcg32) -> String {
    let mut lua = String::new();
    let mut draw = |below: u32| dice.bounded(below).expect("a bound");
    for _ in 0..draw(12) {
        let value = f64::from(draw(100));
        let handles: Vec<(u32, u32)> = twin.living.keys().copied().collect();
        let action = if handles.is_empty() { 0 } else { draw(8) };
        if action < 2 {
            let (mass, position) = (draw(2) > 0, draw(2) > 0);
            let handle = twin.spawn(mass.then_some(value), position.then_some((value, 0.0)));
            let mass = if mass {
                format!("mass = {value},")
            } else {
                String::new()
            };
            let position = if position {
                format!("position = {{x = {value}}}")
            } else {
                String::new()
            };
            let number = u64::from(handle.1) << 32 | u64::from(handle.0);
            writeln!(lua, "expect({number}, echo.spawn{{{mass} {position}}})").expect("text grows");
            continue;
        }
        let handle = handles[draw(handles.len() as u32) as usize];
        let number = u64::from(handle.1) << 32 | u64::from(handle.0);
        let (mass, position) = twin.living.get_mut(&handle).expect("it lives");
        match action {
            2 => {
                twin.living.remove(&handle);
                twin.freed.push(handle);
                writeln!(lua, "echo.despawn({number})")
            }
            3 => {
                *mass = Some(value);
                writeln!(lua, "echo.add({number}, 'mass', {value})")
            }
            4 => {
                *mass = None;
                writeln!(lua, "echo.remove({number}, 'mass')")
            }
            5 => {
                *position = Some((0.0, value));
                writeln!(lua, "echo.add({number}, 'position', {{y = {value}}})")
            }
            // A script sees the world as it was: whether it is there now, only the twin knows.
            6 => {
                if let Some(mass) = mass {
                    *mass = value;
                }
                writeln!(lua, "pcall(echo.set, {number}, 'mass', {value})")
            }
            _ => {
                if let Some((x, y)) = position {
                    (*x, *y) = (value, value + 1.0);
                }
                writeln!(
                    lua,
                    "pcall(echo.set, {number}, 'position.x', {value}, 'position', {{y = {value} + 1}})"
                )
            }
        }
        .expect("text grows");
    }
    lua
}

#[test]
fn edits_do_what_their_twin_does() {
    for seed in 0..30 {
        let mut dice = Pcg32::new(seed, 1);
        let mut twin = Twin::default();
        let mut source = String::from(
            "local function expect(a, b) if a ~= b then error(a .. ' is not ' .. b) end end\n",
        );
        let mut states = Vec::new();
        for tick in 0..12 {
            let lua = moment(&mut twin, &mut dice);
            write!(source, "local function tick{tick}()\n{lua}end\n").expect("text grows");
            states.push(twin.living.clone());
        }
        let names: Vec<String> = (0..12).map(|tick| format!("tick{tick}")).collect();
        write!(
            source,
            "local ticks = {{{}}}\nfunction update() ticks[echo.tick() + 1]() end",
            names.join(", ")
        )
        .expect("text grows");
        let mut rig = rig(&[ScriptSource::new("main.lua", &source)]);
        let registry = rig.simulation.world().registry().clone();
        let (mass_id, position_id) = (registry.id("mass"), registry.id("position"));
        for (tick, state) in states.iter().enumerate() {
            rig.step(&[])
                .unwrap_or_else(|error| panic!("seed {seed}: {error}"));
            let world = rig.simulation.world();
            let mut found = BTreeMap::new();
            for entity in world.entities() {
                let float = |bytes: &[u8]| f64::from_le_bytes(bytes.try_into().expect("8 bytes"));
                let row = |id| world.get_row(entity, id).ok();
                let mass = mass_id.and_then(row).map(|row| float(&row));
                let position = position_id.and_then(row);
                let position = position.map(|row| (float(&row[..8]), float(&row[8..])));
                found.insert(key(entity), (mass, position));
            }
            assert_eq!(&found, state, "seed {seed}, tick {tick}");
        }
    }
}

fn key(entity: Entity) -> (u32, u32) {
    (entity.index(), entity.generation())
}
