//! `gatos canon check`: are these bytes canonical JSON, or canonical CBOR?

use crate::console::{Answer, Console, Ending, document};
use crate::manual::{Manual, Reply, example, field};
use crate::text::{Text, Tone, counted};
use crate::{faults, input};
use gatos_node::{Fault, Outcome};
use gatos_values::{Value, cbor, json};
use std::path::Path;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "canon check",
    examples: &[
        example("check a state file", "gatos canon check < invoices.json"),
        example(
            "check a compiled fold",
            "gatos canon check --cbor < invoices.rgf",
        ),
    ],
    reply: Reply::Document(&[
        field("ok", "`true`: the bytes are canonical"),
        field("form", "`json` or `cbor`"),
        field("bytes", "how many bytes were read"),
    ]),
    no_when: "the bytes are not canonical; the reason names the first byte that differs",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Expect canonical CBOR instead of canonical JSON
    #[arg(long)]
    cbor: bool,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let path = Path::new("-");
        let input = input::read(path, input::DOCUMENT_SIZE_MAX)?;
        let (form, shown) = if self.cbor {
            ("cbor", "CBOR")
        } else {
            ("json", "JSON")
        };
        if self.cbor {
            check_cbor(path, &input)?
        } else {
            check_json(path, &input)?
        }
        let size = input.len();
        let reply = document(
            true,
            [("form", Value::from(form)), ("bytes", Value::from(size))],
        );
        let text = Text::new()
            .toned(Tone::Good, format!("canonical {shown}"))
            .say(format!(", {}", counted(size as u64, "byte", "bytes")))
            .end();
        console.done(&reply, &text)?;
        Ok(Answer::Yes)
    }
}

fn check_json(path: &Path, input: &[u8]) -> Outcome<()> {
    json::is_canonical(input).map_err(|error| faults::json(&input::shown(path), input, &error))
}

fn check_cbor(path: &Path, input: &[u8]) -> Outcome<()> {
    cbor::decode(input, input.len()).map(drop).map_err(|error| {
        Fault::new(error.code(), input::shown(path), error.to_string())
            .with_detail("offset", Value::from(error.offset))
    })
}
