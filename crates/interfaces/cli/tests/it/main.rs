//! The command as people and programs meet it: the real binary in empty folders.
//!
//! [`transcripts`] replays the sessions of tests/transcripts, which are also the pages to read for a
//! feel of the program; [`allocator`] looks at the one option we set; [`editor`] speaks with the language server; [`elsewhere`]
//! compares clones in other places; [`hostile`] throws at it what nobody should type; [`streams`] looks at pipes,
//! terminals and signals. [`stage`] is the folder all of them play in.

mod allocator;
mod editor;
mod elsewhere;
mod hostile;
mod normal;
mod page;
mod recordings;
mod stage;
mod streams;
mod transcripts;
