//! Replays: what is left out of a record changes no fate that is told, and a million take no longer than they may.
//!
//! `cargo test --release -p gatos-policy --test it a_million -- --ignored --nocapture` prints the time of a million.

use super::generator::{Chooser, context, source};
use super::random::request;
use gatos_policy::language::{Intent, Policy, Request, TrustEntry, TrustSnapshot, compile};
use gatos_policy::replay::{Fate, Rebuilt, Tally, Turn, Was, fate};
use gatos_values::{Text, json};
use std::time::Instant;

/// The request without what records of version 2 leave out, and of version 1.
fn recorded<'a>(whole: &Request<'a>, version: u8) -> Request<'a> {
    let mut left = Request {
        payload: None,
        ..*whole
    };
    if version == 1 {
        left = Request {
            caps: None,
            labels: None,
            remote: None,
            remote_addr: None,
            epoch: None,
            ..left
        };
    }
    left
}

#[test]
fn what_is_told_of_a_part_is_so_of_the_whole() {
    let (mut told, mut untold) = ([0_u32; 2], 0_u32);
    for seed in 1..400 {
        let mut chooser = Chooser::new(seed);
        let source = source(&mut chooser);
        let Ok(compiled) = compile(&source) else {
            continue;
        };
        let policy = compiled.policy;
        for _ in 0..25 {
            let context = context(&mut chooser);
            let whole = request(&context);
            for was in [Was::Allowed, Was::Denied] {
                let truth = fate(&policy, &whole, was, Rebuilt::Whole);
                for version in [1, 2] {
                    let part = recorded(&whole, version);
                    match (fate(&policy, &part, was, Rebuilt::InPart), &truth) {
                        (Fate::Untold(_), _) => untold += 1,
                        (Fate::Same, Fate::Same) => told[0] += 1,
                        (Fate::NewlyAllowed(_), Fate::NewlyAllowed(_))
                        | (Fate::NewlyDenied(_), Fate::NewlyDenied(_)) => told[1] += 1,
                        (found, truth) => {
                            panic!("seed {seed}: {found:?} is {truth:?}\n{part:?}\n{source}")
                        }
                    }
                }
            }
        }
    }
    println!("{told:?} told, {untold} untold");
    assert!(told[0] > 1000 && told[1] > 1000 && untold > 1000);
}

#[test]
fn what_hangs_on_a_missing_part_says_on_which() {
    let policy = |text: &str| compile(text).expect("it compiles").policy;
    let trust = TrustSnapshot::EMPTY;
    let asked = Request::new(Intent::Write, &trust);
    let allows = policy("id: a\nwhen: {}\nallow_if: [\"payload.amount < 5\"]\n");
    let untold = Fate::Untold("payload".to_owned());
    assert_eq!(fate(&allows, &asked, Was::Denied, Rebuilt::InPart), untold);
    assert_eq!(
        fate(&allows, &asked, Was::Denied, Rebuilt::Whole),
        Fate::Same
    );
    // Another rule denies whatever the payload was.
    let both = policy(
        "rules:\n- {id: a, when: {}, deny_if: [\"payload.amount < 5\"]}\n- {id: b, when: {}, deny_if: ['true']}\n",
    );
    assert_eq!(
        fate(&both, &asked, Was::Denied, Rebuilt::InPart),
        Fate::Same
    );
}

#[test]
fn changes_are_counted_by_actor_path_and_rules() {
    let mut tally = Tally::default();
    let words = |before: &str| [before.to_owned(), "deny (b, deny_rule)".to_owned()];
    for (actor, before, example) in [
        ("user:bob", "allow (a)", "1"),
        ("user:alice", "allow (a)", "2"),
        ("user:alice", "allow (a)", "3"),
        ("user:alice", "allow (c)", "4"),
    ] {
        tally.changed(Turn::NewlyDenied, [actor, "p"], words(before), || {
            example.to_owned()
        });
    }
    tally.same();
    let changes = tally.changes();
    let shown: Vec<(&str, &str, u64, &str)> = changes
        .iter()
        .map(|change| {
            (
                change.actor.as_str(),
                change.before.as_str(),
                change.count,
                change.example.as_str(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("user:alice", "allow (a)", 2, "2"),
            ("user:alice", "allow (c)", 1, "4"),
            ("user:bob", "allow (a)", 1, "1"),
        ]
    );
    assert_eq!((tally.same_count(), tally.count(Turn::NewlyDenied)), (1, 4));
    assert_eq!(tally.count(Turn::NewlyAllowed), 0);
}

/// Twenty rules over ten namespaces, as in the bar of the specification.
fn twenty_rules(level: u8) -> Policy {
    let mut source = String::from("rules:\n");
    for ns in 0..10 {
        source.push_str(&format!(
            "- id: append-{ns}\n  when: {{intent: write, path: 'gatos/journal/ns{ns}/**'}}\n  \
             allow_if: [\"caps includes 'journal:append'\", \"trust[actor].level >= {level}\", \"payload.amount < 900\"]\n\
             - id: inside-{ns}\n  when: {{path: 'gatos/journal/ns{ns}/**'}}\n  \
             deny_if: [\"labels contains 'secret-{ns}' and remote != 'internal'\"]\n  reason: inside\n"
        ));
    }
    compile(&source).expect("it compiles").policy
}

#[test]
#[ignore = "a measure: run it in release"]
fn a_million_recorded_decisions() {
    let actors: Vec<Text> = (0..50)
        .map(|n| Text::new(&format!("user:u{n}")).expect("ASCII"))
        .collect();
    let trust = TrustSnapshot::from_entries(actors.iter().zip(0..).map(|(actor, level)| {
        let groups = vec![Text::from_ascii("finance")];
        (
            actor.clone(),
            TrustEntry {
                level: level % 4,
                groups,
            },
        )
    }));
    let paths: Vec<String> = (0..500)
        .map(|n| {
            format!(
                "gatos/journal/ns{}/user/u{}/0011223344556677",
                n % 10,
                n / 10
            )
        })
        .collect();
    let payloads: Vec<_> = (0..1000)
        .map(|n| {
            let text = format!("{{\"amount\":{n},\"note\":\"number {n}\"}}");
            json::decode_strict(text.as_bytes(), text.len()).expect("JSON")
        })
        .collect();
    let policy = twenty_rules(2);
    let mut tally = Tally::default();
    let started = Instant::now();
    for n in 0..1_000_000_usize {
        let path = n % paths.len();
        let actor = actors[path / 10].as_str();
        let asked = Request {
            actor: Some(actor),
            caps: Some(&["journal:append"]),
            labels: Some(&[]),
            remote: Some("none"),
            remote_addr: Some("127.0.0.1"),
            epoch: Some(3),
            path: Some(&paths[path]),
            resource: Some("gatos://ledger/ns/journal"),
            payload: Some(&payloads[n % payloads.len()]),
            ..Request::new(Intent::Write, &trust)
        };
        match fate(&policy, &asked, Was::Allowed, Rebuilt::Whole) {
            Fate::NewlyDenied(decision) => tally.changed(
                Turn::NewlyDenied,
                [actor, &paths[path]],
                [
                    "allow".to_owned(),
                    gatos_policy::language::suite::describe(&decision),
                ],
                || n.to_string(),
            ),
            _ => tally.same(),
        }
    }
    let took = started.elapsed();
    println!(
        "1,000,000 decisions in {:.2} s: {} newly denied in {} groups",
        took.as_secs_f64(),
        tally.count(Turn::NewlyDenied),
        tally.changes().len()
    );
    assert!(tally.count(Turn::NewlyDenied) > 400_000 && tally.same_count() > 300_000);
}
