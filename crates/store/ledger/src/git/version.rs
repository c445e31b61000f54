//! Versions of `git`, as far as we must tell them apart.

use core::fmt;

/// The oldest `git` this project supports and is tested with: what Debian 12 ships.
pub const GIT_VERSION_MIN: GitVersion = GitVersion::new(2, 39, 0);

/// A released version of `git`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GitVersion {
    /// First number.
    pub major: u32,
    /// Second number.
    pub minor: u32,
    /// Third number, 0 when absent.
    pub patch: u32,
}

impl GitVersion {
    /// The version with these three numbers.
    pub const fn new(major: u32, minor: u32, patch: u32) -> GitVersion {
        GitVersion {
            major,
            minor,
            patch,
        }
    }

    /// Reads what `git --version` prints, such as `git version 2.39.5 (Apple Git-154)` or
    /// `git version 2.47.3.windows.1`; `None` when it is not that.
    pub fn parse(text: &str) -> Option<GitVersion> {
        let words = text.trim().strip_prefix("git version ")?;
        let mut numbers = words.split_whitespace().next()?.split('.');
        let major = numbers.next()?.parse().ok()?;
        let minor = numbers.next()?.parse().ok()?;
        // A third part such as `rc1` belongs to the release it comes before.
        let patch = numbers
            .next()
            .and_then(|part| part.parse().ok())
            .unwrap_or(0);
        Some(GitVersion {
            major,
            minor,
            patch,
        })
    }
}

impl fmt::Display for GitVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}
