//! Times of decisions beside Cedar, regorus and CEL, and the bars of the policy engine.
//!
//! Usage: `cargo run --release [-- CASE]`. Page: docs/benchmarks-policy.md.
#![forbid(unsafe_code)]

use std::hint::black_box;

use gatos_bench_policy::cedar::Cedar;
use gatos_bench_policy::cel::Cel;
use gatos_bench_policy::event::Bed;
use gatos_bench_policy::measure::{Figure, Run, cpu_ns, measure};
use gatos_bench_policy::ours::{Ours, asked, compiled};
use gatos_bench_policy::rego::Rego;
use gatos_bench_policy::{Engine, Peer, twenty};
use gatos_policy::language::{Policy, Request, compile, explain};
use gatos_values::Envelope;

fn main() {
    println!("20 rules; CPU time of one thread, best and median of 101 rounds\n");
    let cases: [(&str, fn(&str)); 7] = [
        ("decide, everything ready", decide),
        ("decide, nothing ready", decide_raw),
        ("parts of that", parts),
        ("explain", explained),
        ("compile", compiling),
        ("load and check a .rgc", loading),
        ("replay", replay),
    ];
    let wanted = std::env::args().nth(1).unwrap_or_default();
    for (name, case) in cases {
        if name.contains(&wanted) {
            case(name);
        }
    }
}

fn decide(name: &str) {
    let contenders = vec![
        ("gatos", ready::<Ours>()),
        (Cedar::NAME, ready::<Cedar>()),
        (Rego::NAME, ready::<Rego>()),
        (Cel::NAME, ready::<Cel>()),
    ];
    table(name, Some(250.0), contenders);
}

/// We begin with an event and the grants of its actor, the others with the text of a request.
fn decide_raw(name: &str) {
    let policy = policy();
    let bed = Bed::new(&policy);
    let contenders = vec![
        (
            "gatos",
            each(&bed.events, |event| {
                drop(black_box(bed.judge(&policy, event, 1)));
            }),
        ),
        (Cedar::NAME, parsed::<Cedar>()),
        (Rego::NAME, parsed::<Rego>()),
        (Cel::NAME, parsed::<Cel>()),
    ];
    table(name, Some(2000.0), contenders);
}

fn parts(name: &str) {
    let policy = policy();
    let bed = Bed::new(&policy);
    let (asked, events) = (requests(), bed.event_bytes());
    let contenders = vec![
        (
            "facts and decision",
            each(&asked, |asked| drop(black_box(policy.evaluate(asked)))),
        ),
        (
            "event as bytes",
            each(&events, |bytes| drop(black_box(Envelope::decode(bytes)))),
        ),
        (
            "bytes to decision",
            each(&events, |bytes| {
                let event = Envelope::decode(bytes).expect("an event");
                drop(black_box(bed.judge(&policy, &event, 1)));
            }),
        ),
    ];
    table(name, None, contenders);
}

fn explained(name: &str) {
    let compiled = compiled(&Ours::source(&twenty::rules()));
    let asked = requests();
    let explain = each(&asked, |asked| {
        drop(black_box(explain(
            &compiled.policy,
            asked,
            &compiled.source_map,
        )));
    });
    table(name, Some(10_000.0), vec![("gatos", explain)]);
}

fn compiling(name: &str) {
    let rules = twenty::rules();
    let (ours, cedar) = (Ours::source(&rules), Cedar::source(&rules));
    let (rego, cel) = (Rego::source(&rules), Cel::source(&rules));
    let contenders: Vec<(&str, Run<'_>)> = vec![
        ("gatos", Box::new(|| drop(black_box(compile(&ours))))),
        (
            Cedar::NAME,
            Box::new(|| drop(black_box(Cedar::compile(&cedar)))),
        ),
        (
            Rego::NAME,
            Box::new(|| drop(black_box(Rego::compile(&rego)))),
        ),
        (Cel::NAME, Box::new(|| drop(black_box(Cel::compile(&cel))))),
    ];
    table(name, Some(2_000_000.0), contenders);
}

fn loading(name: &str) {
    let policy = policy();
    let load = Box::new(|| drop(black_box(Policy::decode(policy.bytes()))));
    table(name, Some(50_000.0), vec![("gatos", load)]);
}

/// A million recorded events decided again, Git aside.
fn replay(name: &str) {
    const COUNT: u32 = 1_000_000;
    let policy = policy();
    let bed = Bed::new(&policy);
    let bytes = bed.event_bytes();
    let recorded: Vec<_> = bed
        .events
        .iter()
        .map(|event| bed.judge(&policy, event, 1))
        .collect();
    println!("{name} {COUNT} recorded decisions");
    let print = |what: &str, decide: &dyn Fn(usize) -> bool| {
        let start = cpu_ns();
        let indices = (0..bed.events.len()).cycle().take(COUNT as usize);
        let changed = indices.filter(|index| decide(*index)).count();
        let seconds = (cpu_ns() - start) / 1e9;
        println!("    {what:<24} {seconds:.2} s of 2 s, {changed} changed");
    };
    print("from events", &|index| {
        bed.judge(&policy, &bed.events[index], 1) != recorded[index]
    });
    print("from their bytes", &|index| {
        let event = Envelope::decode(&bytes[index]).expect("an event");
        bed.judge(&policy, &event, 1) != recorded[index]
    });
}

fn policy() -> Policy {
    Ours::compile(&Ours::source(&twenty::rules())).policy
}

fn requests() -> Vec<Request<'static>> {
    twenty::requests().iter().map(asked).collect()
}

fn engine<E: Engine>() -> E {
    E::compile(&E::source(&twenty::rules()))
}

/// Calls with one item after the other.
fn each<'a, T>(items: &'a [T], mut call: impl FnMut(&T) + 'a) -> Run<'a> {
    let mut items = items.iter().cycle();
    Box::new(move || call(items.next().expect("never ends")))
}

fn ready<E: Engine + 'static>() -> Run<'static> {
    let mut engine: E = engine();
    let requests: Vec<E::Ready> = twenty::requests()
        .iter()
        .map(|request| engine.ready(request))
        .collect();
    let mut next = 0;
    Box::new(move || {
        black_box(engine.allows(&requests[next]));
        next = (next + 1) % requests.len();
    })
}

fn parsed<E: Peer + 'static>() -> Run<'static> {
    let mut engine: E = engine();
    let raw: Vec<String> = twenty::requests()
        .iter()
        .map(|request| engine.raw(request))
        .collect();
    let mut next = 0;
    Box::new(move || {
        let ready = engine.parse(&raw[next]);
        black_box(engine.allows(&ready));
        next = (next + 1) % raw.len();
    })
}

/// Prints what each contender takes, the first against the bar and the others against the first.
fn table(name: &str, bar_ns: Option<f64>, contenders: Vec<(&str, Run<'_>)>) {
    let (names, mut runs): (Vec<&str>, Vec<Run<'_>>) = contenders.into_iter().unzip();
    let figures = measure(&mut runs);
    println!("{name}");
    for (index, (name, figure)) in names.iter().zip(&figures).enumerate() {
        let beside = match (index, bar_ns) {
            (0, Some(bar)) => format!("{:6.2} of the bar of {}", figure.median_ns / bar, time(bar)),
            (0, None) => String::new(),
            _ => format!(
                "{:6.1} times the first",
                figure.median_ns / figures[0].median_ns
            ),
        };
        println!("    {name:<24} {}  {beside}", shown(*figure));
    }
    println!();
}

fn shown(figure: Figure) -> String {
    format!(
        "best {:>9}  median {:>9}",
        time(figure.best_ns),
        time(figure.median_ns)
    )
}

fn time(ns: f64) -> String {
    match ns {
        _ if ns < 1e4 => format!("{ns:.0} ns"),
        _ if ns < 1e7 => format!("{:.1} us", ns / 1e3),
        _ => format!("{:.2} s", ns / 1e9),
    }
}
