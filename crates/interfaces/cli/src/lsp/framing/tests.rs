//! Frames as clients send them, and as nobody should.

use super::*;

/// Every frame up to the end or the first error, in words.
fn shown(input: &[u8]) -> String {
    let mut input = input;
    let mut words = Vec::new();
    loop {
        match read(&mut input) {
            Ok(Frame::Message(bytes)) => words.push(String::from_utf8_lossy(&bytes).into_owned()),
            Ok(Frame::TooLarge { size }) => words.push(format!("too large: {size}")),
            Ok(Frame::End) => words.push("end".to_owned()),
            Err(error) => words.push(format!("error: {error}")),
        }
        if words
            .last()
            .is_some_and(|word| word == "end" || word.starts_with("error"))
        {
            return words.join("; ");
        }
    }
}

#[test]
fn frames_are_read_or_refused() {
    let header =
        "is not a header; a message starts with `Content-Length: <bytes>` and an empty line";
    for (input, expected) in [
        ("", "end".to_owned()),
        (
            "Content-Length: 2\r\n\r\n{}Content-Length: 1\r\n\r\n1",
            "{}; 1; end".to_owned(),
        ),
        ("content-length:2\nX-Other: 1\n\n{}", "{}; end".to_owned()),
        ("Content-Length: 0\r\n\r\n", "; end".to_owned()),
        (
            "Content-Type: x; charset=utf8\r\nContent-Length: 1\r\n\r\n1",
            "1; end".to_owned(),
        ),
        (
            "Content-Type: x; charset=utf-16\r\n",
            format!("error: `Content-Type: x; charset=utf-16` {header}"),
        ),
        (
            "Content-Length: 2\r\n\r\n{",
            "error: the input ends inside a message".to_owned(),
        ),
        (
            "Content-Length: 2",
            "error: the input ends inside a message".to_owned(),
        ),
        (
            "\r\n",
            "error: a message without `Content-Length`".to_owned(),
        ),
        (
            "Content-Length: -1\r\n\r\n",
            format!("error: `Content-Length: -1` {header}"),
        ),
        (
            "Content-Length: +1\r\n\r\n",
            format!("error: `Content-Length: +1` {header}"),
        ),
        (
            "Content-Length: 99999999999999999999\r\n\r\n",
            format!("error: `Content-Length: 99999999999999999999` {header}"),
        ),
        (
            "Content-Length: 9999999999\r\n\r\nx",
            "error: the input ends inside a message".to_owned(),
        ),
        (
            "Content-Length: 1\r\nContent-Length: 1\r\n\r\n1",
            format!("error: `Content-Length: 1` {header}"),
        ),
        (
            "{\"jsonrpc\":\"2.0\"}\n",
            format!("error: `{{\"jsonrpc\":\"2.0\"}}` {header}"),
        ),
        ("no colon\r\n", format!("error: `no colon` {header}")),
    ] {
        assert_eq!(shown(input.as_bytes()), expected, "{input}");
    }
    let broken = shown(b"\xff: 1\r\n");
    assert!(broken.starts_with("error: `\u{fffd}: 1`"), "{broken}");
    let endless = shown(&[b'x'; 10_000]);
    assert_eq!(endless, "error: the headers have more than 4096 bytes");
}

#[test]
fn a_frame_that_is_too_large_is_read_over() {
    let size = FRAME_SIZE_MAX + 1;
    let mut input = format!("Content-Length: {size}\r\n\r\n").into_bytes();
    input.resize(input.len() + usize::try_from(size).expect("it fits"), b'x');
    input.extend(framed("1"));
    assert_eq!(shown(&input), format!("too large: {size}; 1; end"));
}
