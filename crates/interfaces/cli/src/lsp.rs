//! The language server: what `gatos lsp` speaks with an editor, over standard input and output.
//!
//! [`framing`] cuts bytes into messages, [`message`] reads and writes JSON-RPC, [`server`] keeps the life cycle and calls
//! one file for each feature: [`diagnostics`], [`hover`], [`definition`], [`symbols`], [`formatting`], [`actions`]. What
//! they ask about a source is answered by a [`language`]; a further language is one file there and a row of its table.
//! Compiling is the languages' own crates' work; the server reads and writes no file.
//!
//! INVARIANT 1: nothing but framed messages reaches standard output.
//! INVARIANT 2: no input makes it panic, or hold more than fixed sizes; a bug in a feature fails that request alone.
//! INVARIANT 3: the same messages get the same answers, byte for byte.
//! Guide: docs/guide/editors.md. Tests: beside the files, tests/it/editor.rs.

pub mod actions;
pub mod definition;
pub mod diagnostics;
pub mod documents;
pub mod formatting;
pub mod framing;
pub mod hover;
pub mod language;
pub mod message;
pub mod server;
pub mod source;
pub mod symbols;

use crate::console::{Answer, Console, Stop};
use crate::text::{Text, Tone};
use framing::Frame;
use server::Server;
use std::io::BufRead;

/// Serves one editor until it leaves.
///
/// # Errors
/// [`Stop`] where standard output cannot be written.
pub fn serve(input: &mut impl BufRead, console: &mut Console) -> Result<Answer, Stop> {
    let mut server = Server::default();
    loop {
        let replies = match framing::read(input) {
            Ok(Frame::Message(body)) => server.receive(&body),
            Ok(Frame::TooLarge { size }) => server.dropped(size),
            Ok(Frame::End) => return Ok(server.left()),
            Err(error) => {
                let reason = error.to_string();
                send(
                    console,
                    &[message::failure(None, message::PARSE_ERROR, &reason)],
                )?;
                let text = Text::new()
                    .toned(Tone::Bad, "error")
                    .say(": ")
                    .foreign(reason);
                console.wrong(&text.end());
                return Ok(Answer::No);
            }
        };
        send(console, &replies)?;
        if let Some(answer) = server.ended() {
            return Ok(answer);
        }
    }
}

fn send(console: &mut Console, messages: &[serde_json::Value]) -> Result<(), Stop> {
    for message in messages {
        console.bytes(&framing::framed(&message.to_string()))?;
    }
    console.flush()
}
