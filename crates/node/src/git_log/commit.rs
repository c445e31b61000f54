//! The bytes of a Git commit object, split as Git itself splits them, whatever they hold.
//!
//! Pure: bytes in, slices out. Nothing is decoded here: names, messages and paths are bytes, and
//! an `encoding` header is reported, not obeyed. Git's own date parser differs between versions,
//! so times are read here.
//!
//! INVARIANT: total; every byte string gives a commit (perhaps an odd one) or a short reason.
//! Tests: `tests.rs` beside this file.

/// The largest time an event can carry: ULID times stay below 2^34 seconds (in the year 2514).
pub(super) const TIME_SECONDS_MAX: u64 = (1 << 34) - 1;

/// A commit object, by reference into its bytes.
pub(super) struct Commit<'a> {
    /// Hexadecimal ids, as written.
    pub parents: Vec<&'a [u8]>,
    pub author: Signature<'a>,
    pub committer: Signature<'a>,
    pub encoding: Option<&'a [u8]>,
    /// Everything behind the first empty line.
    pub message: &'a [u8],
    /// Whether there was an empty line.
    pub header_ended: bool,
}

/// One `author` or `committer` line.
#[derive(Clone, Copy, Default)]
pub(super) struct Signature<'a> {
    pub name: &'a [u8],
    pub email: &'a [u8],
    pub time: Time<'a>,
}

/// A time as far as an event can carry it.
#[derive(Clone, Copy, Default)]
pub(super) struct Time<'a> {
    /// 0 … [`TIME_SECONDS_MAX`]; what lies outside is clamped, what cannot be read is 0.
    pub seconds: u64,
    /// The written text, where `seconds` does not say the same.
    pub raw: Option<&'a [u8]>,
}

/// Splits a commit object. `id_text_length` is 40 or 64. The error says what is missing.
pub(super) fn parse(object: &[u8], id_text_length: usize) -> Result<Commit<'_>, &'static str> {
    let mut rest = object;
    let tree = next_line(&mut rest).and_then(|line| line.strip_prefix(b"tree "));
    if tree.is_none() {
        return Err("it does not begin with a tree");
    }
    let mut commit = Commit {
        parents: Vec::new(),
        author: MISSING,
        committer: MISSING,
        encoding: None,
        message: b"",
        header_ended: false,
    };
    let mut before_author = true;
    let mut seen = [false; 2];
    while let Some(line) = next_line(&mut rest) {
        if line.is_empty() {
            commit.message = rest;
            commit.header_ended = true;
            return Ok(commit);
        }
        // As in Git, parents count only where they belong.
        match line.strip_prefix(b"parent ") {
            Some(parent) if before_author => {
                let hexadecimal = parent.iter().all(u8::is_ascii_hexdigit);
                if parent.len() != id_text_length || !hexadecimal {
                    return Err("a parent is not an object id");
                }
                commit.parents.push(parent);
                continue;
            }
            _ => before_author = false,
        }
        if let (Some(text), false) = (line.strip_prefix(b"author "), seen[0]) {
            commit.author = signature(text);
            seen[0] = true;
        } else if let (Some(text), false) = (line.strip_prefix(b"committer "), seen[1]) {
            commit.committer = signature(text);
            seen[1] = true;
        } else if let (Some(text), None) = (line.strip_prefix(b"encoding "), commit.encoding) {
            commit.encoding = Some(text);
        }
    }
    Ok(commit)
}

const MISSING: Signature<'static> = Signature {
    name: b"",
    email: b"",
    time: Time {
        seconds: 0,
        raw: Some(b""),
    },
};

fn next_line<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    if rest.is_empty() {
        return None;
    }
    let end = rest.iter().position(|byte| *byte == b'\n');
    let line = &rest[..end.unwrap_or(rest.len())];
    *rest = &rest[end.map_or(rest.len(), |end| end + 1)..];
    Some(line)
}

/// `Name <email> seconds zone`, split as Git's `split_ident_line` does: the address lies between
/// the first `<` and the next `>`, the time behind the last `>`.
fn signature(line: &[u8]) -> Signature<'_> {
    let Some(open) = line.iter().position(|byte| *byte == b'<') else {
        return Signature {
            name: line.trim_ascii(),
            ..MISSING
        };
    };
    let name = line[..open].trim_ascii();
    let inside = &line[open + 1..];
    let Some(close) = inside.iter().position(|byte| *byte == b'>') else {
        return Signature {
            name,
            email: inside.trim_ascii(),
            ..MISSING
        };
    };
    let last = inside
        .iter()
        .rposition(|byte| *byte == b'>')
        .unwrap_or(close);
    Signature {
        name,
        email: &inside[..close],
        time: time(&inside[last + 1..]),
    }
}

/// The first word of ` 1700000000 +0100`.
fn time(text: &[u8]) -> Time<'_> {
    let text = text.trim_ascii_start();
    let end = text
        .iter()
        .position(u8::is_ascii_whitespace)
        .unwrap_or(text.len());
    let word = &text[..end];
    let digits = word.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut seconds: u64 = 0;
    for digit in &word[..digits] {
        seconds = seconds
            .saturating_mul(10)
            .saturating_add(u64::from(digit - b'0'));
    }
    let plain = digits > 0 && digits == word.len() && seconds <= TIME_SECONDS_MAX;
    Time {
        seconds: seconds.min(TIME_SECONDS_MAX),
        raw: if plain { None } else { Some(word) },
    }
}

/// `seconds` since 1970 in UTC, as RFC 3339 writes it (`2026-11-21T22:45:00Z`).
pub(super) fn rfc3339(seconds: u64) -> String {
    let (year, month, day) = civil_date(seconds / 86_400);
    let second = seconds % 86_400;
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// Year, month and day of a day number since 1970-01-01, by Howard Hinnant's `civil_from_days`
/// (years begin in March, so that the leap day comes last).
fn civil_date(days_since_1970: u64) -> (u64, u64, u64) {
    let days = days_since_1970 + 719_468;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day)
}
