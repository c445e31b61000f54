//! Frames: header lines, an empty line, and as many bytes as `Content-Length` says (LSP 3.17, base protocol).
//!
//! What the bytes mean is `message`'s to say.
//!
//! INVARIANT: whatever the input, at most [`HEADER_SIZE_MAX`] + [`FRAME_SIZE_MAX`] bytes are held; longer frames are read
//! over and reported, so that the next one is found.
//! Tests: `framing/tests.rs`.

#[cfg(test)]
mod tests;

use std::io::{self, BufRead, Read};

/// Bytes of all header lines of one frame.
pub const HEADER_SIZE_MAX: u64 = 4096;

/// Bytes of one message. A source of the largest size fits, with every character escaped.
pub const FRAME_SIZE_MAX: u64 = 8 << 20;

/// What the input holds next.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame {
    /// The bytes of one message.
    Message(Vec<u8>),
    /// A frame of this many bytes, which was read over.
    TooLarge {
        /// Bytes it announced.
        size: u64,
    },
    /// The other side has closed the stream between two frames.
    End,
}

/// Why no further frame can be found.
#[derive(Debug, thiserror::Error)]
pub enum FramingError {
    /// The stream cannot be read.
    #[error("standard input: {0}")]
    Io(#[from] io::Error),
    /// A header line that is none, or that this program cannot follow.
    #[error(
        "`{0}` is not a header; a message starts with `Content-Length: <bytes>` and an empty line"
    )]
    Header(String),
    /// Headers that go on and on.
    #[error("the headers have more than {HEADER_SIZE_MAX} bytes")]
    LongHeader,
    /// Headers without the one that is needed.
    #[error("a message without `Content-Length`")]
    NoLength,
    /// The stream ended inside a frame.
    #[error("the input ends inside a message")]
    Truncated,
}

/// Reads one frame.
///
/// # Errors
/// [`FramingError`]; the stream is of no use afterwards.
pub fn read(input: &mut impl BufRead) -> Result<Frame, FramingError> {
    let Some(size) = read_headers(input)? else {
        return Ok(Frame::End);
    };
    let mut body = input.take(size);
    if size > FRAME_SIZE_MAX {
        let passed = io::copy(&mut body, &mut io::sink())?;
        return whole(passed, size).map(|()| Frame::TooLarge { size });
    }
    let mut bytes = Vec::new();
    body.read_to_end(&mut bytes)?;
    whole(bytes.len() as u64, size).map(|()| Frame::Message(bytes))
}

/// A message with its header.
#[must_use]
pub fn framed(text: &str) -> Vec<u8> {
    format!("Content-Length: {}\r\n\r\n{text}", text.len()).into_bytes()
}

fn whole(found: u64, size: u64) -> Result<(), FramingError> {
    if found == size {
        Ok(())
    } else {
        Err(FramingError::Truncated)
    }
}

/// The size that the headers announce; `None` where the input ends before them.
fn read_headers(input: &mut impl BufRead) -> Result<Option<u64>, FramingError> {
    let mut headers = input.take(HEADER_SIZE_MAX);
    let mut size = None;
    let mut is_first = true;
    loop {
        let mut line = Vec::new();
        headers.read_until(b'\n', &mut line)?;
        if line.is_empty() && is_first {
            return Ok(None);
        }
        is_first = false;
        let Some(line) = line.strip_suffix(b"\n") else {
            return Err(match headers.limit() {
                0 => FramingError::LongHeader,
                _ => FramingError::Truncated,
            });
        };
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            return size.map(Some).ok_or(FramingError::NoLength);
        }
        read_header(line, &mut size).ok_or_else(|| FramingError::Header(shown(line)))?;
    }
}

/// Takes one header line; `None` if it cannot be followed.
fn read_header(line: &[u8], size: &mut Option<u64>) -> Option<()> {
    let (name, value) = std::str::from_utf8(line).ok()?.split_once(':')?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if name.is_empty() || !name.bytes().all(is_name) {
        return None;
    }
    let value = value.trim();
    if name.eq_ignore_ascii_case("Content-Length") {
        let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
        let announced = value.parse().ok().filter(|_| is_number && size.is_none())?;
        *size = Some(announced);
    } else if name.eq_ignore_ascii_case("Content-Type") {
        let value = value.to_ascii_lowercase();
        let charset = value.split_once("charset=").map(|(_, charset)| charset);
        let is_utf8 =
            charset.is_none_or(|charset| matches!(charset.trim_matches('"'), "utf-8" | "utf8"));
        return is_utf8.then_some(());
    }
    Some(())
}

/// The start of a header line, for messages.
fn shown(line: &[u8]) -> String {
    const SHOWN_MAX: usize = 60;
    String::from_utf8_lossy(line)
        .chars()
        .take(SHOWN_MAX)
        .collect()
}
