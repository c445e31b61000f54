//! What `git` says when a transfer fails, made fit for people: no secrets, and a hint.

/// The part of git's words worth showing: without progress, at most some lines.
pub(super) fn of_git(said: &str) -> String {
    const LINE_COUNT_MAX: usize = 20;
    let lines: Vec<&str> = said
        .lines()
        .map(|line| line.rsplit('\r').next().unwrap_or(line).trim_end())
        .filter(|line| !line.is_empty() && !line.starts_with("Cloning into "))
        .collect();
    let first = lines.len().saturating_sub(LINE_COUNT_MAX);
    match lines[first..].join("\n") {
        empty if empty.is_empty() => "git gave no reason".to_owned(),
        words => without_secrets(&words),
    }
}

/// A URL without the password, or a name as it is.
pub(super) fn without_secret(remote: &str) -> String {
    let Some((scheme, rest)) = remote.split_once("://") else {
        return remote.to_owned();
    };
    let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..authority_end].rfind('@') {
        Some(at) => {
            let user = rest[..at].split(':').next().unwrap_or_default();
            // A name alone may be a token, too; only the name ssh users share is kept.
            let user = if user == "git" { "git@" } else { "" };
            format!("{scheme}://{user}{}", &rest[at + 1..])
        }
        None => remote.to_owned(),
    }
}

fn without_secrets(words: &str) -> String {
    words
        .split_inclusive([' ', '\n', '\''])
        .map(|word| {
            if word.contains("://") {
                without_secret(word)
            } else {
                word.to_owned()
            }
        })
        .collect()
}

/// What to try next.
pub(super) fn hint(words: &str) -> &'static str {
    const HINTS: &[(&[&str], &str)] = &[
        (
            &[
                "terminal prompts disabled",
                "could not read Username",
                "could not read Password",
                "Authentication failed",
            ],
            "store a credential for this host (`git credential approve`, or a credential helper) or use an ssh URL",
        ),
        (
            &["Permission denied (", "Permission denied, please try again"],
            "check that your ssh key is loaded (`ssh-add -l`) and allowed at the remote",
        ),
        (
            &["Host key verification failed"],
            "connect once with ssh by hand and accept the host's key",
        ),
        (
            &[
                "Could not resolve host",
                "Temporary failure in name resolution",
                "Connection refused",
                "Connection timed out",
                "Network is unreachable",
                "Failed to connect",
            ],
            "check the network and the remote's address",
        ),
        (
            &[
                "does not appear to be a git repository",
                "not found",
                "does not exist",
            ],
            "check the remote's address with `git remote -v`",
        ),
        (
            &["already exists and is not an empty directory"],
            "choose another folder, or remove this one",
        ),
        (
            &["dubious ownership"],
            "the folder belongs to another user; allow it with `git config --global --add safe.directory <folder>`",
        ),
        (
            &["does not support --atomic"],
            "the remote's git is too old or has atomic pushes turned off (`receive.advertiseAtomic`)",
        ),
        (
            &["FF_VIOLATION", "non-fast-forward", "fetch first"],
            "run `gatos sync` to fetch first; a journal is never rewritten",
        ),
        (
            &[
                "transport 'file' not allowed",
                "transport 'ext' not allowed",
                "not allowed",
            ],
            "git's settings (`protocol.*.allow`) forbid this kind of address",
        ),
    ];
    HINTS
        .iter()
        .find(|(signs, _)| signs.iter().any(|sign| words.contains(sign)))
        .map_or(
            "read git's words, and try the same with plain `git fetch` or `git push`",
            |(_, hint)| hint,
        )
}
