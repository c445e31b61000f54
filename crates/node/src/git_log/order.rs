//! The order of a history: by commit time, then by commit id, packed into a few bytes a commit.

use gatos_values::hex;

/// Commit ids in order of (commit time, id), packed.
#[derive(Clone)]
pub(super) enum CommitOrder {
    Sha1(Vec<[u8; 28]>),
    Sha256(Vec<[u8; 40]>),
}

impl CommitOrder {
    pub fn new(sha256: bool) -> CommitOrder {
        if sha256 {
            CommitOrder::Sha256(Vec::new())
        } else {
            CommitOrder::Sha1(Vec::new())
        }
    }

    pub fn id_size(&self) -> usize {
        match self {
            CommitOrder::Sha1(_) => 20,
            CommitOrder::Sha256(_) => 32,
        }
    }

    /// `id` has [`CommitOrder::id_size`] bytes.
    pub fn push(&mut self, time_seconds: u64, id: &[u8]) {
        fn record<const SIZE: usize>(time_seconds: u64, id: &[u8]) -> [u8; SIZE] {
            let mut record = [0; SIZE];
            record[..8].copy_from_slice(&time_seconds.to_be_bytes());
            record[8..].copy_from_slice(id);
            record
        }
        match self {
            CommitOrder::Sha1(records) => records.push(record(time_seconds, id)),
            CommitOrder::Sha256(records) => records.push(record(time_seconds, id)),
        }
    }

    /// Sorts, and gives back what growing left over.
    pub fn sort(&mut self) {
        fn sort<const SIZE: usize>(records: &mut Vec<[u8; SIZE]>) {
            records.sort_unstable();
            records.shrink_to_fit();
        }
        match self {
            CommitOrder::Sha1(records) => sort(records),
            CommitOrder::Sha256(records) => sort(records),
        }
    }

    pub fn retain(&mut self, mut keep: impl FnMut(&[u8]) -> bool) {
        match self {
            CommitOrder::Sha1(records) => records.retain(|record| keep(&record[8..])),
            CommitOrder::Sha256(records) => records.retain(|record| keep(&record[8..])),
        }
    }

    pub fn len(&self) -> usize {
        match self {
            CommitOrder::Sha1(records) => records.len(),
            CommitOrder::Sha256(records) => records.len(),
        }
    }

    fn record(&self, index: usize) -> &[u8] {
        match self {
            CommitOrder::Sha1(records) => &records[index],
            CommitOrder::Sha256(records) => &records[index],
        }
    }

    pub fn id(&self, index: usize) -> &[u8] {
        &self.record(index)[8..]
    }

    pub fn id_text(&self, index: usize) -> String {
        hex::encode(self.id(index))
    }

    pub fn time_seconds(&self, index: usize) -> u64 {
        self.record(index)[..8]
            .iter()
            .fold(0, |time, byte| time << 8 | u64::from(*byte))
    }
}

/// The bytes of an object id in lower-case hexadecimal, 40 or 64 digits.
pub(super) fn id_from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    let sha1 = hex::decode::<20>(text).map(|id| id.to_vec());
    sha1.or_else(|| hex::decode::<32>(text).map(|id| id.to_vec()))
}
