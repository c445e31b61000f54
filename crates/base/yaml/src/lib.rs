//! The one YAML layer: YAML 1.2 core schema text to a tree of nodes that know their line and column.
//!
//! It refuses what makes two readers disagree: anchors, aliases, tags, duplicate keys, merge keys, keys
//! that are not text, several documents, numbers the value model cannot hold. Scanning is
//! `saphyr-parser`'s work; what the nodes mean is their readers': the compilers of folds and of policies.
//! What those have to say about a source is a [`Finding`].
//!
//! INVARIANT 1: every node and key carries the place where it starts, counted from line 1, column 1.
//! INVARIANT 2: no input makes it panic, recurse or hold more than a fixed multiple of the source.
//!
//! Guide: `docs/guide/folds.md`. Tests: `tests.rs`.
#![no_std]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

extern crate alloc;

mod finding;
mod scalar;
#[cfg(test)]
mod tests;

pub use finding::{Finding, Fix, Severity};

use alloc::borrow::Cow;
use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use gatos_numbers::Number;
use gatos_values::Text;
use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

/// Largest source [`parse`] takes, in bytes.
pub const SOURCE_SIZE_MAX: usize = 1024 * 1024;

/// Deepest nesting of lists and maps [`parse`] takes.
pub const DEPTH_MAX: usize = 32;

/// Most nodes (scalars, lists and maps) in one document.
pub const NODE_COUNT_MAX: usize = 100_000;

/// A place in the source. Both parts count from 1; columns count characters, not bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl Position {
    /// The first character of a source.
    pub const START: Position = Position { line: 1, column: 1 };
}

/// One value of the document and where it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Where the value starts.
    pub position: Position,
    /// The value itself.
    pub data: Data,
}

/// What a node holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// `null`, `~` or nothing at all.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer, or a decimal rounded to steps of 2^−32.
    Number(Number),
    /// Text, in NFC.
    Text(Text),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in source order; keys are unique.
    Map(Vec<Entry>),
}

impl Data {
    /// What the value is, for messages: `text`, `a list`, ….
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Data::Null => "null",
            Data::Bool(_) => "a boolean",
            Data::Number(_) => "a number",
            Data::Text(_) => "text",
            Data::List(_) => "a list",
            Data::Map(_) => "a map",
        }
    }
}

/// One key of a map with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where the key starts.
    pub position: Position,
    /// The key.
    pub key: Text,
    /// The value.
    pub value: Node,
}

/// Why a source was refused, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct YamlError {
    /// Where the trouble starts.
    pub position: Position,
    /// What the trouble is.
    pub kind: YamlErrorKind,
}

/// What was wrong with a source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum YamlErrorKind {
    /// Not well-formed YAML; the scanner's own words.
    #[error("not well-formed YAML: {0}")]
    Syntax(String),
    /// The source is larger than [`SOURCE_SIZE_MAX`].
    #[error("the source is larger than {SOURCE_SIZE_MAX} bytes")]
    TooLarge,
    /// More than [`DEPTH_MAX`] levels.
    #[error("nested deeper than {DEPTH_MAX} levels")]
    TooDeep,
    /// More than [`NODE_COUNT_MAX`] nodes.
    #[error("more than {NODE_COUNT_MAX} values in one document")]
    TooMany,
    /// A character YAML does not allow.
    #[error("the character U+{0:04X} may not stand in a YAML source")]
    Character(u32),
    /// A second document in one source.
    #[error("a second document in one source")]
    SecondDocument,
    /// `&anchor` or `*alias`.
    #[error("anchors and aliases are not supported")]
    Anchor,
    /// `!tag`.
    #[error("tags are not supported")]
    Tag,
    /// The merge key `<<`.
    #[error("the merge key `<<` is not supported")]
    MergeKey,
    /// A key twice in one map.
    #[error("duplicate key `{0}`")]
    DuplicateKey(String),
    /// A key that is not text, such as `1:` or `true:` or a list.
    #[error("a key must be text, not {0}")]
    KeyKind(&'static str),
    /// A number the value model cannot hold.
    #[error("`{0}` is not a number this format can hold")]
    Number(String),
    /// Text with a code point that is unassigned in the pinned Unicode version.
    #[error("text with a code point unassigned in the pinned Unicode version")]
    Text,
}

impl YamlErrorKind {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            YamlErrorKind::Syntax(_) => {
                "check the indentation, the quotes and the colons of this line"
            }
            YamlErrorKind::TooLarge | YamlErrorKind::TooMany => {
                "split the source into several files"
            }
            YamlErrorKind::TooDeep => "write it flatter",
            YamlErrorKind::Character(_) => "write it as an escape in a double-quoted string",
            YamlErrorKind::SecondDocument => {
                "keep one document in a file: remove the `---` or `...` line"
            }
            YamlErrorKind::Anchor => {
                "write the value out where it is used, or quote text that starts with `&` or `*`"
            }
            YamlErrorKind::Tag => "remove the tag, or quote text that starts with `!`",
            YamlErrorKind::MergeKey => "write the keys out where they are used",
            YamlErrorKind::DuplicateKey(_) => "keep one of the two",
            YamlErrorKind::KeyKind(_) => "put the key in quotes",
            YamlErrorKind::Number(_) => {
                "write a plain decimal such as 12 or 0.5, or put text in quotes"
            }
            YamlErrorKind::Text => "use characters of the pinned Unicode version only",
        }
    }
}

/// Reads one YAML document. An empty source is a null node.
///
/// # Errors
/// [`YamlError`] at the first thing it refuses.
pub fn parse(source: &str) -> Result<Node, YamlError> {
    if source.len() > SOURCE_SIZE_MAX {
        return Err(error(Position::START, YamlErrorKind::TooLarge));
    }
    check_characters(source)?;
    let mut parser = Parser::new_from_str(source);
    let mut builder = Builder::default();
    while let Some(step) = parser.next_event() {
        let (event, span) = step.map_err(|cause| {
            let position = position(cause.marker());
            error(position, YamlErrorKind::Syntax(cause.info().to_string()))
        })?;
        builder.event(event, span)?;
    }
    Ok(builder.root.unwrap_or(Node {
        position: Position::START,
        data: Data::Null,
    }))
}

/// The scanner takes NUL for the end of input and lets control characters pass, so they are refused here.
fn check_characters(source: &str) -> Result<(), YamlError> {
    let mut place = Position::START;
    for (index, character) in source.chars().enumerate() {
        match character {
            '\n' => {
                place = Position {
                    line: place.line + 1,
                    column: 0,
                }
            }
            '\t'
            | '\r'
            | ' '..='~'
            | '\u{85}'
            | '\u{a0}'..='\u{fefe}'
            | '\u{ff00}'..='\u{fffd}' => {}
            '\u{feff}' if index == 0 => {}
            '\u{10000}'.. => {}
            _ => return Err(error(place, YamlErrorKind::Character(u32::from(character)))),
        }
        place.column += 1;
    }
    Ok(())
}

/// A list or map whose end has not come yet.
struct Open {
    position: Position,
    container: Container,
}

enum Container {
    List(Vec<Node>),
    Map {
        entries: Vec<Entry>,
        seen: BTreeSet<Text>,
        key: Option<(Position, Text)>,
    },
}

/// Builds the tree from scanner events, with a stack of its own instead of recursion.
#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    root: Option<Node>,
    node_count: usize,
    documents: usize,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), YamlError> {
        let place = position(&span.start);
        match event {
            Event::DocumentStart(_) => self.document(place),
            Event::Alias(_) => Err(error(place, YamlErrorKind::Anchor)),
            Event::Scalar(text, style, anchor, tag) => {
                self.admit(place, anchor, tag.as_ref())?;
                self.scalar(place, text, style)
            }
            Event::SequenceStart(anchor, tag) => {
                self.admit(place, anchor, tag.as_ref())?;
                self.push(place, Container::List(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => {
                self.admit(place, anchor, tag.as_ref())?;
                let (entries, seen) = (Vec::new(), BTreeSet::new());
                self.push(
                    place,
                    Container::Map {
                        entries,
                        seen,
                        key: None,
                    },
                )
            }
            Event::SequenceEnd | Event::MappingEnd => self.pop(),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
        }
    }

    fn document(&mut self, place: Position) -> Result<(), YamlError> {
        self.documents += 1;
        if self.documents > 1 {
            return Err(error(place, YamlErrorKind::SecondDocument));
        }
        Ok(())
    }

    /// Checks what every node must satisfy before it is looked at.
    fn admit(
        &mut self,
        place: Position,
        anchor: usize,
        tag: Option<&Cow<'_, Tag>>,
    ) -> Result<(), YamlError> {
        if anchor != 0 {
            return Err(error(place, YamlErrorKind::Anchor));
        }
        if tag.is_some() {
            return Err(error(place, YamlErrorKind::Tag));
        }
        self.node_count += 1;
        if self.node_count > NODE_COUNT_MAX {
            return Err(error(place, YamlErrorKind::TooMany));
        }
        Ok(())
    }

    fn push(&mut self, position: Position, container: Container) -> Result<(), YamlError> {
        if self.awaits_key() {
            let kind = match container {
                Container::List(_) => "a list",
                Container::Map { .. } => "a map",
            };
            return Err(error(position, YamlErrorKind::KeyKind(kind)));
        }
        if self.open.len() >= DEPTH_MAX {
            return Err(error(position, YamlErrorKind::TooDeep));
        }
        self.open.push(Open {
            position,
            container,
        });
        Ok(())
    }

    fn pop(&mut self) -> Result<(), YamlError> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let data = match open.container {
            Container::List(nodes) => Data::List(nodes),
            Container::Map { entries, .. } => Data::Map(entries),
        };
        self.place(Node {
            position: open.position,
            data,
        });
        Ok(())
    }

    fn awaits_key(&self) -> bool {
        matches!(
            self.open.last(),
            Some(Open {
                container: Container::Map { key: None, .. },
                ..
            })
        )
    }

    fn scalar(
        &mut self,
        place: Position,
        text: Cow<'_, str>,
        style: ScalarStyle,
    ) -> Result<(), YamlError> {
        let data = if style == ScalarStyle::Plain {
            scalar::resolve(&text)
        } else {
            scalar::quoted(&text)
        };
        let data = data.map_err(|kind| error(place, kind))?;
        if let Some(Open {
            container:
                Container::Map {
                    seen,
                    key: key @ None,
                    ..
                },
            ..
        }) = self.open.last_mut()
        {
            *key = Some((
                place,
                check_key(data, style, seen).map_err(|kind| error(place, kind))?,
            ));
            return Ok(());
        }
        self.place(Node {
            position: place,
            data,
        });
        Ok(())
    }

    /// Puts a finished node where it belongs.
    fn place(&mut self, node: Node) {
        match self.open.last_mut().map(|open| &mut open.container) {
            None => self.root = Some(node),
            Some(Container::List(nodes)) => nodes.push(node),
            Some(Container::Map { entries, key, .. }) => {
                if let Some((position, key)) = key.take() {
                    entries.push(Entry {
                        position,
                        key,
                        value: node,
                    });
                }
            }
        }
    }
}

fn check_key(
    data: Data,
    style: ScalarStyle,
    seen: &mut BTreeSet<Text>,
) -> Result<Text, YamlErrorKind> {
    let Data::Text(key) = data else {
        return Err(YamlErrorKind::KeyKind(data.kind()));
    };
    if style == ScalarStyle::Plain && key.as_str() == "<<" {
        return Err(YamlErrorKind::MergeKey);
    }
    if !seen.insert(key.clone()) {
        return Err(YamlErrorKind::DuplicateKey(key.as_str().to_string()));
    }
    Ok(key)
}

fn error(position: Position, kind: YamlErrorKind) -> YamlError {
    YamlError { position, kind }
}

fn position(marker: &saphyr_parser::Marker) -> Position {
    let count = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    Position {
        line: count(marker.line()).max(1),
        column: count(marker.col()).saturating_add(1),
    }
}
