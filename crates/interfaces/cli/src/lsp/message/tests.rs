//! Messages that are read, and what is said about others.

use super::*;

fn shown(body: &[u8]) -> String {
    match parse(body) {
        Ok(Message::Request { id, method, params }) => format!("request {id} {method} {params}"),
        Ok(Message::Notification { method, params }) => format!("notification {method} {params}"),
        Ok(Message::Response) => "response".to_owned(),
        Err(error) => {
            failure(error.id.as_ref(), error.code, &error.reason)["error"]["code"].to_string()
        }
    }
}

#[test]
fn messages_are_told_apart() {
    for (body, expected) in [
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"m","params":[1]}"#,
            "request 1 m [1]",
        ),
        (
            r#"{"jsonrpc":"2.0","id":"a","method":"m"}"#,
            "request \"a\" m null",
        ),
        (
            r#"{"jsonrpc":"2.0","method":"m","params":{"a":"e\u0301"}}"#,
            "notification m {\"a\":\"e\u{301}\"}",
        ),
        (r#"{"jsonrpc":"2.0","id":1,"result":null}"#, "response"),
        (r#"{"jsonrpc":"2.0","id":null,"error":{}}"#, "response"),
        (r#"{"jsonrpc":"2.0","id":null,"method":"m"}"#, "-32600"),
        (r#"{"jsonrpc":"2.0","id":[],"method":"m"}"#, "-32600"),
        (r#"{"jsonrpc":"2.0","id":1,"method":2}"#, "-32600"),
        (r#"{"jsonrpc":"1.0","id":1,"method":"m"}"#, "-32600"),
        (r#"{"id":1,"method":"m"}"#, "-32600"),
        (r#"[{"jsonrpc":"2.0","id":1,"method":"m"}]"#, "-32600"),
        ("1", "-32600"),
        ("", "-32700"),
        ("{", "-32700"),
        (r#"{"jsonrpc":"2.0"} x"#, "-32700"),
        (r#"{"jsonrpc":"2.0","method":"\ud800"}"#, "-32700"),
    ] {
        assert_eq!(shown(body.as_bytes()), expected, "{body}");
    }
    assert_eq!(
        shown(b"{\"jsonrpc\":\"2.0\",\"method\":\"\xff\"}"),
        "-32700"
    );
    assert_eq!(shown("[".repeat(50_000).as_bytes()), "-32700");
    assert_eq!(
        shown(format!("[{}1]", "1,".repeat(VALUE_COUNT_MAX)).as_bytes()),
        "-32600"
    );
    let long = format!(
        r#"{{"jsonrpc":"2.0","method":"{}\"["}}"#,
        ",".repeat(VALUE_COUNT_MAX)
    );
    assert!(shown(long.as_bytes()).starts_with("notification ,,"));
}
