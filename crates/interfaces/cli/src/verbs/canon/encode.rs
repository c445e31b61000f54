//! `gatos canon encode`: JSON in, canonical JSON or canonical CBOR out.

use crate::console::{Answer, Console, Ending};
use crate::manual::{Manual, Reply, example};
use crate::{faults, input};
use gatos_values::{cbor, json};
use std::path::Path;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "canon encode",
    examples: &[
        example(
            "sort keys, drop white space",
            r#"echo '{"b": 1.50, "a": [ ]}' | gatos canon encode"#,
        ),
        example(
            "hash the CBOR form of a document",
            "gatos canon encode --cbor < state.json | b3sum",
        ),
    ],
    reply: Reply::Bytes("the canonical bytes, without a line end"),
    no_when: "the input is not JSON of the value model; the reason names the byte offset",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Write canonical CBOR instead of canonical JSON
    #[arg(long)]
    cbor: bool,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        if self.cbor && console.output_is_terminal() {
            return Err(faults::usage(
                "canon encode",
                "CBOR is binary, and standard output is a terminal",
            )
            .with_hint("send it to a file or a pipe: `gatos canon encode --cbor | xxd`")
            .into());
        }
        let path = Path::new("-");
        let input = input::read(path, input::DOCUMENT_SIZE_MAX)?;
        let value = json::decode_strict(&input, input.len())
            .map_err(|error| faults::json(&input::shown(path), &input, &error))?;
        drop(input);
        let encoded = if self.cbor {
            cbor::encode(&value)
        } else {
            json::encode_canonical(&value)
        };
        let encoded = encoded.map_err(|error| faults::internal(&error.to_string()))?;
        if self.cbor {
            console.bytes(&encoded)?
        } else {
            console.json_text(&encoded)?
        }
        Ok(Answer::Yes)
    }
}
