//! The life of a connection: initialize, documents and requests, shutdown, exit.
//!
//! A request is answered by its feature's file; a remark about a document is answered with diagnostics.
//!
//! INVARIANT: every request gets exactly one answer, in the order of the requests.
//! Tests: tests/it/editor.rs.

use super::documents::{Document, Documents};
use super::message::{self, Message};
use super::source::Source;
use super::{actions, definition, diagnostics, formatting, hover, symbols};
use crate::console::Answer;
use crate::guard;
use gatos_yaml::Position;
use serde_json::{Value, json};

/// What the client can show.
#[derive(Clone, Copy, Debug, Default)]
pub struct Client {
    /// Markdown in hovers.
    pub markdown: bool,
    /// Symbols in a tree.
    pub symbol_trees: bool,
    /// Code actions that are edits.
    pub action_literals: bool,
    /// Other places that belong to a diagnostic.
    pub related: bool,
}

impl Client {
    fn of(params: &Value) -> Client {
        let flag = |path: &str| {
            params
                .pointer(path)
                .and_then(Value::as_bool)
                .unwrap_or(false)
        };
        let document = "/capabilities/textDocument";
        let formats = params.pointer(&format!("{document}/hover/contentFormat"));
        let formats = formats
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default();
        Client {
            markdown: formats.iter().any(|format| format == "markdown"),
            symbol_trees: flag(&format!(
                "{document}/documentSymbol/hierarchicalDocumentSymbolSupport"
            )),
            action_literals: params
                .pointer(&format!("{document}/codeAction/codeActionLiteralSupport"))
                .is_some(),
            related: flag(&format!("{document}/publishDiagnostics/relatedInformation")),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    ExpectInitialize,
    Serving,
    ExpectExit,
    Ended,
}

/// One connection.
#[derive(Default)]
pub struct Server {
    stage: Stage,
    was_shut_down: bool,
    client: Client,
    documents: Documents,
}

/// Why a request has no result.
type Refusal = (i32, String);

impl Server {
    /// Takes one message and gives what to send.
    pub fn receive(&mut self, body: &[u8]) -> Vec<Value> {
        match message::parse(body) {
            Err(error) => vec![message::failure(
                error.id.as_ref(),
                error.code,
                &error.reason,
            )],
            Ok(Message::Response) => Vec::new(),
            Ok(Message::Request { id, method, params }) => {
                let answer = guard::guarded(|| self.request(&method, &params));
                let answer = answer.unwrap_or_else(|bug| Err((message::INTERNAL_ERROR, bug)));
                vec![match answer {
                    Ok(result) => message::success(&id, result),
                    Err((code, reason)) => message::failure(Some(&id), code, &reason),
                }]
            }
            Ok(Message::Notification { method, params }) => {
                let answer = guard::guarded(|| self.notification(&method, &params));
                answer.unwrap_or_else(|bug| vec![log(&format!("a bug in gatos: {bug}"))])
            }
        }
    }

    /// A frame was too large to be read. Some document may have changed in it.
    pub fn dropped(&mut self, size: u64) -> Vec<Value> {
        self.documents.forget_texts();
        let reason = format!(
            "a message of {size} bytes is larger than {}",
            super::framing::FRAME_SIZE_MAX
        );
        let mut replies = vec![message::failure(None, message::INVALID_REQUEST, &reason)];
        let open = self.documents.iter();
        replies
            .extend(open.map(|(uri, document)| diagnostics::publish(uri, document, self.client)));
        replies
    }

    /// The answer of the program, once `exit` has come.
    #[must_use]
    pub fn ended(&self) -> Option<Answer> {
        (self.stage == Stage::Ended).then(|| self.left())
    }

    /// The answer of the program if the client leaves now.
    #[must_use]
    pub fn left(&self) -> Answer {
        if self.was_shut_down {
            Answer::Yes
        } else {
            Answer::No
        }
    }

    fn request(&mut self, method: &str, params: &Value) -> Result<Value, Refusal> {
        let refuse = |code, reason: &str| Err((code, reason.to_owned()));
        match (self.stage, method) {
            (Stage::ExpectInitialize, "initialize") => {
                self.client = Client::of(params);
                self.stage = Stage::Serving;
                Ok(capabilities())
            }
            (Stage::ExpectInitialize, _) => {
                refuse(message::NOT_INITIALIZED, "`initialize` comes first")
            }
            (Stage::ExpectExit | Stage::Ended, _) => refuse(
                message::INVALID_REQUEST,
                "only `exit` comes after `shutdown`",
            ),
            (Stage::Serving, "initialize") => {
                refuse(message::INVALID_REQUEST, "`initialize` comes once")
            }
            (Stage::Serving, "shutdown") => {
                (self.stage, self.was_shut_down) = (Stage::ExpectExit, true);
                Ok(Value::Null)
            }
            (Stage::Serving, "textDocument/hover") => self
                .at_place(params, |_, document, source, place| {
                    hover::answer(document, source, place, self.client)
                }),
            (Stage::Serving, "textDocument/definition") => {
                self.at_place(params, definition::answer)
            }
            (Stage::Serving, "textDocument/documentSymbol") => self
                .in_document(params, |uri, document, source| {
                    symbols::answer(uri, document, source, self.client)
                }),
            (Stage::Serving, "textDocument/formatting") => self
                .in_document(params, |_, document, source| {
                    formatting::answer(document, source)
                }),
            (Stage::Serving, "textDocument/codeAction") => self.code_actions(params),
            _ => Err((
                message::METHOD_NOT_FOUND,
                format!("there is no method `{}`", shortened(method)),
            )),
        }
    }

    fn code_actions(&self, params: &Value) -> Result<Value, Refusal> {
        let (uri, document) = self.document(params)?;
        let Some((document, source)) = document.and_then(with_source) else {
            return Ok(Value::Null);
        };
        let place = |name| {
            let place = params.pointer(&format!("/range/{name}"));
            let place = place.and_then(|place| source.from_editor(place));
            place.ok_or_else(|| wrong_params("`range` is needed"))
        };
        let range = super::source::Span {
            start: place("start")?,
            end: place("end")?,
        };
        Ok(actions::answer(uri, document, source, range, self.client))
    }

    fn notification(&mut self, method: &str, params: &Value) -> Vec<Value> {
        match (self.stage, method) {
            (_, "exit") => {
                self.stage = Stage::Ended;
                Vec::new()
            }
            (Stage::Serving, "textDocument/didOpen") => self.opened(params),
            (Stage::Serving, "textDocument/didChange") => self.changed(params),
            (Stage::Serving, "textDocument/didSave") => self.saved(params),
            (Stage::Serving, "textDocument/didClose") => self.closed(params),
            // The rest is for servers that do more, or comes at the wrong time; both go unanswered.
            _ => Vec::new(),
        }
    }

    fn opened(&mut self, params: &Value) -> Vec<Value> {
        let part = |name| params.pointer(&format!("/textDocument/{name}"));
        let text = |name| part(name).and_then(Value::as_str);
        let (Some(uri), Some(language_id), Some(content)) =
            (text("uri"), text("languageId"), text("text"))
        else {
            return vec![log("didOpen without uri, languageId or text")];
        };
        let version = part("version").cloned().unwrap_or_default();
        self.set(uri, Some(language_id), version, content)
    }

    fn changed(&mut self, params: &Value) -> Vec<Value> {
        let Some(uri) = params.pointer("/textDocument/uri").and_then(Value::as_str) else {
            return vec![log("didChange without uri")];
        };
        let changes = params.get("contentChanges").and_then(Value::as_array);
        let last = changes.and_then(|changes| changes.last());
        let whole = last.filter(|change| change.get("range").is_none());
        let Some(text) = whole
            .and_then(|change| change.get("text"))
            .and_then(Value::as_str)
        else {
            return vec![log(
                "didChange without the whole text, which this server asks for",
            )];
        };
        let version = params
            .pointer("/textDocument/version")
            .cloned()
            .unwrap_or_default();
        self.set(uri, None, version, text)
    }

    fn set(
        &mut self,
        uri: &str,
        language_id: Option<&str>,
        version: Value,
        text: &str,
    ) -> Vec<Value> {
        let version = if version.is_i64() {
            version
        } else {
            Value::Null
        };
        match self
            .documents
            .set(uri, language_id, version, text.to_owned())
        {
            Some(document) => vec![diagnostics::publish(uri, document, self.client)],
            None => vec![log("a document that is not open, or one too many")],
        }
    }

    fn saved(&self, params: &Value) -> Vec<Value> {
        let uri = params
            .pointer("/textDocument/uri")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let document = self.documents.get(uri);
        document
            .map(|document| diagnostics::publish(uri, document, self.client))
            .into_iter()
            .collect()
    }

    fn closed(&mut self, params: &Value) -> Vec<Value> {
        let uri = params
            .pointer("/textDocument/uri")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let was_open = self.documents.close(uri);
        was_open
            .then(|| diagnostics::clear(uri))
            .into_iter()
            .collect()
    }

    /// The URI and the document that a request is about.
    fn document<'a>(
        &'a self,
        params: &'a Value,
    ) -> Result<(&'a str, Option<&'a Document>), Refusal> {
        let uri = params.pointer("/textDocument/uri").and_then(Value::as_str);
        let uri = uri.ok_or_else(|| wrong_params("`textDocument.uri` is needed"))?;
        Ok((uri, self.documents.get(uri)))
    }

    /// Null for a document that is not open, not kept or not ours.
    fn in_document(
        &self,
        params: &Value,
        feature: impl FnOnce(&str, &Document, &Source) -> Value,
    ) -> Result<Value, Refusal> {
        let (uri, document) = self.document(params)?;
        let found = document.and_then(with_source);
        Ok(found.map_or(Value::Null, |(document, source)| {
            feature(uri, document, source)
        }))
    }

    fn at_place(
        &self,
        params: &Value,
        feature: impl FnOnce(&str, &Document, &Source, Position) -> Value,
    ) -> Result<Value, Refusal> {
        let (uri, document) = self.document(params)?;
        let position = params.get("position").unwrap_or(&Value::Null);
        if Source::new(String::new()).from_editor(position).is_none() {
            return Err(wrong_params("`position` is needed"));
        }
        let found = document.and_then(with_source);
        let answer = found.and_then(|(document, source)| {
            let place = source.from_editor(position)?;
            Some(feature(uri, document, source, place))
        });
        Ok(answer.unwrap_or(Value::Null))
    }
}

fn with_source(document: &Document) -> Option<(&Document, &Source)> {
    document.source.as_ref().map(|source| (document, source))
}

fn wrong_params(reason: &str) -> Refusal {
    (message::INVALID_PARAMS, reason.to_owned())
}

/// A remark for the editor's log; only the program's own words go there.
fn log(text: &str) -> Value {
    const WARNING: u8 = 2;
    message::notification(
        "window/logMessage",
        json!({"type": WARNING, "message": text}),
    )
}

/// The start of a method's name, for messages.
fn shortened(method: &str) -> String {
    const SHOWN_MAX: usize = 60;
    method.chars().take(SHOWN_MAX).collect()
}

fn capabilities() -> Value {
    const FULL_TEXT: u8 = 1;
    json!({
        "capabilities": {
            "positionEncoding": "utf-16",
            "textDocumentSync": {"openClose": true, "change": FULL_TEXT, "save": {"includeText": false}},
            "hoverProvider": true,
            "definitionProvider": true,
            "documentSymbolProvider": true,
            "documentFormattingProvider": true,
            "codeActionProvider": {"codeActionKinds": [actions::QUICK_FIX]},
        },
        "serverInfo": {"name": "gatos", "version": env!("CARGO_PKG_VERSION")},
    })
}
