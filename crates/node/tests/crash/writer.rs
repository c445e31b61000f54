//! The process that is killed: it appends without end and says what was acknowledged, and only that.
//!
//! Lines on its output, each written at once: `@ready`, `@try CALL` before a call that may be repeated,
//! `@ack LEVEL CALL ID=COMMIT,...` after the acknowledgement, `@upkeep` before packs are folded, `@fault CODE
//! ...` when something was refused, after which it ends. A line cut short by the kill counts as not said.

use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use gatos_node::{Acknowledgement, Appended, Fault, Node};

use crate::dice::Dice;
use crate::scene;
use crate::work::{Call, CallName};

/// The variable that tells a process what to do; without it, it is not a writer.
pub const ORDERS_VARIABLE: &str = "GATOS_CRASH_WRITER";

/// What a writer is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orders {
    pub repository: PathBuf,
    pub home: PathBuf,
    /// Decides the calls and names them, together with thread and number.
    pub seed: u64,
    pub thread_count: u64,
    /// After so many calls other processes get their turn.
    pub calls_per_turn: Option<u64>,
    /// After so many calls packs are folded.
    pub calls_per_upkeep: Option<u64>,
    /// Whether the thread runs that makes durable events visible.
    pub background: bool,
    /// Calls of killed writers to repeat first.
    pub repeat: Vec<CallName>,
}

impl Orders {
    /// One line a field.
    pub fn encode(&self) -> String {
        let or_zero = |count: Option<u64>| count.unwrap_or(0);
        let repeat: Vec<String> = self.repeat.iter().map(CallName::to_string).collect();
        format!(
            "{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}",
            self.repository.display(),
            self.home.display(),
            self.seed,
            self.thread_count,
            or_zero(self.calls_per_turn),
            or_zero(self.calls_per_upkeep),
            u8::from(self.background),
            repeat.join(" ")
        )
    }

    fn decode(text: &str) -> Option<Orders> {
        let mut lines = text.split('\n');
        let repository = lines.next()?.into();
        let home = lines.next()?.into();
        let mut number = || lines.next()?.parse::<u64>().ok();
        let seed = number()?;
        let thread_count = number()?;
        let calls_per_turn = Some(number()?).filter(|count| *count > 0);
        let calls_per_upkeep = Some(number()?).filter(|count| *count > 0);
        let background = number()? == 1;
        let repeat = lines
            .next()?
            .split_whitespace()
            .map(CallName::parse)
            .collect::<Option<_>>()?;
        Some(Orders {
            repository,
            home,
            seed,
            thread_count,
            calls_per_turn,
            calls_per_upkeep,
            background,
            repeat,
        })
    }
}

#[test]
fn orders_survive_the_environment() {
    let orders = Orders {
        repository: "/a b/c".into(),
        home: "/d".into(),
        seed: 7,
        thread_count: 2,
        calls_per_turn: Some(3),
        calls_per_upkeep: None,
        background: true,
        repeat: vec![CallName {
            writer: 1,
            thread: 2,
            number: 3,
        }],
    };
    assert_eq!(Orders::decode(&orders.encode()), Some(orders));
}

#[test]
#[ignore = "a child process of the other tests; by itself it does nothing"]
fn writer_process() {
    let Ok(text) = std::env::var(ORDERS_VARIABLE) else {
        return;
    };
    let orders = Orders::decode(&text).expect("the parent encodes what is decoded");
    if let Err(fault) = write_on(&orders) {
        say(&format!("@fault {} {}", fault.code, one_line(&fault)));
        std::process::exit(3);
    }
}

fn one_line(fault: &Fault) -> String {
    format!("{} ({}); {}", fault.reason, fault.resource, fault.hint).replace('\n', " ")
}

/// Writes a line as one piece, so that threads do not mix and a kill leaves no line that looks whole.
fn say(line: &str) {
    let mut output = std::io::stdout().lock();
    // The test runner has left its own line unfinished.
    let whole = format!("\n{line}\n");
    output
        .write_all(whole.as_bytes())
        .expect("the parent reads on");
    output.flush().expect("the parent reads on");
}

fn write_on(orders: &Orders) -> Result<(), Fault> {
    let node = scene::open(&orders.repository, &orders.home)?;
    say("@ready");
    for name in &orders.repeat {
        // A call that was under way at a kill: now it is there, whether it was before or not.
        make_call(&node, *name, orders)?;
    }
    let call_count = AtomicU64::new(0);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..orders.thread_count)
            .map(|thread| {
                let (node, call_count) = (&node, &call_count);
                scope.spawn(move || append_without_end(node, orders, thread, call_count))
            })
            .collect();
        for thread in threads {
            match thread.join() {
                Ok(outcome) => outcome?,
                Err(_) => panic!("a thread of the writer panicked"),
            }
        }
        Ok(())
    })
}

fn append_without_end(
    node: &Node,
    orders: &Orders,
    thread: u64,
    call_count: &AtomicU64,
) -> Result<(), Fault> {
    for number in 0.. {
        let name = CallName {
            writer: orders.seed,
            thread,
            number,
        };
        make_call(node, name, orders).inspect_err(|fault| {
            // The other threads would go on and hide it.
            say(&format!("@fault {} {}", fault.code, one_line(fault)));
            std::process::exit(3);
        })?;
        let made = call_count.fetch_add(1, Ordering::Relaxed) + 1;
        if orders
            .calls_per_upkeep
            .is_some_and(|count| made.is_multiple_of(count))
        {
            say("@upkeep");
            node.writer()?.upkeep()?;
        }
        if orders
            .calls_per_turn
            .is_some_and(|count| made.is_multiple_of(count))
        {
            node.close_writer()?;
        }
    }
    Ok(())
}

fn make_call(node: &Node, name: CallName, orders: &Orders) -> Result<(), Fault> {
    let call = Call::draw(name);
    if orders.background {
        node.writer()?.start_background();
    }
    if call.can_repeat {
        say(&format!("@try {name}"));
    }
    let appended = node.append(&call.intents, call.ack)?;
    say_acknowledged(name, call.ack, &appended);
    if call.can_repeat && Dice::new(name.number).one_in(4) {
        let again = node.append(&call.intents, call.ack)?;
        let same = appended.iter().zip(&again).all(|(first, second)| {
            second.duplicate && (first.id, &first.commit) == (second.id, &second.commit)
        });
        if !same {
            say(&format!(
                "@fault REPEATED call {name} became other events the second time"
            ));
            std::process::exit(3);
        }
    }
    Ok(())
}

fn say_acknowledged(name: CallName, ack: Acknowledgement, appended: &[Appended]) {
    let pairs: Vec<String> = appended
        .iter()
        .map(|one| format!("{}={}", one.id, one.commit))
        .collect();
    say(&format!("@ack {} {name} {}", ack.as_str(), pairs.join(",")));
}
