//! The parent's view of a writer: started, listened to, killed.
//!
//! A lane is either one process of this test binary that appends on its own (`writer`), or a row of `gatos
//! event append` processes one after the other, when `GATOS_CRASH_PROGRAM` names that program.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use gatos_node::Appended;

use crate::work::{Call, CallName, Mix};
use crate::writer::{ORDERS_VARIABLE, Orders};

/// What was acknowledged: the event and the commit that was promised to hold it.
#[derive(Clone, Debug)]
pub struct Acknowledged {
    pub id: String,
    pub commit: String,
    pub visible: bool,
}

impl Acknowledged {
    /// What an append in this very process answered.
    pub fn all(appended: Vec<Appended>, visible: bool) -> Vec<Acknowledged> {
        let one = |one: Appended| Acknowledged {
            id: one.id.to_string(),
            commit: one.commit,
            visible,
        };
        appended.into_iter().map(one).collect()
    }
}

/// What a lane has said so far.
#[derive(Default)]
pub struct Heard {
    pub ready: bool,
    pub acknowledged: Vec<Acknowledged>,
    pub call_count: u64,
    pub upkeep_count: u64,
    /// Calls begun that may be repeated, and whether they were acknowledged.
    pub tried: HashMap<CallName, bool>,
    pub faults: Vec<String>,
    pub ended: bool,
}

impl Heard {
    fn hear(&mut self, line: &str) {
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("@ready"), None, ..) => self.ready = true,
            (Some("@upkeep"), None, ..) => self.upkeep_count += 1,
            (Some("@try"), Some(call), ..) => {
                if let Some(call) = CallName::parse(call) {
                    self.tried.entry(call).or_default();
                }
            }
            (Some("@ack"), Some(level), Some(call), Some(pairs)) => {
                self.call_count += 1;
                if let Some(call) = CallName::parse(call)
                    && let Some(done) = self.tried.get_mut(&call)
                {
                    *done = true;
                }
                for pair in pairs.split(',') {
                    let (id, commit) = pair.split_once('=').unwrap_or((pair, ""));
                    self.acknowledged.push(Acknowledged {
                        id: id.to_owned(),
                        commit: commit.to_owned(),
                        visible: level == "visible",
                    });
                }
            }
            (Some("@fault"), ..) => self.faults.push(line.to_owned()),
            _ => {}
        }
    }
}

type Shared = Arc<(Mutex<Heard>, Condvar)>;

fn lock(shared: &Shared) -> MutexGuard<'_, Heard> {
    shared.0.lock().expect("no holder of this lock panics")
}

/// A writer at work.
pub struct Lane {
    heard: Shared,
    process: Process,
    errors: PathBuf,
}

enum Process {
    One(Child, JoinHandle<()>),
    Row(Arc<Mutex<Row>>, JoinHandle<()>),
}

/// The present process of a row, and whether there will be a next one.
#[derive(Default)]
struct Row {
    present: Option<Child>,
    stopped: bool,
}

/// The program whose processes are killed, if not this test binary itself.
pub fn program() -> Option<PathBuf> {
    std::env::var_os("GATOS_CRASH_PROGRAM").map(PathBuf::from)
}

impl Lane {
    /// Starts a writer; what it says on its error output goes to the file `errors`.
    pub fn start(orders: &Orders, errors: &Path) -> Lane {
        match program() {
            None => Lane::start_writer(orders, errors),
            Some(program) => {
                let heard = Shared::default();
                Lane {
                    process: start_row(program, orders.clone(), heard.clone()),
                    heard,
                    errors: errors.to_owned(),
                }
            }
        }
    }

    /// Starts a process of this test binary, whatever `GATOS_CRASH_PROGRAM` says.
    pub fn start_writer(orders: &Orders, errors: &Path) -> Lane {
        let heard = Shared::default();
        let process = start_writer(orders, errors, heard.clone());
        Lane {
            heard,
            process,
            errors: errors.to_owned(),
        }
    }

    /// Process id, for finding the holder of a lock.
    pub fn process_id(&self) -> Option<u32> {
        match &self.process {
            Process::One(child, _) => Some(child.id()),
            Process::Row(row, _) => {
                let row = row.lock().expect("no holder of this lock panics");
                row.present.as_ref().map(Child::id)
            }
        }
    }

    /// Waits until `wanted` is heard, the lane ends, or the time is over.
    pub fn wait_until(&self, patience: Duration, wanted: impl Fn(&Heard) -> bool) -> bool {
        let deadline = Instant::now() + patience;
        let mut heard = lock(&self.heard);
        loop {
            if wanted(&heard) {
                return true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if heard.ended || !heard.faults.is_empty() || left.is_zero() {
                return false;
            }
            heard = self
                .heard
                .1
                .wait_timeout(heard, left)
                .expect("no holder of this lock panics")
                .0;
        }
    }

    pub fn call_count(&self) -> u64 {
        lock(&self.heard).call_count
    }

    /// SIGKILL after the disk has gone: by then a writer may well have been refused or have ended.
    pub fn kill_after_cut(mut self) -> Heard {
        if let Process::One(child, _) = &mut self.process {
            let _ = child.kill();
            let _ = child.wait();
        }
        let (Process::One(_, listener) | Process::Row(_, listener)) = self.process;
        listener.join().expect("the listener does not panic");
        std::mem::take(&mut *lock(&self.heard))
    }

    /// SIGKILL, and everything that was heard up to then. Fails if the writer had ended by itself.
    pub fn kill(mut self) -> Result<Heard, String> {
        let ended_before = match &mut self.process {
            Process::One(child, _) => {
                let ended = child.try_wait().ok().flatten();
                let _ = child.kill();
                let _ = child.wait();
                ended.map(|status| status.to_string())
            }
            Process::Row(row, _) => {
                let mut row = row.lock().expect("no holder of this lock panics");
                row.stopped = true;
                if let Some(child) = &mut row.present {
                    let _ = child.kill();
                }
                None
            }
        };
        let (Process::One(_, listener) | Process::Row(_, listener)) = self.process;
        listener.join().expect("the listener does not panic");
        let heard = std::mem::take(&mut *lock(&self.heard));
        match (ended_before, heard.faults.first()) {
            (_, Some(fault)) => Err(format!("a writer was refused: {fault}")),
            (Some(status), None) => {
                let said = std::fs::read_to_string(&self.errors).unwrap_or_default();
                Err(format!(
                    "a writer ended by itself ({status}): {}",
                    said.trim()
                ))
            }
            (None, None) => Ok(heard),
        }
    }
}

fn start_writer(orders: &Orders, errors: &Path, heard: Shared) -> Process {
    let itself = std::env::current_exe().expect("this program has a path");
    let errors = std::fs::File::create(errors).expect("a file for errors is made");
    let mut child = Command::new(itself)
        .args([
            "writer::writer_process",
            "--exact",
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(ORDERS_VARIABLE, orders.encode())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(errors)
        .spawn()
        .expect("this program starts");
    let output = child.stdout.take().expect("the output is piped");
    let listener = std::thread::spawn(move || listen(BufReader::new(output), &heard));
    Process::One(child, listener)
}

fn listen(mut output: impl BufRead, heard: &Shared) {
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = output.read_until(b'\n', &mut line).unwrap_or(0);
        let is_whole = line.ends_with(b"\n");
        let mut state = lock(heard);
        if read == 0 {
            state.ended = true;
        } else if is_whole {
            state.hear(String::from_utf8_lossy(&line).trim_end());
        }
        drop(state);
        heard.1.notify_all();
        if read == 0 {
            return;
        }
    }
}

fn start_row(program: PathBuf, orders: Orders, heard: Shared) -> Process {
    let row = Arc::new(Mutex::new(Row::default()));
    let shared_row = row.clone();
    let listener = std::thread::spawn(move || {
        let repeats = orders.repeat.clone().into_iter();
        let fresh = (0..).map(|number| CallName {
            writer: Mix::VisibleSingles.seed(orders.seed),
            thread: 0,
            number,
        });
        for name in repeats.chain(fresh) {
            if !run_one(&program, &orders, name, &shared_row, &heard) {
                break;
            }
        }
        lock(&heard).ended = true;
        heard.1.notify_all();
    });
    Process::Row(row, listener)
}

/// One `gatos event append`; false once the row has been stopped.
fn run_one(
    program: &Path,
    orders: &Orders,
    name: CallName,
    row: &Mutex<Row>,
    heard: &Shared,
) -> bool {
    let mut call = Call::draw(name);
    let intent = call.intents.remove(0);
    let actor = intent
        .actor
        .as_ref()
        .expect("every intent of the test has an actor");
    let payload =
        gatos_values::json::encode_canonical(&intent.payload).expect("the payload is JSON");
    let mut command = Command::new(program);
    command
        .arg("-C")
        .arg(&orders.repository)
        .args(["event", "append", "--json", "--ns", intent.ns.as_str()])
        .args([
            "--type",
            intent.event_type.as_str(),
            "--actor",
            actor.as_str(),
        ])
        .args(["--payload", &String::from_utf8_lossy(&payload)])
        .env("GATOS_HOME", &orders.home)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    if let Some(key) = &intent.idem {
        command.args(["--idem", key.as_str()]);
        let mut state = lock(heard);
        state.hear(&format!("@try {name}"));
    }
    let output = {
        let mut row = row.lock().expect("no holder of this lock panics");
        if row.stopped {
            return false;
        }
        let mut child = command.spawn().expect("the program starts");
        let output = child.stdout.take().expect("the output is piped");
        row.present = Some(child);
        output
    };
    lock(heard).ready = true;
    let text = std::io::read_to_string(output).unwrap_or_default();
    let mut row = row.lock().expect("no holder of this lock panics");
    let status = row.present.take().map(|mut child| child.wait());
    if text.ends_with('\n') {
        lock(heard).hear(&reply_as_line(name, &text));
        heard.1.notify_all();
    } else if !row.stopped {
        lock(heard)
            .faults
            .push(format!("gatos ended with {status:?} and said `{text}`"));
        heard.1.notify_all();
        return false;
    }
    !row.stopped
}

fn reply_as_line(name: CallName, text: &str) -> String {
    let reply: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let field = |field: &str| reply[field].as_str().unwrap_or_default().to_owned();
    if reply["ok"] == true {
        format!(
            "@ack {} {name} {}={}",
            field("ack"),
            field("id"),
            field("commit")
        )
    } else {
        format!("@fault {text}")
    }
}
