//! Folds: a million events as JSON lines in, one JSON document out, beside jq and SQLite; and in memory.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use gatos_fold::{Fold, FoldEvent, FoldState, compile_lua, compile_yaml};
use gatos_values::{EventId, Map, Text, Ulid, Value, json};
use rusqlite::Connection;

use crate::bed::payload;
use crate::flights::flights;
use crate::report::{Bar, Report};
use crate::statistics::{median_of, medians_of, scaled};

/// Sums and counts by carrier.
const TOTALS: &str = r#"
version: 1
reducers:
  - {name: flights, kind: count-by, key: "$.carrier", where: {type: flight.scheduled}}
  - {name: distance, kind: sum-by, key: "$.carrier", value: "$.distance", where: {type: flight.scheduled}}
  - {name: dep_delay, kind: sum-by, key: "$.carrier", value: "$.dep_delay", where: {type: flight.departed}}
  - {name: air_time, kind: sum-by, key: "$.carrier", value: "$.air_time", where: {type: flight.landed}}
emit:
  - {path: state/flights.json, from: flights}
  - {path: state/distance.json, from: distance}
  - {path: state/dep_delay.json, from: dep_delay}
  - {path: state/air_time.json, from: air_time}
"#;
const TOTALS_JQ: &str = r#"
def add($t; $c; $n): if $n == null then . else .[$t][$c] += $n end;
reduce inputs as $e ({};
  $e.payload as $p | $p.carrier as $c |
  if $e.type == "flight.scheduled" then add("flights"; $c; 1) | add("distance"; $c; $p.distance)
  elif $e.type == "flight.departed" then add("dep_delay"; $c; $p.dep_delay)
  elif $e.type == "flight.landed" then add("air_time"; $c; $p.air_time)
  else . end)
"#;
const TOTALS_SQL: &str = r#"
SELECT json_object(
  'air_time', json((SELECT json_group_object(c, n) FROM (SELECT carrier c, sum(value ->> '$.payload.air_time') n
     FROM rows WHERE type = 'flight.landed' AND value ->> '$.payload.air_time' IS NOT NULL GROUP BY carrier ORDER BY carrier))),
  'dep_delay', json((SELECT json_group_object(c, n) FROM (SELECT carrier c, sum(value ->> '$.payload.dep_delay') n
     FROM rows WHERE type = 'flight.departed' GROUP BY carrier ORDER BY carrier))),
  'distance', json((SELECT json_group_object(c, n) FROM (SELECT carrier c, sum(value ->> '$.payload.distance') n
     FROM rows WHERE type = 'flight.scheduled' GROUP BY carrier ORDER BY carrier))),
  'flights', json((SELECT json_group_object(c, n) FROM (SELECT carrier c, count(*) n
     FROM rows WHERE type = 'flight.scheduled' GROUP BY carrier ORDER BY carrier))))
"#;

/// One last-writer register per field of each flight.
const REGISTERS: &str = r#"
version: 1
reducers:
  - {kind: map-join-lww, key: "$.id"}
emit:
  - {path: state/registers.json}
"#;
const REGISTERS_JQ: &str = r#"
[inputs.payload] | group_by(.id) | map({key: .[0].id, value: add}) | from_entries | {registers: .}
"#;
const REGISTERS_SQL: &str = r#"
SELECT json_object('registers', json_group_object(id, json(doc))) FROM (SELECT id, doc FROM merged ORDER BY id)
"#;

pub fn run(report: &mut Report) {
    let flights = flights();
    for (name, yaml, jq, merge, sql) in [
        ("totals by carrier", TOTALS, TOTALS_JQ, false, TOTALS_SQL),
        (
            "registers by flight",
            REGISTERS,
            REGISTERS_JQ,
            true,
            REGISTERS_SQL,
        ),
    ] {
        let what = format!("{name}, {} JSON lines to JSON", flights.origin);
        compare(report, &what, &flights.path, yaml, jq, merge, sql);
    }
}

/// Folds over events that are decoded already, of reducers and in Lua.
pub fn run_in_memory(report: &mut Report) {
    in_memory(report);
    in_lua(report);
}

fn compare(
    report: &mut Report,
    what: &str,
    lines: &Path,
    yaml: &str,
    jq: &str,
    merge: bool,
    sql: &str,
) {
    let count = BufReader::new(std::fs::File::open(lines).expect("the stream is there"))
        .lines()
        .count();
    let wanted = through_fold(lines, yaml);
    let mut last = Vec::new();
    let (ours, sqlite) = medians_of(
        || rate(count, || assert!(through_fold(lines, yaml) == wanted)),
        || rate(count, || last = through_sqlite(lines, merge, sql)),
    );
    assert_same(what, "SQLite", &wanted, &last);
    report.compare(
        what,
        ours,
        "events/s",
        ("SQLite", sqlite),
        Some(Bar::Ratio(1.0)),
    );
    if through_jq(lines, "empty").is_none() {
        eprintln!("  SKIPPED: there is no jq here");
        return;
    }
    let jq_rate = median_of(|| rate(count, || last = through_jq(lines, jq).expect("jq runs")));
    assert_same(what, "jq", &wanted, &last);
    report.compare(
        what,
        ours,
        "events/s",
        ("jq", jq_rate),
        Some(Bar::Ratio(1.0)),
    );
}

fn rate(count: usize, work: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    work();
    count as f64 / begun.elapsed().as_secs_f64()
}

/// The peer's document must say what ours says; white space and the order of keys are its own.
fn assert_same(what: &str, peer: &str, ours: &[u8], theirs: &[u8]) {
    let parse = |bytes: &[u8]| -> serde_json::Value {
        serde_json::from_slice(bytes).expect("the document is JSON")
    };
    let shown = |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(400)]).into_owned();
    assert!(
        parse(ours) == parse(theirs),
        "{what}: {peer} computed something else: {} and {}",
        shown(ours),
        shown(theirs)
    );
}

/// Strict JSON, the fold, and all state files as one document by their names.
fn through_fold(lines: &Path, yaml: &str) -> Vec<u8> {
    let fold = compile(yaml);
    let mut state = FoldState::new(&fold);
    let mut reader = BufReader::with_capacity(
        1 << 20,
        std::fs::File::open(lines).expect("the stream is there"),
    );
    let mut line = Vec::new();
    let mut position = 0;
    loop {
        line.clear();
        if reader
            .read_until(b'\n', &mut line)
            .expect("the stream reads")
            == 0
        {
            break;
        }
        position += 1;
        let value = json::decode_strict(line.trim_ascii_end(), 1 << 20).expect("the line is JSON");
        let event_type = value.get("type").and_then(Value::as_str).expect("a type");
        let payload = value.get("payload").expect("a payload");
        apply(&fold, &mut state, position, event_type, payload);
    }
    let files = state.emit(&fold).expect("no sum leaves its range");
    let mut document = vec![b'{'];
    for (index, file) in files.iter().enumerate() {
        let name = file
            .path
            .trim_start_matches("state/")
            .trim_end_matches(".json");
        if index > 0 {
            document.push(b',');
        }
        document.extend_from_slice(format!("\"{name}\":").as_bytes());
        document.extend_from_slice(&file.bytes);
    }
    document.push(b'}');
    document
}

fn compile(yaml: &str) -> Fold {
    let compiled = compile_yaml(yaml).unwrap_or_else(|findings| panic!("{findings:?}"));
    Fold::decode(&compiled.rgf).expect("what was compiled decodes")
}

fn apply(fold: &Fold, state: &mut FoldState, position: u64, event_type: &str, payload: &Value) {
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&position.to_be_bytes());
    let event = FoldEvent {
        id: EventId::from_bytes(digest),
        ulid: Ulid::from_parts(position, 0).expect("small numbers fit"),
        event_type,
        actor: "user:bench",
        journal: "gatos/journal/bench/user/bench/0000000000000000",
        position,
        payload,
    };
    state.apply(fold, &event).expect("the event folds");
}

fn through_jq(lines: &Path, program: &str) -> Option<Vec<u8>> {
    let input = std::fs::File::open(lines).expect("the stream is there");
    let output = Command::new("jq")
        .args(["-n", "-c", program])
        .stdin(input)
        .stderr(Stdio::inherit())
        .output()
        .ok()?;
    output.status.success().then_some(output.stdout)
}

/// A database in memory; reading the lines is part of it, as it is for the others.
fn through_sqlite(lines: &Path, merge: bool, sql: &str) -> Vec<u8> {
    let mut connection = Connection::open_in_memory().expect("SQLite opens memory");
    connection
        .execute_batch(
            "CREATE TABLE rows (type TEXT, carrier TEXT, value TEXT);
             CREATE TABLE merged (id TEXT PRIMARY KEY, doc TEXT) WITHOUT ROWID;",
        )
        .expect("the schema is SQL");
    let transaction = connection.transaction().expect("a transaction begins");
    {
        let insert = match merge {
            false => "INSERT INTO rows SELECT ?1 ->> '$.type', ?1 ->> '$.payload.carrier', ?1",
            true => {
                "INSERT INTO merged SELECT ?1 ->> '$.payload.id', ?1 -> '$.payload' WHERE true
                 ON CONFLICT (id) DO UPDATE SET doc = json_patch(doc, excluded.doc)"
            }
        };
        let mut insert = transaction.prepare(insert).expect("the statement is SQL");
        let reader = BufReader::new(std::fs::File::open(lines).expect("the stream is there"));
        for line in reader.lines() {
            insert
                .execute([line.expect("the stream reads")])
                .expect("the row is inserted");
        }
    }
    transaction.commit().expect("the transaction commits");
    let text: String = connection
        .query_row(sql, [], |row| row.get(0))
        .expect("the query runs");
    text.into_bytes()
}

/// Events that are decoded already, about 300 bytes of payload each.
fn in_memory(report: &mut Report) {
    for (name, yaml) in [
        ("count-by", COUNT),
        ("sum-by", SUM),
        ("map-join-lww of 10,000 keys", LWW),
    ] {
        report.add(
            format!("fold in memory, one core: {name}"),
            rate_in_memory(yaml),
            "events/s",
            Some(Bar::AtLeast(1_000_000.0)),
        );
    }
}

/// The invoices of the guide in the streaming form: two events an invoice.
fn in_lua(report: &mut Report) {
    let count = scaled(200_000);
    let payloads: Vec<Value> = (0..count).map(invoice).collect();
    let compiled = compile_lua(INVOICES, "invoices.lua").expect("the program is a fold");
    let fold = Fold::decode(&compiled.rgf).expect("what was compiled decodes");
    let rate = median_of(|| {
        let mut state = FoldState::new(&fold);
        let begun = Instant::now();
        for (index, payload) in payloads.iter().enumerate() {
            let event_type = ["invoice.made", "invoice.approved"][index % 2];
            apply(&fold, &mut state, index as u64 + 1, event_type, payload);
        }
        let seconds = begun.elapsed().as_secs_f64();
        assert!(state.emit(&fold).is_ok(), "the files are written");
        count as f64 / seconds
    });
    let bar = Some(Bar::AtLeast(300_000.0));
    report.add(
        "fold in Lua in memory, one core: invoices",
        rate,
        "events/s",
        bar,
    );
}

fn invoice(number: usize) -> Value {
    let id = format!("inv-{:06}", number / 2 % 10_000);
    let id = Value::Text(Text::new(&id).expect("ASCII is text"));
    Value::Map(
        Map::new()
            .with("id", id)
            .with("amount", (number % 1000) as u64),
    )
}

const INVOICES: &str = r#"
function init() return {by_id = {}} end
function step(state, event)
  local id = event.payload.id
  if event.type == "invoice.made" then
    state.by_id[id] = {id = id, amount = event.payload.amount, status = "draft", ts = event.ulid}
  elseif event.type == "invoice.approved" then
    local found = state.by_id[id]
    if found then found.status = "approved"; found.ts = event.ulid end
  end
  return state
end
function emit(state) emit_json_canonical("state/finance/invoices.json", state.by_id) end
"#;

/// Events a second of a fold over events that are decoded already, on one core.
pub fn rate_in_memory(yaml: &str) -> f64 {
    let count = scaled(300_000);
    let payloads: Vec<Value> = (0..count).map(payload).collect();
    let fold = compile(yaml);
    median_of(|| {
        let mut state = FoldState::new(&fold);
        let begun = Instant::now();
        for (index, payload) in payloads.iter().enumerate() {
            apply(&fold, &mut state, index as u64 + 1, "meter.read", payload);
        }
        count as f64 / begun.elapsed().as_secs_f64()
    })
}

const COUNT: &str = r#"
version: 1
reducers: [{kind: count-by, key: "$.region"}]
emit: [{path: state/out.json}]
"#;
const SUM: &str = r#"
version: 1
reducers: [{kind: sum-by, key: "$.region", value: "$.amount"}]
emit: [{path: state/out.json}]
"#;
pub const LWW: &str = r#"
version: 1
reducers: [{kind: map-join-lww, key: "$.meter"}]
emit: [{path: state/out.json}]
"#;
