//! What the command line says.

use std::path::PathBuf;

const USAGE: &str = "usage: [--arguments N] [--mpfr N] [--texts N] [--seed N] [--worst-cases FOLDER] | --self-test | --testfloat FUNCTION <cases";

pub struct Options {
    /// Random arguments of each function against CORE-MATH.
    pub arguments: u64,
    /// The first so many of these go to MPFR as well.
    pub mpfr: u64,
    /// Random floats whose text is compared.
    pub texts: u64,
    pub seed: u64,
    /// A folder of CORE-MATH's lists of hard arguments, `sin.wc` and so on, where somebody has them.
    pub worst_cases: Option<PathBuf>,
    pub self_test: bool,
    /// Read the output of `testfloat_gen` for this function from standard input.
    pub testfloat: Option<String>,
}

impl Options {
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
        let mut options = Options {
            arguments: 10_000_000,
            mpfr: 1_000_000,
            texts: 1_000_000,
            seed: 0x6269_6e61_7279,
            worst_cases: None,
            self_test: false,
            testfloat: None,
        };
        while let Some(flag) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| USAGE.to_owned());
            match flag.as_str() {
                "--arguments" => options.arguments = number(&value()?)?,
                "--mpfr" => options.mpfr = number(&value()?)?,
                "--texts" => options.texts = number(&value()?)?,
                "--seed" => options.seed = number(&value()?)?,
                "--worst-cases" => options.worst_cases = Some(value()?.into()),
                "--testfloat" => options.testfloat = Some(value()?),
                "--self-test" => options.self_test = true,
                _ => return Err(USAGE.to_owned()),
            }
        }
        Ok(options)
    }
}

fn number(text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| format!("`{text}` is no number\n{USAGE}"))
}
