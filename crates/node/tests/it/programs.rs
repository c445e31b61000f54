//! Folds in Lua in a repository: installed with their lines, run in steps, verified, and stopped without harm.

use crate::world::{World, append, code, intent, ns};
use gatos_fold::compile_lua;
use gatos_node::folding::FOLD_MAP_FILE;
use gatos_node::{Intent, Node};

const STREAM: &str = r#"
function init() return {rows = {}, count = 0} end
function step(state, event)
  local p = event.payload
  local row = state.rows[p.id] or {sum = 0}
  row.sum = row.sum + p.amount
  state.rows[p.id] = row
  state.count = state.count + 1
  return state
end
function emit(state)
  emit_json_canonical("state/shop/rows.json", state.rows)
  emit_json_canonical("state/shop/count.json", state.count)
end
"#;

/// The seed's fold, as it stands in the examples.
const INVOICES: &str = include_str!("../../../../examples/folds-lua/invoices.lua");

fn install(node: &Node, source: &str) {
    let compiled = compile_lua(source, "folds/shop.lua").expect("the fold compiles");
    let map = compiled.map.expect("programs have lines");
    let beside = [("shop.lua", source.as_bytes()), (FOLD_MAP_FILE, &map[..])];
    node.fold_install_beside(&ns("shop"), &compiled.rgf, &beside)
        .expect("the fold installs");
}

fn sale(id: u32, amount: &str) -> Intent {
    let payload = format!(r#"{{"id":"i-{id}","amount":{amount}}}"#);
    intent("shop", "intent.exec.insert_invoice", &payload)
}

fn run(node: &Node) -> gatos_node::folding::RunReport {
    node.fold_run(&ns("shop"), &mut |_| {})
        .expect("the fold runs")
}

fn show(node: &Node, path: &str) -> String {
    let bytes = node.state_show(&ns("shop"), path, None);
    String::from_utf8(bytes.expect("the file is there")).expect("JSON is text")
}

#[test]
fn the_streaming_form_goes_on_from_its_checkpoint_and_verifies() {
    let world = World::new();
    let node = world.node();
    install(&node, STREAM);
    node.close_writer().expect("the lock is given back");
    for round in 0..3_u32 {
        // Another process each time, and two runs in it: the state is read back, and kept.
        let node = world.node();
        for part in 0..2_u32 {
            let sales: Vec<Intent> = (0..5).map(|number| sale(number % 4, "1.25")).collect();
            append(&node, &sales);
            let report = run(&node);
            assert_eq!(
                (report.read_count, report.event_count),
                (5, u64::from(5 * (round * 2 + part + 1)))
            );
            node.fold_verify(&ns("shop"), None, &mut |_| {})
                .expect("incremental equals full");
        }
        node.close_writer().expect("the lock is given back");
    }
    let node = world.node();
    assert_eq!(show(&node, "state/shop/count.json"), "30");
    assert!(run(&node).unchanged);
    world.fsck();
}

#[test]
fn the_batch_form_sees_all_events_each_time() {
    let world = World::new();
    let node = world.node();
    install(&node, INVOICES);
    append(&node, &[sale(1, "10"), sale(2, "3")]);
    assert_eq!(run(&node).read_count, 2);
    let approval = intent("shop", "intent.exec.approve_invoice", r#"{"id":"i-2"}"#);
    append(&node, &[approval]);
    let report = run(&node);
    assert_eq!(report.event_count, 3);
    assert!(show(&node, "state/finance/invoices.json").contains(r#""status":"approved""#));
    node.fold_verify(&ns("shop"), None, &mut |_| {})
        .expect("the state verifies");
    node.close_writer().expect("the lock is given back");
    let again = world.node();
    append(&again, &[sale(3, "4")]);
    assert_eq!(
        run(&again).read_count,
        4,
        "another process starts from the first event"
    );
    again
        .fold_verify(&ns("shop"), None, &mut |_| {})
        .expect("the state verifies");
}

#[test]
fn an_error_stops_the_run_names_the_line_and_leaves_the_last_checkpoint() {
    let world = World::new();
    let node = world.node();
    install(&node, STREAM);
    append(&node, &[sale(1, "10")]);
    let before = run(&node);
    append(&node, &[sale(1, "null"), sale(2, "5")]);
    for _ in 0..2 {
        let fault = node
            .fold_run(&ns("shop"), &mut |_| {})
            .expect_err("null is no amount");
        assert_eq!(fault.code.as_str(), "FOLD_FAILED");
        let place = "folds/shop.lua:6: attempt to perform arithmetic on a null value";
        assert!(fault.reason.contains(place), "{}", fault.reason);
        assert!(fault.to_value().get("trace").is_some());
        assert!(fault.to_value().get("event").is_some());
    }
    let head = node.checkpoint_head(&ns("shop")).expect("readable");
    assert_eq!(head, Some(before.checkpoint));
    assert_eq!(show(&node, "state/shop/count.json"), "1");
    // The same fold that skips such events goes on.
    install(&node, &format!("on_error = \"skip\"\n{STREAM}"));
    let report = run(&node);
    assert_eq!(report.event_count, 3);
    assert_eq!(report.skipped.values().copied().collect::<Vec<u64>>(), [1]);
    assert_eq!(show(&node, "state/shop/count.json"), "2");
    node.fold_verify(&ns("shop"), None, &mut |_| {})
        .expect("the state verifies");
}

#[test]
fn a_fold_that_does_not_end_is_stopped_by_its_fuel() {
    let world = World::new();
    let node = world.node();
    install(
        &node,
        "limits = {fuel = 10000} function fold(events) while true do end end",
    );
    append(&node, &[sale(1, "10")]);
    let fault = node.fold_run(&ns("shop"), &mut |_| {});
    assert_eq!(code(fault), "FUEL_EXHAUSTED");
}
