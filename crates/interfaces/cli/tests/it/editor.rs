//! An editor's side of `gatos lsp`, over pipes: what it is shown, and what hostile input gets.

use crate::stage::{Stage, run};
use gatos_cli::lsp::framing::{self, FRAME_SIZE_MAX, Frame};
use serde_json::{Value, json};

const POLICY: &str = "file:///desk/finance.rgs";
const FOLD: &str = "file:///desk/invoices.yaml";

/// What comes back for these messages, and the exit status.
fn talk(messages: &[Value]) -> (Vec<Value>, Option<i32>) {
    let input: Vec<u8> = messages
        .iter()
        .flat_map(|message| framing::framed(&message.to_string()))
        .collect();
    send(&input)
}

fn send(input: &[u8]) -> (Vec<Value>, Option<i32>) {
    let stage = Stage::new();
    let output = run(stage.gatos(["lsp", "--stdio"]), input);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        !errors.contains("panicked") && !errors.contains("INTERNAL") && errors.len() < 1000,
        "{errors}"
    );
    let mut rest = output.stdout.as_slice();
    let mut replies = Vec::new();
    loop {
        match framing::read(&mut rest).expect("what we write is framed") {
            Frame::Message(body) => replies.push(serde_json::from_slice(&body).expect("JSON")),
            Frame::TooLarge { size } => panic!("we wrote {size} bytes"),
            Frame::End => return (replies, output.status.code()),
        }
    }
}

fn request(id: u32, method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

fn remark(method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "method": method, "params": params})
}

fn open(uri: &str, language_id: &str, text: &str) -> Value {
    let document = json!({"uri": uri, "languageId": language_id, "version": 1, "text": text});
    remark("textDocument/didOpen", json!({"textDocument": document}))
}

fn change(uri: &str, version: u32, text: &str) -> Value {
    let document = json!({"uri": uri, "version": version});
    remark(
        "textDocument/didChange",
        json!({"textDocument": document, "contentChanges": [{"text": text}]}),
    )
}

fn at(id: u32, method: &str, uri: &str, line: u32, character: u32) -> Value {
    let position = json!({"line": line, "character": character});
    request(
        id,
        method,
        json!({"textDocument": {"uri": uri}, "position": position}),
    )
}

fn about(id: u32, method: &str, uri: &str) -> Value {
    request(
        id,
        method,
        json!({"textDocument": {"uri": uri}, "options": {"tabSize": 2, "insertSpaces": true}}),
    )
}

/// The messages between a proper beginning and a proper end; what comes back between the two.
fn session(messages: &[Value]) -> Vec<Value> {
    let capabilities = json!({"textDocument": {
        "hover": {"contentFormat": ["markdown", "plaintext"]},
        "documentSymbol": {"hierarchicalDocumentSymbolSupport": true},
        "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix"]}}},
        "publishDiagnostics": {"relatedInformation": true},
    }});
    let mut all = vec![
        request(
            0,
            "initialize",
            json!({"processId": null, "rootUri": null, "capabilities": capabilities}),
        ),
        remark("initialized", json!({})),
    ];
    all.extend_from_slice(messages);
    all.extend([
        request(999, "shutdown", Value::Null),
        remark("exit", Value::Null),
    ]);
    let (mut replies, status) = talk(&all);
    assert_eq!(status, Some(0));
    let last = replies.pop().expect("an answer to shutdown");
    assert_eq!(last, json!({"jsonrpc": "2.0", "id": 999, "result": null}));
    let first = replies.remove(0);
    assert_eq!(
        first["result"]["capabilities"]["positionEncoding"],
        "utf-16"
    );
    replies
}

fn range(line: u32, from: u32, to: u32) -> Value {
    json!({"start": {"line": line, "character": from}, "end": {"line": line, "character": to}})
}

#[test]
fn a_rule_that_can_never_allow_is_underlined() {
    let text = "rules:\n  - id: a\n    when: {}\n    allow_if: [\"has_cap('x')\"]\n  - id: b\n    when: {}\n    deny_if: [\"caps includes 'x'\"]\n    reason: closed\n";
    let replies = session(&[open(POLICY, "gatos-policy", text)]);
    let diagnostics = &replies[0]["params"]["diagnostics"];
    assert_eq!(
        diagnostics.as_array().map(Vec::len),
        Some(1),
        "{diagnostics}"
    );
    assert_eq!(diagnostics[0]["code"], "shadowed");
    assert_eq!(diagnostics[0]["severity"], 2);
    assert_eq!(
        diagnostics[0]["range"]["start"],
        json!({"line": 1, "character": 4})
    );
}

#[test]
fn a_broken_policy_is_underlined_until_it_is_mended() {
    // Two code units before the mistake are one character.
    let broken = "when: {}\nallow_if:\n  - \"payload.x == '😀' && true\"\n";
    let mended = broken.replace("&&", "and");
    let range_of_sign = range(2, 23, 25);
    let actions = json!({"textDocument": {"uri": POLICY}, "range": range_of_sign, "context": {"diagnostics": []}});
    let replies = session(&[
        open(POLICY, "gatos-policy", broken),
        request(1, "textDocument/codeAction", actions),
        about(2, "textDocument/formatting", POLICY),
        change(POLICY, 2, &mended),
        remark(
            "textDocument/didSave",
            json!({"textDocument": {"uri": POLICY}}),
        ),
        remark(
            "textDocument/didClose",
            json!({"textDocument": {"uri": POLICY}}),
        ),
        about(3, "textDocument/documentSymbol", POLICY),
    ]);
    let diagnostic = json!({
        "range": range_of_sign,
        "severity": 1,
        "code": "expression",
        "source": "gatos policy",
        "message": "`&&` has no meaning here\nhint: write `and`",
    });
    assert_eq!(
        replies[0]["params"],
        json!({"uri": POLICY, "version": 1, "diagnostics": [diagnostic]})
    );
    let action = &replies[1]["result"][0];
    assert_eq!(action["title"], "Write `and`");
    assert_eq!(
        action["edit"]["changes"][POLICY],
        json!([{"range": range_of_sign, "newText": "and"}])
    );
    assert_eq!(
        replies[2]["result"],
        Value::Null,
        "what does not compile is not formatted"
    );
    let clean = json!({"uri": POLICY, "version": 2, "diagnostics": []});
    assert_eq!(
        (&replies[3]["params"], &replies[4]["params"]),
        (&clean, &clean)
    );
    assert_eq!(
        replies[5]["params"],
        json!({"uri": POLICY, "diagnostics": []})
    );
    assert_eq!(
        replies[6]["result"],
        Value::Null,
        "a closed document has no symbols"
    );
}

#[test]
fn a_policy_shows_its_rules_and_has_one_layout() {
    let text = "rules:\n  - id: a\n    when: {}\n    allow_if: [\"true\"]\n  - id: a\n    when: {}\n    audit: true\n";
    let once = text.replacen("- id: a", "- id: b", 1);
    let replies = session(&[
        open(POLICY, "plaintext", text),
        change(POLICY, 2, &once),
        at(1, "textDocument/hover", POLICY, 1, 8),
        at(2, "textDocument/definition", POLICY, 1, 8),
        about(3, "textDocument/documentSymbol", POLICY),
        about(4, "textDocument/formatting", POLICY),
    ]);
    let twice = &replies[0]["params"]["diagnostics"][0];
    assert_eq!(
        (&twice["code"], &twice["range"]),
        (&json!("duplicate-id"), &range(4, 4, 6))
    );
    let other = &twice["relatedInformation"][0]["location"];
    assert_eq!(*other, json!({"uri": POLICY, "range": range(1, 4, 6)}));
    let hover = replies[2]["result"]["contents"]["value"]
        .as_str()
        .expect("a text");
    assert!(
        hover.starts_with("Rule `b`: every intent\n\nCost: at most "),
        "{hover}"
    );
    assert_eq!(
        replies[3]["result"],
        json!({"uri": POLICY, "range": range(1, 8, 9)})
    );
    let symbols = replies[4]["result"].as_array().expect("a list");
    let names: Vec<(&Value, &Value)> = symbols
        .iter()
        .map(|symbol| (&symbol["name"], &symbol["detail"]))
        .collect();
    assert_eq!(
        names,
        [
            (&json!("b"), &json!("allows")),
            (&json!("a"), &json!("audits"))
        ]
    );
    assert_eq!(symbols[0]["selectionRange"], range(1, 8, 9));
    let edits = replies[5]["result"].as_array().expect("edits");
    let formatted = applied(&once, &edits[0]);
    assert_eq!(
        formatted,
        gatos_policy::language::format_source(&once).expect("it compiles")
    );
}

/// A text with an edit of whole lines.
fn applied(text: &str, edit: &Value) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let line = |end: &str| {
        assert_eq!(edit["range"][end]["character"], 0, "{edit}");
        usize::try_from(edit["range"][end]["line"].as_u64().expect("a number")).expect("small")
    };
    let (start, end) = (line("start"), line("end"));
    [
        &lines[..start].concat(),
        edit["newText"].as_str().expect("a text"),
        &lines[end..].concat(),
    ]
    .concat()
}

#[test]
fn a_fold_shows_its_reducers_and_where_they_are_emitted_from() {
    let text = "version: 1\nreducers:\n  - kind: countt-by\n    name: types\n    key: event.type\n  - kind: lww\n    value: \"$.x\"\nemit:\n  - path: state/t.json\n    from: types\n  - path: state/x.json\n    from: lww\n";
    let mended = text.replace("countt", "count");
    let replies = session(&[
        open(FOLD, "yaml", text),
        change(FOLD, 2, &mended),
        at(1, "textDocument/hover", FOLD, 2, 12),
        at(2, "textDocument/definition", FOLD, 9, 12),
        at(3, "textDocument/definition", FOLD, 11, 12),
        about(4, "textDocument/documentSymbol", FOLD),
        at(5, "textDocument/hover", FOLD, 400, 400),
        open("file:///desk/ci.yaml", "yaml", "jobs: ["),
    ]);
    let unknown = &replies[0]["params"]["diagnostics"][0];
    assert_eq!(
        (&unknown["code"], &unknown["range"]),
        (&json!("unknown-kind"), &range(2, 10, 19))
    );
    assert_eq!(replies[1]["params"]["diagnostics"], json!([]));
    assert_eq!(
        replies[2]["result"]["contents"]["value"],
        "`count-by`: How many events have each key."
    );
    assert_eq!(replies[3]["result"]["range"], range(3, 10, 15));
    assert_eq!(replies[4]["result"]["range"], range(5, 10, 13));
    let names: Vec<Value> = replies[5]["result"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|symbol| symbol["name"].clone())
        .collect();
    assert_eq!(names, ["types", "lww", "state/t.json", "state/x.json"]);
    assert_eq!(replies[6]["result"], Value::Null);
    assert_eq!(
        replies[7]["params"]["diagnostics"],
        json!([]),
        "other YAML is left alone"
    );
}

#[test]
fn requests_out_of_place_are_refused_with_their_code() {
    let (replies, status) = talk(&[
        about(1, "textDocument/documentSymbol", POLICY),
        open(POLICY, "gatos-policy", "x"),
        request(2, "initialize", json!(7)),
        request(3, "initialize", json!({})),
        request(4, "workspace/symbol", json!({})),
        request(5, "$/unknown", Value::Null),
        remark("$/cancelRequest", json!({"id": 1})),
        remark("workspace/didChangeConfiguration", json!({})),
        request(
            6,
            "textDocument/hover",
            json!({"textDocument": {"uri": POLICY}}),
        ),
        request(7, "textDocument/hover", json!([])),
        at(8, "textDocument/hover", POLICY, 0, 0),
        request(
            9,
            "textDocument/codeAction",
            json!({"textDocument": {"uri": POLICY}}),
        ),
        request(10, "shutdown", Value::Null),
        at(11, "textDocument/hover", POLICY, 0, 0),
        remark("exit", Value::Null),
    ]);
    let codes: Vec<(u64, i64)> = replies
        .iter()
        .filter_map(|reply| {
            Some((
                reply["id"].as_u64()?,
                reply["error"]["code"].as_i64().unwrap_or(0),
            ))
        })
        .collect();
    let expected = [
        (1, -32002),
        (2, 0),
        (3, -32600),
        (4, -32601),
        (5, -32601),
        (6, -32602),
        (7, -32602),
        (8, 0),
        (9, 0),
        (10, 0),
        (11, -32600),
    ];
    assert_eq!(codes, expected);
    assert_eq!((replies.len(), status), (expected.len(), Some(0)));
}

#[test]
fn hostile_input_is_answered_or_ends_the_program() {
    let initialize = framing::framed(&request(1, "initialize", json!({})).to_string());
    let exit = framing::framed(&remark("exit", Value::Null).to_string());
    let framed = |body: &[u8]| {
        [
            format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes(),
            body,
        ]
        .concat()
    };
    let deep = "[".repeat(50_000);
    let many = format!("[{}1]", "1,".repeat(200_000));
    let half = b"Content-Length: 100\r\n\r\n{\"jsonrpc\"".to_vec();
    for (input, code) in [
        (framed(b"{"), -32700),
        (framed(b"\xff\xfe"), -32700),
        (framed(b"\"\\ud800\""), -32700),
        (framed(deep.as_bytes()), -32700),
        (framed(many.as_bytes()), -32600),
        (framed(b"[]"), -32600),
        (framed(b"null"), -32600),
        (
            framed(b"{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"initialize\"}"),
            -32600,
        ),
        (
            framed(&vec![
                b' ';
                usize::try_from(FRAME_SIZE_MAX).expect("it fits") + 1
            ]),
            -32600,
        ),
        (b"GET / HTTP/1.1\r\n\r\n".to_vec(), -32700),
        (
            b"Content-Length: 18446744073709551615\r\n\r\n{}".to_vec(),
            -32700,
        ),
        (
            b"Content-Length: 99999999999999999999999\r\n\r\n{}".to_vec(),
            -32700,
        ),
        (vec![b'x'; 1 << 20], -32700),
        (vec![0; 1 << 16], -32700),
        (half, -32700),
    ] {
        let start = String::from_utf8_lossy(&input)
            .chars()
            .take(60)
            .collect::<String>();
        let (replies, status) = send(&[initialize.as_slice(), &input, &exit].concat());
        assert_eq!(replies[1]["error"]["code"], code, "{start}");
        assert_eq!((replies.len(), status), (2, Some(1)), "{start}");
    }
    assert_eq!(send(b""), (Vec::new(), Some(1)));
}

#[test]
fn remarks_that_make_no_sense_are_logged_and_forgotten() {
    let large = " ".repeat(gatos_yaml::SOURCE_SIZE_MAX + 1);
    let replies = session(&[
        remark("textDocument/didOpen", json!({})),
        remark(
            "textDocument/didChange",
            json!({"textDocument": {"uri": POLICY}}),
        ),
        change(POLICY, 1, "not open"),
        remark(
            "textDocument/didClose",
            json!({"textDocument": {"uri": POLICY}}),
        ),
        open(POLICY, "rgs", &large),
        at(1, "textDocument/hover", POLICY, 0, 0),
    ]);
    for reply in &replies[..3] {
        assert_eq!(reply["method"], "window/logMessage", "{reply}");
    }
    assert_eq!(
        replies[3]["params"]["diagnostics"][0]["code"],
        "not-checked"
    );
    assert_eq!(replies[4]["result"], Value::Null);
    assert_eq!(replies.len(), 5);
}
