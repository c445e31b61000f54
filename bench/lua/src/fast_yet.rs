//! The programs of are-we-fast-yet, each bundled into one file: they come as modules that `require` each other, which a
//! language without files cannot do.
//!
//! They are other people's and stay outside the repository: `GATOS_AWFY` names their folder `benchmarks/Lua`. A bundle holds
//! every module that its program asks for as a function, and a `require` of its own. Each program checks its own result.
//!
//! Tests: none; `main` compares the outputs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Programs and how often each repeats its work: a fraction of a second under stock Lua. Some check only few
/// numbers; `havlak` is left out, for its smallest takes a quarter of a minute.
const PROGRAMS: [(&str, u32); 13] = [
    ("bounce", 300),
    ("cd", 10),
    ("deltablue", 2000),
    ("json", 10),
    ("list", 200),
    ("mandelbrot", 500),
    ("nbody", 250_000),
    ("permute", 200),
    ("queens", 200),
    ("richards", 5),
    ("sieve", 500),
    ("storage", 100),
    ("towers", 100),
];

/// A program as one file for the Luas of today, and one for those with the numbers of 5.1.
pub struct Bundle {
    pub name: String,
    pub modern: PathBuf,
    pub old: PathBuf,
}

/// Writes every bundle into a folder.
pub fn bundles(folder: &Path, to: &Path) -> Result<Vec<Bundle>, String> {
    std::fs::create_dir_all(to).map_err(|error| format!("{}: {error}", to.display()))?;
    let mut bundles = Vec::new();
    for (name, count) in PROGRAMS {
        let modern = write(folder, to, name, count, true)?;
        let old = write(folder, to, name, count, false)?;
        bundles.push(Bundle {
            name: format!("awfy {name}"),
            modern,
            old,
        });
    }
    Ok(bundles)
}

fn write(
    folder: &Path,
    to: &Path,
    name: &str,
    count: u32,
    is_modern: bool,
) -> Result<PathBuf, String> {
    let mut modules = BTreeMap::new();
    gather(folder, name, is_modern, &mut modules)?;
    let mut text = String::from("local modules, loaded, outer = {}, {}, require\n");
    // The programs ask for it to find their operators; not every peer has it.
    let version = if is_modern { "5.4" } else { "5.1" };
    text += &format!("local _VERSION = 'Lua {version}'\n");
    text += "local function require(name)\n  \
             if loaded[name] == nil then loaded[name] = (modules[name] or outer)(name) end\n  \
             return loaded[name]\nend\n";
    for (module, source) in &modules {
        text += &format!("modules['{module}'] = function(...)\n{source}\nend\n");
    }
    text +=
        &format!("assert(require('{name}'):inner_benchmark_loop({count}))\nprint('{name} ok')\n");
    let age = if is_modern { "modern" } else { "old" };
    let path = to.join(format!("{name}-{age}.lua"));
    std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}

/// Reads a module and those it names in a `require` whose file is there.
fn gather(
    folder: &Path,
    name: &str,
    is_modern: bool,
    modules: &mut BTreeMap<String, String>,
) -> Result<(), String> {
    let path = folder.join(format!("{name}.lua"));
    let source =
        std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let names: Vec<String> = source.split("require").skip(1).filter_map(quoted).collect();
    modules.insert(String::from(name), source);
    for name in names {
        // Files whose name ends so have operators that the old Luas cannot read.
        let is_readable = is_modern || !name.ends_with("-53");
        let is_there = folder.join(format!("{name}.lua")).exists();
        if is_readable && is_there && !modules.contains_key(&name) {
            gather(folder, &name, is_modern, modules)?;
        }
    }
    Ok(())
}

/// The text in quotes that follows at once.
fn quoted(text: &str) -> Option<String> {
    let (name, _) = text.trim_start().strip_prefix('\'')?.split_once('\'')?;
    Some(String::from(name))
}
