//! SSH signatures: golden vectors, strict forms, one verdict for all verifiers, ssh-keygen as a live peer.

use crate::vectors;
use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity;
use ed25519_dalek::VerifyingKey;
use gatos_values::sshsig::{KeyError, signed_data, verify};
use gatos_values::{
    ErrorCode, PublicKey, SignatureError, SignatureNamespace, SigningKey, SshSignature,
    VerifyingContext, hex,
};
use proptest::prelude::*;
use sha2::Digest;

const EVENT: SignatureNamespace = SignatureNamespace::Event;

#[test]
fn golden_vectors() {
    vectors::check("values/sshsig.tsv", 3, 6, |inputs| {
        let key = SigningKey::from_seed(hex::decode(inputs[0]).expect("a seed"));
        let signature = key.sign(inputs[1], inputs[2].as_bytes());
        assert_eq!(verify(inputs[1], inputs[2].as_bytes(), &signature), Ok(()));
        let public = key.public();
        vec![
            public.openssh_text(),
            public.key_id().to_string(),
            signature.to_base64_line(),
        ]
    });
}

fn sample() -> (SigningKey, Vec<u8>, SshSignature) {
    let key = SigningKey::from_seed([42; 32]);
    let message = b"{\"a\":1}".to_vec();
    let signature = key.sign(EVENT, &message);
    (key, message, signature)
}

#[test]
fn forms_are_inverse_and_there_is_only_one_of_each() {
    let (_, _, signature) = sample();
    let (blob, line, armor) = (
        signature.to_blob(),
        signature.to_base64_line(),
        signature.armored(),
    );
    assert_eq!(SshSignature::from_blob(&blob).as_ref(), Ok(&signature));
    assert_eq!(
        SshSignature::from_base64_line(&line).as_ref(),
        Ok(&signature)
    );
    assert_eq!(SshSignature::from_armored(&armor).as_ref(), Ok(&signature));
    assert!(armor.lines().all(|line| line.len() <= 70));
    let public = signature.public;
    assert_eq!(
        SshSignature::from_blob_by(&public, &blob).as_ref(),
        Ok(&signature)
    );
    assert_eq!(
        SshSignature::from_base64_line_by(&public, &line).as_ref(),
        Ok(&signature)
    );
    let other = SigningKey::from_seed([1; 32]).public();
    let by_other = SshSignature::from_blob_by(&other, &blob);
    assert!(matches!(by_other, Err(SignatureError::OtherKey { .. })));
    for at in 0..blob.len() {
        assert!(SshSignature::from_blob(&blob[..at]).is_err());
        for bit in 0..8 {
            let mut changed = blob.clone();
            changed[at] ^= 1 << bit;
            let parsed = SshSignature::from_blob(&changed);
            assert_ne!(parsed.as_ref(), Ok(&signature));
            let by_key = SshSignature::from_blob_by(&public, &changed);
            assert!(by_key.is_err() || by_key == parsed);
        }
    }
    assert!(SshSignature::from_blob(&[blob.clone(), vec![0]].concat()).is_err());
    for text in [
        format!("{line}\n"),
        format!(" {line}"),
        line.replace('=', ""),
        format!("{line}===="),
        line.replace('/', "_"),
    ] {
        assert!(
            text == line || SshSignature::from_base64_line(&text).is_err(),
            "{text}"
        );
    }
    let one_line = format!("-----BEGIN SSH SIGNATURE-----\n{line}\n-----END SSH SIGNATURE-----\n");
    for text in [
        one_line,
        armor.trim_end().to_owned(),
        armor.replace('\n', "\r\n"),
        format!("{armor}\n"),
        format!("\n{armor}"),
        armor.replacen('\n', "\n\n", 2),
    ] {
        assert!(SshSignature::from_armored(&text).is_err(), "{text}");
    }
}

#[test]
fn parts_that_a_signature_must_not_have() {
    let (_, _, signature) = sample();
    let blob = signature.to_blob();
    let replaced = |from: &[u8], to: &[u8]| {
        let at = blob
            .windows(from.len())
            .position(|window| window == from)
            .expect("the part occurs");
        [&blob[..at], to, &blob[at + from.len()..]].concat()
    };
    let cases = [
        (replaced(b"\0\0\0\x01", b"\0\0\0\x02"), "version"),
        (replaced(b"\0\0\0\x06sha512", b"\0\0\0\x06sha256"), "hash"),
        (
            replaced(b"\0\0\0\x0bgatos-event", b"\0\0\0\0"),
            "empty namespace",
        ),
        (
            replaced(b"gatos-event", b"gatos-even\xFF"),
            "namespace not UTF-8",
        ),
        (
            replaced(b"\0\0\0\0\0\0\0\x06", b"\0\0\0\x01x\0\0\0\x06"),
            "reserved field not empty",
        ),
        (replaced(b"\0\0\0\x40", b"\0\0\0\x3f"), "short signature"),
        (replaced(b"SSHSIG", b"SSHSIX"), "magic"),
    ];
    for (changed, what) in cases {
        let error = SshSignature::from_blob(&changed).expect_err(what);
        assert_eq!(error.code(), ErrorCode::BadSignature, "{what}: {error}");
    }
    assert!(SshSignature::from_blob(&vec![0; 5000]).is_err());
}

#[test]
fn namespace_key_and_message_are_bound() {
    let (key, message, signature) = sample();
    let context = VerifyingContext::new(&key.public());
    assert_eq!(context.verify(EVENT, &message, &signature), Ok(()));
    let light = VerifyingContext::without_table(&key.public());
    assert_eq!(light.verify(EVENT, &message, &signature), Ok(()));
    let other = SignatureNamespace::Grant;
    assert!(matches!(
        verify(other, &message, &signature),
        Err(SignatureError::Namespace { .. })
    ));
    assert!(matches!(
        context.verify(other, &message, &signature),
        Err(SignatureError::Namespace { .. })
    ));
    let relabelled = SshSignature {
        namespace: other.to_string(),
        ..signature.clone()
    };
    assert_eq!(
        verify(other, &message, &relabelled),
        Err(SignatureError::Invalid)
    );
    assert_eq!(
        verify(EVENT, b"{\"a\":2}", &signature),
        Err(SignatureError::Invalid)
    );
    let other_key = VerifyingContext::new(&SigningKey::from_seed([1; 32]).public());
    assert!(matches!(
        other_key.verify(EVENT, &message, &signature),
        Err(SignatureError::OtherKey { .. })
    ));
    let names: Vec<&str> = SignatureNamespace::ALL
        .iter()
        .map(|ns| ns.as_str())
        .collect();
    assert_eq!(names.len(), 9);
    assert!(
        names
            .iter()
            .all(|name| *name == "git" || name.starts_with("gatos-"))
    );
}

#[test]
fn a_private_key_shows_nothing_of_itself() {
    let shown = format!("{:?}", SigningKey::from_seed([0xAB; 32]));
    assert!(!shown.contains("abab") && !shown.contains("171"), "{shown}");
}

/// The three verdicts on a raw signature: ours with a table, dalek's strict one, RFC 8032 from its text.
fn verdicts(public: &[u8; 32], data: &[u8], signature: &[u8; 64]) -> (bool, bool, bool) {
    let strict = VerifyingKey::from_bytes(public)
        .is_ok_and(|key| key.verify_strict(data, &(*signature).into()).is_ok());
    let ours = PublicKey::from_bytes(*public).is_ok_and(|key| {
        let verdict = VerifyingContext::without_table(&key).verify_raw(data, signature);
        // Making the table takes long, so only some cases try it here; Wycheproof's all do.
        if data.first().is_some_and(|byte| byte % 4 == 0) || data.len() > 60 {
            let with_table = VerifyingContext::new(&key).verify_raw(data, signature);
            assert_eq!(with_table, verdict);
        }
        verdict
    });
    (
        ours,
        strict,
        slow_verdict(public, data, signature).is_some(),
    )
}

/// Point by point: A and R canonical and not of small order, s reduced, s·B = R + k·A without a cofactor.
fn slow_verdict(public: &[u8; 32], data: &[u8], signature: &[u8; 64]) -> Option<()> {
    let point = |bytes: &[u8]| {
        let compressed = curve25519_dalek::edwards::CompressedEdwardsY::from_slice(bytes).ok()?;
        let point = compressed.decompress()?;
        let is_proper =
            point.compress() == compressed && !(point * Scalar::from(8u8)).is_identity();
        is_proper.then_some(point)
    };
    let (public_point, commitment) = (point(public)?, point(&signature[..32])?);
    let scalar = Option::<Scalar>::from(Scalar::from_canonical_bytes(
        signature[32..].try_into().ok()?,
    ))?;
    let challenge = challenge(&signature[..32], public, data);
    (ED25519_BASEPOINT_POINT * scalar == commitment + public_point * challenge).then_some(())
}

fn challenge(commitment: &[u8], public: &[u8; 32], data: &[u8]) -> Scalar {
    let hash = sha2::Sha512::new()
        .chain_update(commitment)
        .chain_update(public)
        .chain_update(data);
    Scalar::from_bytes_mod_order_wide(&hash.finalize().into())
}

/// Signs with chosen secrets and torsion, the way an attacker would.
fn crafted(
    secret: Scalar,
    nonce: Scalar,
    public_torsion: usize,
    nonce_torsion: usize,
    data: &[u8],
) -> ([u8; 32], [u8; 64]) {
    let point = |scalar: Scalar, torsion: usize| -> EdwardsPoint {
        ED25519_BASEPOINT_POINT * scalar + EIGHT_TORSION[torsion]
    };
    let public = point(secret, public_torsion).compress().to_bytes();
    let commitment = point(nonce, nonce_torsion).compress().to_bytes();
    let scalar = nonce + challenge(&commitment, &public, data) * secret;
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&commitment);
    signature[32..].copy_from_slice(scalar.as_bytes());
    (public, signature)
}

#[test]
fn crafted_points_of_small_and_mixed_order_get_one_verdict() {
    let (secret, nonce) = (Scalar::from(123_456_789u64), Scalar::from(987_654_321u64));
    let (mut accepted, mut refused) = (0, 0);
    for public_torsion in 0..8 {
        for nonce_torsion in 0..8 {
            for round in 0..8u8 {
                for (secret, nonce) in [
                    (secret, nonce),
                    (secret, Scalar::ZERO),
                    (Scalar::ZERO, nonce),
                    (Scalar::ZERO, Scalar::ZERO),
                ] {
                    let (public, signature) =
                        crafted(secret, nonce, public_torsion, nonce_torsion, &[round]);
                    let (ours, strict, slow) = verdicts(&public, &[round], &signature);
                    assert_eq!(
                        (ours, strict),
                        (slow, slow),
                        "torsion {public_torsion} {nonce_torsion} round {round}"
                    );
                    let has_small_order = secret == Scalar::ZERO || nonce == Scalar::ZERO;
                    assert!(!(ours && has_small_order), "a point of small order");
                    if ours { accepted += 1 } else { refused += 1 }
                }
            }
        }
    }
    // Mixed order is decided by the equation without cofactor: sometimes yes, mostly no.
    assert!(accepted > 20 && refused > 1000, "{accepted} {refused}");
}

#[test]
fn encodings_that_are_not_canonical_are_refused() {
    // y = p + k, k = 0 … 18, with either sign: 38 encodings, none of them the one of its point.
    let mut prime = [0xFF; 32];
    (prime[0], prime[31]) = (0xED, 0x7F);
    let (mut points, mut large_order) = (0, 0);
    for k in 0..19u8 {
        for sign in [0, 0x80] {
            let mut bytes = prime;
            bytes[0] += k;
            bytes[31] |= sign;
            assert!(PublicKey::from_bytes(bytes).is_err());
            if let Ok(key) = VerifyingKey::from_bytes(&bytes) {
                points += 1;
                large_order += usize::from(!key.is_weak());
            }
            let mut signature = [0; 64];
            signature[..32].copy_from_slice(&bytes);
            let public = *SigningKey::from_seed([3; 32]).public().as_bytes();
            assert_eq!(verdicts(&public, b"m", &signature), (false, false, false));
        }
    }
    // dalek reads such keys; we refuse more than it does, never less.
    assert!(points > 0 && large_order > 0, "{points} {large_order}");
    for torsion in EIGHT_TORSION {
        assert_eq!(
            PublicKey::from_bytes(torsion.compress().to_bytes()),
            Err(KeyError::SmallOrder)
        );
    }
    // The same points with the sign bit of zero set.
    let mut minus_zero = EIGHT_TORSION[0].compress().to_bytes();
    minus_zero[31] |= 0x80;
    assert!(PublicKey::from_bytes(minus_zero).is_err());
}

#[test]
fn unreduced_scalars_are_refused() {
    let (key, message, signature) = sample();
    let data = signed_data(EVENT, &message);
    // ℓ, the order of the base point, little endian.
    let order =
        hex::decode::<32>("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
            .expect("hex digits");
    let mut raised = signature.signature;
    let mut carry = 0u16;
    for (byte, add) in raised[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = sum as u8;
        carry = sum >> 8;
    }
    let public = key.public();
    assert_eq!(
        verdicts(public.as_bytes(), &data, &signature.signature),
        (true, true, true)
    );
    assert_eq!(
        verdicts(public.as_bytes(), &data, &raised),
        (false, false, false)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn all_verifiers_agree_on_changed_signatures(seed: [u8; 32], message in prop::collection::vec(any::<u8>(), 0..80), at in 0usize..96, bit in 0u32..8) {
        let key = SigningKey::from_seed(seed);
        let signature = key.sign(EVENT, &message);
        let data = signed_data(EVENT, &message);
        let mut public = *key.public().as_bytes();
        assert_eq!(verdicts(&public, &data, &signature.signature), (true, true, true));
        let mut raw = signature.signature;
        if at < 64 { raw[at] ^= 1 << bit } else { public[at - 64] ^= 1 << bit }
        assert_eq!(verdicts(&public, &data, &raw), (false, false, false));
        if at < 64 {
            let changed = SshSignature { signature: raw, ..signature };
            assert_eq!(verify(EVENT, &message, &changed), Err(SignatureError::Invalid));
        }
    }

    #[test]
    fn no_text_makes_a_parser_panic(text in ".{0,60}|ssh-ed25519 [A-Za-z0-9+/=]{0,80}", blob in prop::collection::vec(any::<u8>(), 0..80)) {
        let _ = SshSignature::from_armored(&text);
        let _ = SshSignature::from_base64_line(&text);
        let _ = PublicKey::parse_openssh_line(&text);
        let _ = SshSignature::from_blob(&[b"SSHSIG\0\0\0\x01".as_slice(), &blob].concat());
        assert!(PublicKey::from_wire(&blob).is_err());
    }
}

#[test]
fn openssh_keys_are_read_strictly_and_lines_less_so() {
    let public = SigningKey::from_seed([9; 32]).public();
    let text = public.openssh_text();
    assert_eq!(PublicKey::parse_openssh(&text), Ok(public));
    assert_eq!(PublicKey::from_wire(&public.to_wire()), Ok(public));
    assert_eq!(
        PublicKey::parse_openssh_line(&format!("  {text}  alice@example  \n")),
        Ok((public, Some("alice@example")))
    );
    assert_eq!(PublicKey::parse_openssh_line(&text), Ok((public, None)));
    for wrong in [
        format!("{text} alice"),
        format!("{text}\n"),
        text.replace(' ', "  "),
        text.replace("ssh-ed25519 ", ""),
        String::new(),
        format!("{text}AAAA"),
    ] {
        assert_eq!(
            PublicKey::parse_openssh(&wrong),
            Err(KeyError::Syntax),
            "{wrong}"
        );
    }
    let rsa = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7";
    assert_eq!(PublicKey::parse_openssh(rsa), Err(KeyError::Algorithm));
    assert_eq!(KeyError::Algorithm.code(), ErrorCode::BadKey);
}

/// ssh-keygen, where there is one.
fn ssh_keygen(
    directory: &std::path::Path,
    arguments: &[&str],
    input: &[u8],
) -> Option<std::process::Output> {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let mut command = Command::new("ssh-keygen");
    command.args(arguments).current_dir(directory);
    let child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            println!("skipped: ssh-keygen could not be started: {error}");
            return None;
        }
    };
    child
        .stdin
        .take()
        .expect("piped")
        .write_all(input)
        .expect("write the message");
    Some(child.wait_with_output().expect("wait for ssh-keygen"))
}

#[test]
fn ssh_keygen_verifies_what_we_sign() {
    let directory = tempfile::tempdir().expect("a temporary folder");
    let path = directory.path();
    let (key, message, signature) = sample();
    std::fs::write(path.join("allowed"), format!("alice {}\n", key.public())).expect("write");
    std::fs::write(path.join("good.sig"), signature.armored()).expect("write");
    let arguments = [
        "-Y",
        "verify",
        "-f",
        "allowed",
        "-I",
        "alice",
        "-n",
        "gatos-event",
        "-s",
        "good.sig",
    ];
    let Some(output) = ssh_keygen(path, &arguments, &message) else {
        return;
    };
    assert!(output.status.success(), "{output:?}");
    let output = ssh_keygen(path, &arguments, b"another message").expect("it ran before");
    assert!(!output.status.success());
    let other = [
        "-Y",
        "verify",
        "-f",
        "allowed",
        "-I",
        "alice",
        "-n",
        "gatos-grant",
        "-s",
        "good.sig",
    ];
    assert!(
        !ssh_keygen(path, &other, &message)
            .expect("it ran before")
            .status
            .success()
    );
}

#[test]
fn we_verify_what_ssh_keygen_signs_and_would_sign_the_same() {
    let directory = tempfile::tempdir().expect("a temporary folder");
    let path = directory.path();
    let arguments = [
        "-q", "-t", "ed25519", "-N", "", "-C", "comment", "-f", "key",
    ];
    let Some(output) = ssh_keygen(path, &arguments, b"") else {
        return;
    };
    assert!(output.status.success(), "{output:?}");
    for message in [b"".as_slice(), b"hello\n", &[0xFF; 5000]] {
        let output = ssh_keygen(
            path,
            &["-Y", "sign", "-f", "key", "-n", "gatos-checkpoint"],
            message,
        )
        .expect("it ran before");
        assert!(output.status.success(), "{output:?}");
        let armor = String::from_utf8(output.stdout).expect("armor is ASCII");
        let signature = SshSignature::from_armored(&armor).expect("the armor of ssh-keygen");
        assert_eq!(
            verify(SignatureNamespace::Checkpoint, message, &signature),
            Ok(())
        );
        let line = std::fs::read_to_string(path.join("key.pub")).expect("the public key");
        assert_eq!(
            PublicKey::parse_openssh_line(&line),
            Ok((signature.public, Some("comment")))
        );
        let seed = seed_of_key_file(
            &std::fs::read_to_string(path.join("key")).expect("the private key"),
            &signature.public,
        );
        assert_eq!(
            SigningKey::from_seed(seed)
                .sign(SignatureNamespace::Checkpoint, message)
                .armored(),
            armor
        );
    }
}

/// The seed out of an unencrypted OpenSSH key file: it stands before the second copy of the public key.
fn seed_of_key_file(text: &str, public: &PublicKey) -> [u8; 32] {
    use base64ct::{Base64, Encoding};
    let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    let blob = Base64::decode_vec(&body).expect("base64");
    let at = blob
        .windows(32)
        .rposition(|window| window == public.as_bytes())
        .expect("the public key");
    blob[at - 32..at].try_into().expect("32 bytes")
}
