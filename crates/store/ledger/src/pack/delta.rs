//! Deltas between commits: journal commits are alike, so most of one can be copied from another.
//!
//! A delta is a list of "copy these bytes of the base" and "insert these bytes", as
//! `gitformat-pack(5)` describes it. Every delta stands on a whole object, never on another delta, so
//! reading one costs one step. The search is greedy and sees matches of eleven bytes and more.

/// Bytes that are compared through the table at once.
const WINDOW: usize = 8;
/// Every fourth window of the base is in the table.
const STRIDE: usize = 4;
const TABLE_BITS: u32 = 10;
const NOWHERE: u16 = u16::MAX;
const INSERT_SIZE_MAX: usize = 127;

/// The largest base: positions in it have two bytes.
pub(super) const BASE_SIZE_MAX: usize = 32 * 1024;

/// A base with a table of where its parts stand.
pub(super) struct Base<'a> {
    content: &'a [u8],
    table: Vec<u16>,
}

impl<'a> Base<'a> {
    /// Prepares a base of at most [`BASE_SIZE_MAX`] bytes.
    pub(super) fn new(content: &'a [u8]) -> Base<'a> {
        let mut table = vec![NOWHERE; 1 << TABLE_BITS];
        let starts = (0..content.len().saturating_sub(WINDOW - 1)).step_by(STRIDE);
        for start in starts.take(BASE_SIZE_MAX / STRIDE) {
            table[slot(window(content, start))] = start as u16;
        }
        Base { content, table }
    }

    /// Writes the delta that makes `target` out of this base.
    pub(super) fn delta(&self, target: &[u8], out: &mut Vec<u8>) {
        out.clear();
        push_size(out, self.content.len());
        push_size(out, target.len());
        let (mut position, mut literal_start) = (0, 0);
        while position + WINDOW <= target.len() {
            match self.longest_match(target, position, literal_start) {
                Some(found) => {
                    push_insert(out, &target[literal_start..found.target_start]);
                    push_copy(out, found.base_start, found.size);
                    position = found.target_start + found.size;
                    literal_start = position;
                }
                None => position += 1,
            }
        }
        push_insert(out, &target[literal_start..]);
    }

    /// What the base has in common with the target around `position`, not reaching back before `floor`.
    fn longest_match(&self, target: &[u8], position: usize, floor: usize) -> Option<Match> {
        let wanted = window(target, position);
        let start = self.table[slot(wanted)];
        if start == NOWHERE || window(self.content, usize::from(start)) != wanted {
            return None;
        }
        let start = usize::from(start);
        let before = common_end(&self.content[..start], &target[floor..position]);
        let after = common_start(
            &self.content[start + WINDOW..],
            &target[position + WINDOW..],
        );
        Some(Match {
            base_start: start - before,
            target_start: position - before,
            size: before + WINDOW + after,
        })
    }
}

struct Match {
    base_start: usize,
    target_start: usize,
    size: usize,
}

fn window(bytes: &[u8], start: usize) -> u64 {
    u64::from_le_bytes(
        *bytes[start..]
            .first_chunk()
            .expect("the caller leaves room for a window"),
    )
}

fn slot(window: u64) -> usize {
    // Fibonacci hashing: the upper bits of a product with 2^64 / golden ratio.
    (window.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - TABLE_BITS)) as usize
}

fn common_start(left: &[u8], right: &[u8]) -> usize {
    let (left_words, _) = left.as_chunks::<8>();
    let (right_words, _) = right.as_chunks::<8>();
    let equal_words = left_words
        .iter()
        .zip(right_words)
        .take_while(|(left, right)| left == right);
    let start = equal_words.count() * 8;
    let rest = left[start..].iter().zip(&right[start..]);
    start + rest.take_while(|(left, right)| left == right).count()
}

fn common_end(left: &[u8], right: &[u8]) -> usize {
    let pairs = left.iter().rev().zip(right.iter().rev());
    pairs.take_while(|(left, right)| left == right).count()
}

/// Seven bits a byte, the lowest first, the high bit meaning "more".
fn push_size(out: &mut Vec<u8>, mut size: usize) {
    while size >= 0x80 {
        out.push((size & 0x7f) as u8 | 0x80);
        size >>= 7;
    }
    out.push(size as u8);
}

fn push_insert(out: &mut Vec<u8>, bytes: &[u8]) {
    for part in bytes.chunks(INSERT_SIZE_MAX) {
        out.push(part.len() as u8);
        out.extend_from_slice(part);
    }
}

/// Both numbers are below 2^16: a base is no larger. Bytes that are zero are left out and noted so.
fn push_copy(out: &mut Vec<u8>, start: usize, size: usize) {
    let bytes = [
        start as u8,
        (start >> 8) as u8,
        size as u8,
        (size >> 8) as u8,
    ];
    let flags = [0x01, 0x02, 0x10, 0x20];
    let present = bytes.iter().zip(flags).filter(|(byte, _)| **byte != 0);
    let opcode = present.fold(0x80, |opcode, (_, flag)| opcode | flag);
    out.push(opcode);
    out.extend(bytes.into_iter().filter(|byte| *byte != 0));
}
