//! The command line.

use gatos_numbers::Function;

const USAGE: &str = "usage: gatos-judge-numbers [--arguments N] [--seed N] [--threads N] [--self-test] [FUNCTION...]";

/// What to do.
pub struct Options {
    /// Q32.32 arguments for each function.
    pub arguments: u64,
    pub seed: u64,
    pub threads: u64,
    pub self_test: bool,
    pub functions: Vec<Function>,
}

impl Options {
    pub fn parse(words: impl Iterator<Item = String>) -> Result<Options, String> {
        let threads = std::thread::available_parallelism().map_or(1, |count| count.get() as u64);
        let mut options = Options {
            arguments: 100_000,
            seed: 1,
            threads,
            self_test: false,
            functions: Vec::new(),
        };
        let mut words = words;
        while let Some(word) = words.next() {
            match word.as_str() {
                "--arguments" => options.arguments = number(words.next())?,
                "--seed" => options.seed = number(words.next())?,
                "--threads" => options.threads = number(words.next())?,
                "--self-test" => options.self_test = true,
                name => match Function::ALL
                    .into_iter()
                    .find(|function| function.name() == name)
                {
                    Some(function) => options.functions.push(function),
                    None => return Err(format!("no function `{name}`\n{USAGE}")),
                },
            }
        }
        if options.functions.is_empty() {
            options.functions = Function::ALL.to_vec();
        }
        Ok(options)
    }
}

fn number(word: Option<String>) -> Result<u64, String> {
    let word = word.ok_or_else(|| USAGE.to_owned())?;
    word.parse()
        .map_err(|_| format!("`{word}` is no number\n{USAGE}"))
}
