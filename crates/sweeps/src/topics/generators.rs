//! PCG32 and the derivation of its seeds.

use crate::dice::Dice;
use crate::record::Record;
use gatos_numbers::{Pcg32, Q32};
use gatos_values::{Blake3Digest, Sha256Digest, seed};

/// Draws of every kind, jumps both ways, and the state as bytes.
pub fn pcg32(dice: &mut Dice, record: &mut Record) {
    let mut generator = Pcg32::new(dice.bits(), dice.bits());
    let bound = dice.bits() >> dice.below(64);
    for _ in 0..4 {
        record.text("u32", generator.next_u32());
        record.text("u64", generator.next_u64());
        record.outcome("below", generator.bounded(bound as u32));
        record.outcome("below wide", generator.bounded_u64(bound));
        record.text("fraction", Q32::steps(generator.unit_q32()));
        let unit = generator.unit_binary64().to_bits();
        record.text("unit", format_args!("{unit:016x}"));
    }
    let count = dice.bits() >> dice.below(64);
    generator.advance(count);
    record.bytes("advanced", &generator.to_bytes());
    generator.rewind(dice.below(1000));
    record.bytes("rewound", &generator.to_bytes());
    let again = Pcg32::from_bytes(&generator.to_bytes());
    record.text("again", again == Some(generator));
}

/// Seeds of folds from their roots and of branches from their parents.
pub fn seeds(dice: &mut Dice, record: &mut Record) {
    let inputs = Blake3Digest::from_bytes(dice.seed());
    let (policy, fold) = (dice.seed(), dice.seed());
    let roots = (
        Sha256Digest::from_bytes(policy),
        Sha256Digest::from_bytes(fold),
    );
    record.text("fold", seed::fold_seed(inputs, roots.0, roots.1));
    let mut generator = seed::fold_generator(inputs, roots.0, roots.1);
    record.text("first", generator.next_u64());
    let branch = seed::branch_seed(inputs.as_bytes(), &dice.seed(), dice.bits());
    record.text("branch", branch);
    let mut generator = seed::branch_generator(&branch);
    record.text("first of the branch", generator.next_u64());
}
