//! The command line: the report of all topics, the cases of one, the lines of one case.
//!
//! The last two find out what differs once a report does; `cargo xtask targets` uses them for that.

use crate::topic::Topic;
use crate::topics::TOPICS;

/// How the program is called.
pub const USAGE: &str = "\
usage: gatos-sweeps [--scale N] [TOPIC...]   one line a topic: name, cases, digest
       gatos-sweeps --list                   names and cases at scale 1
       gatos-sweeps --cases TOPIC [COUNT]    one line a case: number, digest
       gatos-sweeps --show TOPIC CASE        what one case did";

/// Why nothing, or not everything, was printed.
#[derive(Debug)]
pub enum CommandError {
    /// The words on the command line make no sense; the text is what to say.
    Usage(String),
    /// The output was closed.
    Output(std::io::Error),
}

impl std::fmt::Display for CommandError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            CommandError::Usage(text) => formatter.write_str(text),
            CommandError::Output(error) => write!(formatter, "cannot write: {error}"),
        }
    }
}

impl std::error::Error for CommandError {}

/// Where lines go.
pub type Print<'a> = &'a mut dyn FnMut(&str) -> std::io::Result<()>;

/// Does what the arguments say.
///
/// # Errors
/// [`CommandError`].
pub fn run(arguments: &[String], print: Print<'_>) -> Result<(), CommandError> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["--help" | "-h"] => say(print, USAGE),
        ["--list"] => TOPICS.iter().try_for_each(|topic| {
            let line = format!("{}\t{}", topic.name, topic.case_count);
            say(print, &line)
        }),
        ["--cases", name] => cases(topic(name)?, None, print),
        ["--cases", name, count] => cases(topic(name)?, Some(number(count)?), print),
        ["--show", name, case] => {
            let lines = topic(name)?.case_lines(number(case)?);
            lines.lines().try_for_each(|line| say(print, line))
        }
        ["--scale", scale, names @ ..] => report(names, number(scale)?, print),
        names => report(names, 1, print),
    }
}

fn report(names: &[&str], scale: u64, print: Print<'_>) -> Result<(), CommandError> {
    if names.is_empty() {
        return TOPICS
            .iter()
            .try_for_each(|topic| say(print, &topic.line(scale)));
    }
    for name in names {
        let line = topic(name)?.line(scale);
        say(print, &line)?;
    }
    Ok(())
}

fn cases(topic: &Topic, count: Option<u64>, print: Print<'_>) -> Result<(), CommandError> {
    for case in 0..count.unwrap_or(topic.case_count) {
        let line = format!("{case}\t{}", topic.case_digest(case));
        say(print, &line)?;
    }
    Ok(())
}

fn topic(name: &str) -> Result<&'static Topic, CommandError> {
    let found = TOPICS.iter().find(|topic| topic.name == name);
    found.ok_or_else(|| {
        CommandError::Usage(format!("no topic `{name}`; `--list` names them\n{USAGE}"))
    })
}

fn number(text: &str) -> Result<u64, CommandError> {
    text.parse()
        .map_err(|_| CommandError::Usage(format!("`{text}` is not a number\n{USAGE}")))
}

fn say(print: Print<'_>, line: &str) -> Result<(), CommandError> {
    print(line).map_err(CommandError::Output)
}
