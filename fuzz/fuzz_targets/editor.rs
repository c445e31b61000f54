//! The language server: any stream of frames is read to an end; a message gets at most what it asks for.
#![no_main]

use gatos_cli::lsp::framing::{self, Frame};
use gatos_cli::lsp::message::{self, Message};
use gatos_cli::lsp::server::Server;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut input = input;
    let mut server = Server::default();
    while let Ok(frame) = framing::read(&mut input) {
        let replies = match frame {
            Frame::Message(body) => {
                let is_request = matches!(message::parse(&body), Ok(Message::Request { .. }));
                let replies = server.receive(&body);
                assert!(!is_request || replies.len() == 1);
                replies
            }
            Frame::TooLarge { size } => server.dropped(size),
            Frame::End => return,
        };
        for reply in replies {
            // A bug in a feature is caught and told; here it must be seen.
            assert!(reply["error"]["code"] != message::INTERNAL_ERROR);
            let told = reply["params"]["message"].as_str().unwrap_or_default();
            assert!(!told.starts_with("a bug"));
            let framed = framing::framed(&reply.to_string());
            let read = framing::read(&mut framed.as_slice());
            assert!(matches!(read, Ok(Frame::Message(_))));
        }
    }
});
