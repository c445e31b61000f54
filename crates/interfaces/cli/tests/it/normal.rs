//! Normal forms: what differs from run to run gets a name and the number of its first appearance.
//!
//! Ids made from keys and clocks, commits, keys, signatures, paths, times and durations. SHA-256 roots
//! stay as they are: those of folds and of the empty policy are the same on every machine.

use std::collections::HashMap;
use std::path::Path;

/// Names given so far on one page.
#[derive(Default)]
pub struct Names {
    known: HashMap<String, String>,
    counts: HashMap<&'static str, usize>,
}

impl Names {
    /// The text with everything that varies replaced.
    pub fn normalised(&mut self, text: &str, root: &Path) -> String {
        let text = text.replace(&root.display().to_string(), "ROOT");
        let text = self.without_signatures(&text);
        let text = self.without_words(&text);
        without_clocks(&text)
    }

    fn name(&mut self, kind: &'static str, word: &str) -> String {
        if let Some(name) = self.known.get(word) {
            return name.clone();
        }
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        let name = format!("{kind}-{count}");
        self.known.insert(word.to_owned(), name.clone());
        name
    }

    /// Armored signatures, in JSON or as they are, and public keys in OpenSSH form.
    fn without_signatures(&mut self, text: &str) -> String {
        let mut rest = text;
        let mut normal = String::new();
        const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
        const END: &str = "-----END SSH SIGNATURE-----";
        while let Some((before, after)) = rest.split_once(BEGIN) {
            normal.push_str(before);
            let (body, behind) = after.split_once(END).unwrap_or((after, ""));
            normal.push_str(&self.name("SIGNATURE", body));
            rest = behind;
        }
        normal.push_str(rest);
        let mut parts = normal.split("ssh-ed25519 AAAA");
        let mut normal = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let is_base64 = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
            let end = part.find(|c| !is_base64(c)).unwrap_or(part.len());
            let name = self.name("PUBLIC", &part[..end]);
            normal.push_str(&format!("ssh-ed25519 {name}{}", &part[end..]));
        }
        normal
    }

    /// Ids: runs of letters and digits of the right length and alphabet.
    fn without_words(&mut self, text: &str) -> String {
        let mut normal = String::new();
        let mut word = String::new();
        for character in text.chars().chain(['\0']) {
            if character.is_ascii_alphanumeric() {
                word.push(character);
                continue;
            }
            let replaced = self.word(&normal, &word);
            normal.push_str(&replaced);
            word.clear();
            normal.push(character);
        }
        normal.pop();
        normal
    }

    fn word(&mut self, before: &str, word: &str) -> String {
        let is_hex = word
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let is_ulid = word.len() == 26
            && word
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
        match word.len() {
            64 if is_hex && !before.ends_with("sha256:") => self.name("DIGEST", word),
            40 if is_hex => self.name("COMMIT", word),
            16 if is_hex => self.name("KEY", word),
            26 if is_ulid => self.name("ULID", word),
            _ => word.to_owned(),
        }
    }
}

/// Times of day, durations and rates.
fn without_clocks(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(clockless).collect();
    lines.join("\n")
}

fn clockless(line: &str) -> String {
    let line = &without_milliseconds(line);
    let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    for index in 0..words.len() {
        let (date, clock) = (
            digits_as_zero(&words[index]),
            words.get(index + 1).map(|next| digits_as_zero(next)),
        );
        let core = clock
            .as_deref()
            .map(|clock| clock.trim_end_matches(['.', ',', ';', ')']));
        if date.trim_start_matches('(') == "0000-00-00" && core == Some("00:00:00") {
            words[index] =
                words[index].replace(|c: char| c.is_ascii_digit() || c == '-', "") + "DATE";
            words[index + 1] = format!("TIME{}", &words[index + 1][8..]);
        }
        let unit = words
            .get(index + 1)
            .map(|unit| unit.trim_end_matches([',', '.', ')', ';']).to_owned());
        let is_number = words[index]
            .trim_start_matches('(')
            .chars()
            .all(|c| c.is_ascii_digit() || c == '.' || c == ',');
        let has_digit = words[index].chars().any(|c| c.is_ascii_digit());
        if is_number && has_digit && matches!(unit.as_deref(), Some("ms" | "s")) {
            words[index] = "SOME".to_owned();
            words[index + 1] = words[index + 1].replace("ms", "s").replace('s', "TIME");
        }
        if is_number && has_digit && unit.as_deref() == Some("a") {
            words[index] =
                words[index].replace(|c: char| c.is_ascii_digit() || c == ',', "") + "SOME";
        }
    }
    words.join(" ")
}

/// The milliseconds of a reply document.
fn without_milliseconds(line: &str) -> String {
    let Some((before, rest)) = line.split_once("\"milliseconds\":{") else {
        return line.to_owned();
    };
    let (times, behind) = rest.split_once('}').unwrap_or((rest, ""));
    let names = times.split(',').filter_map(|time| time.split(':').next());
    let times: Vec<String> = names.map(|name| format!("{name}:\"SOME\"")).collect();
    format!("{before}\"milliseconds\":{{{}}}{behind}", times.join(","))
}

fn digits_as_zero(word: &str) -> String {
    word.chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect()
}

#[test]
fn what_varies_gets_a_name_and_keeps_it() {
    let mut names = Names::default();
    let (digest, commit, key) = ("ab".repeat(32), "cd".repeat(20), "0123456789abcdef");
    let text = format!(
        "blake3:{digest} {commit} {key} sha256:{digest} 01ARZ3NDEKTSV4RRFFQ69G5FAV {commit}"
    );
    assert_eq!(
        names.normalised(&text, Path::new("/nowhere")),
        format!("blake3:DIGEST-1 COMMIT-1 KEY-1 sha256:{digest} ULID-1 COMMIT-1")
    );
}

#[test]
fn clocks_are_named_by_their_kind() {
    let mut names = Names::default();
    let text = "at 2026-03-01 09:30:00 UTC in 23.4 s (1,204 a second), took 12 ms";
    assert_eq!(
        names.normalised(text, Path::new("/nowhere")),
        "at DATE TIME UTC in SOME TIME (SOME a second), took SOME TIME"
    );
}
