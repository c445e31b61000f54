use super::*;
use gatos_values::ErrorCode;
use std::sync::{Arc, Mutex};

/// A stream that remembers, or one whose reader has gone.
#[derive(Clone, Default)]
struct Stream {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader_is_gone: bool,
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.reader_is_gone {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.bytes
            .lock()
            .expect("not poisoned")
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream {
    fn text(&self) -> String {
        String::from_utf8(self.bytes.lock().expect("not poisoned").clone()).expect("UTF-8")
    }
}

struct Seen {
    output: String,
    errors: String,
}

/// What both streams hold after some work on a console.
fn seen(manners: Manners, terminal: bool, work: impl FnOnce(&mut Console)) -> Seen {
    let (output, errors) = (Stream::default(), Stream::default());
    let mut console = Console {
        manners,
        output: BufWriter::new(Box::new(output.clone())),
        output_is_terminal: terminal,
        output_coloured: coloured(manners.colour, terminal),
        errors: Box::new(errors.clone()),
        errors_is_terminal: terminal,
        errors_coloured: coloured(manners.colour, terminal),
    };
    work(&mut console);
    console.flush().expect("the stream takes everything");
    Seen {
        output: output.text(),
        errors: errors.text(),
    }
}

const JSON: Manners = Manners {
    json: true,
    quiet: false,
    verbose: false,
    colour: Colour::Never,
};
const HUMAN: Manners = Manners {
    json: false,
    ..JSON
};
const QUIET: Manners = Manners {
    quiet: true,
    ..HUMAN
};

fn reply(console: &mut Console) {
    let document = document(true, [("b", Value::from(1u8)), ("a", Value::Null)]);
    console
        .done(&document, &Text::new().say("done\n"))
        .expect("written");
    console
        .show(&document, &Text::new().say("shown\n"))
        .expect("written");
    console.note(&Text::new().say("noted\n"));
}

#[test]
fn replies_follow_the_manners() {
    let people = seen(HUMAN, false, reply);
    assert_eq!(
        (people.output.as_str(), people.errors.as_str()),
        ("done\nshown\n", "noted\n")
    );
    let quiet = seen(QUIET, false, reply);
    assert_eq!(
        (quiet.output.as_str(), quiet.errors.as_str()),
        ("shown\n", "")
    );
    let programs = seen(JSON, false, reply);
    let line = "{\"a\":null,\"b\":1,\"ok\":true}\n";
    assert_eq!(
        (programs.output, programs.errors.as_str()),
        (line.repeat(2), "")
    );
}

fn hostile() -> Fault {
    Fault::new(ErrorCode::Io, "ref\u{202e}", "first\x1b[2J\nhint: forged").with_hint("try \u{7}")
}

#[test]
fn faults_are_escaped_for_people() {
    let seen = seen(HUMAN, true, |console| console.fault(&hostile()));
    let expected =
        "error[IO]: first\\u{1b}[2J\n    hint: forged\n  about: ref\\u{202e}\n  hint: try \\u{7}\n";
    assert_eq!((seen.output.as_str(), seen.errors.as_str()), ("", expected));
}

#[test]
fn faults_are_the_last_line_for_programs() {
    let seen = seen(JSON, false, |console| console.fault(&hostile()));
    let read: serde_json::Value = serde_json::from_str(&seen.output).expect("one document");
    assert_eq!(read["ok"], false);
    assert_eq!(read["code"], "IO");
    assert_eq!(read["reason"], "first\u{1b}[2J\nhint: forged");
    assert_eq!(seen.errors, "");
}

#[test]
fn json_bytes_are_kept_for_pipes_and_escaped_for_terminals() {
    let bytes = "{\"a\":\"\u{202e}\"}".as_bytes();
    let piped = seen(HUMAN, false, |console| {
        console.json_text(bytes).expect("written")
    });
    assert_eq!(piped.output.as_bytes(), bytes);
    let shown = seen(HUMAN, true, |console| {
        console.json_text(bytes).expect("written")
    });
    assert_eq!(shown.output, "{\"a\":\"\\u202e\"}\n");
}

#[test]
fn a_reader_that_has_gone_is_no_fault() {
    let gone = Stream {
        reader_is_gone: true,
        ..Stream::default()
    };
    let mut console = Console {
        manners: HUMAN,
        output: BufWriter::new(Box::new(gone)),
        output_is_terminal: false,
        output_coloured: false,
        errors: Box::new(Stream::default()),
        errors_is_terminal: false,
        errors_coloured: false,
    };
    console
        .print(&Text::new().say("x"))
        .expect("it is buffered");
    assert!(matches!(console.flush(), Err(Stop::ReaderGone)));
}
