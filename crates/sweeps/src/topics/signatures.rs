//! Ed25519 and SSHSIG: keys, signatures made from fixed seeds, and the verdicts on crafted and changed ones.

use super::generated;
use crate::dice::Dice;
use crate::record::Record;
use gatos_values::{
    PublicKey, SignatureNamespace, SigningKey, SshSignature, VerifyingContext, sshsig,
};

/// Compressed points where implementations disagree: small order, not canonical, x = 0 with the sign bit.
const CRAFTED_POINTS: &[(u8, u8, u8)] = &[
    // First byte, bytes between, last byte.
    (0x00, 0x00, 0x00),
    (0x01, 0x00, 0x00),
    (0x01, 0x00, 0x80),
    (0xEC, 0xFF, 0x7F),
    (0xED, 0xFF, 0x7F),
    (0xEE, 0xFF, 0x7F),
    (0xEE, 0xFF, 0xFF),
    (0xFF, 0xFF, 0xFF),
    (0x02, 0x00, 0x00),
    (0x03, 0x00, 0x80),
];

/// Public keys from seeds and from any 32 bytes.
pub fn keys(dice: &mut Dice, record: &mut Record) {
    let public = SigningKey::from_seed(dice.seed()).public();
    record.text("public", public);
    record.text("key id", public.key_id());
    record.outcome("any", PublicKey::from_bytes(dice.seed()));
    record.outcome("crafted", PublicKey::from_bytes(crafted(dice)));
    let line = public.openssh_text();
    let changed = generated::changed(dice, line.as_bytes());
    let changed = String::from_utf8_lossy(&changed);
    record.outcome("changed", PublicKey::parse_openssh(&changed));
}

/// A signature in its three forms, and that it verifies.
pub fn signatures(dice: &mut Dice, record: &mut Record) {
    let (key, ns, message) = signing(dice);
    let signature = key.sign(ns, &message);
    record.text("line", signature.to_base64_line());
    record.text("armored", signature.armored());
    verdicts(ns, &message, &signature, record);
}

/// A signature with its point, its scalar, its message or its namespace changed.
pub fn changed(dice: &mut Dice, record: &mut Record) {
    let (key, ns, mut message) = signing(dice);
    let mut signature = key.sign(ns, &message);
    let mut verified_ns = ns;
    match dice.below(6) {
        0 => signature.signature[dice.place(32)] ^= 1 << dice.below(8),
        1 => signature.signature[32 + dice.place(32)] ^= 1 << dice.below(8),
        2 => signature.signature[..32].copy_from_slice(&crafted(dice)),
        3 => add_group_order(&mut signature.signature),
        4 => message.push(0),
        _ => verified_ns = SignatureNamespace::Git,
    }
    record.bytes("signature", &signature.signature);
    verdicts(verified_ns, &message, &signature, record);
    let blob = generated::changed(dice, &signature.to_blob());
    let read = SshSignature::from_blob(&blob).map(|signature| signature.to_base64_line());
    record.outcome("blob", read);
}

fn signing(dice: &mut Dice) -> (SigningKey, SignatureNamespace, Vec<u8>) {
    let key = SigningKey::from_seed(dice.seed());
    let ns = dice.pick(&SignatureNamespace::ALL);
    let size = dice.below(300);
    (key, ns, dice.bytes(size))
}

/// What each of the three ways to verify says.
fn verdicts(ns: SignatureNamespace, message: &[u8], signature: &SshSignature, record: &mut Record) {
    let table = VerifyingContext::new(&signature.public);
    let no_table = VerifyingContext::without_table(&signature.public);
    record.outcome("plain", sshsig::verify(ns, message, signature).map(|()| ""));
    record.outcome("table", table.verify(ns, message, signature).map(|()| ""));
    let verdict = no_table.verify(ns, message, signature);
    record.outcome("no table", verdict.map(|()| ""));
}

fn crafted(dice: &mut Dice) -> [u8; 32] {
    let (first, between, last) = dice.pick(CRAFTED_POINTS);
    let mut bytes = [between; 32];
    bytes[0] = first;
    bytes[31] = last;
    bytes
}

/// Replaces s by s + ℓ, which is the same scalar but not reduced. ℓ = 2^252 + 277…493 (RFC 8032).
fn add_group_order(signature: &mut [u8; 64]) {
    const ORDER: [u8; 32] = [
        0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58, 0xD6, 0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut carry = 0;
    for (byte, order) in signature[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = (sum & 0xFF) as u8;
        carry = sum >> 8;
    }
}
