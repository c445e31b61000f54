//! SSH's wire form: strings with a 32-bit length before them.
//!
//! Parsing a signature ends with writing it again and comparing, so that no second form can slip through.

use super::{
    ALGORITHM, BLOB_SIZE_MAX, HASH_ALGORITHM, KeyError, MAGIC, PublicKey, SignatureError,
    SshSignature, VERSION,
};
use alloc::string::String;
use alloc::vec::Vec;

pub(super) fn put_string(output: &mut Vec<u8>, string: &[u8]) {
    // Everything written here is far below 4 GiB.
    output.extend_from_slice(&(string.len() as u32).to_be_bytes());
    output.extend_from_slice(string);
}

/// The string at the front of `input`; `input` moves behind it.
fn take_string<'a>(input: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = input.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (string, rest) = rest.split_at_checked(length)?;
    *input = rest;
    Some(string)
}

pub(super) fn public_key(public: &PublicKey) -> Vec<u8> {
    let mut blob = Vec::with_capacity(51);
    put_string(&mut blob, ALGORITHM.as_bytes());
    put_string(&mut blob, public.as_bytes());
    blob
}

pub(super) fn parse_public_key(blob: &[u8]) -> Result<PublicKey, KeyError> {
    let mut input = blob;
    let algorithm = take_string(&mut input).ok_or(KeyError::Syntax)?;
    if algorithm != ALGORITHM.as_bytes() {
        return Err(KeyError::Algorithm);
    }
    let raw = take_string(&mut input).ok_or(KeyError::Syntax)?;
    if !input.is_empty() {
        return Err(KeyError::Syntax);
    }
    PublicKey::from_bytes(raw.try_into().map_err(|_| KeyError::Syntax)?)
}

pub(super) fn signature(signature: &SshSignature) -> Vec<u8> {
    let mut inner = Vec::with_capacity(83);
    put_string(&mut inner, ALGORITHM.as_bytes());
    put_string(&mut inner, &signature.signature);
    let mut blob = Vec::with_capacity(192);
    blob.extend_from_slice(MAGIC);
    blob.extend_from_slice(&VERSION.to_be_bytes());
    put_string(&mut blob, &public_key(&signature.public));
    put_string(&mut blob, signature.namespace.as_bytes());
    put_string(&mut blob, b"");
    put_string(&mut blob, HASH_ALGORITHM.as_bytes());
    put_string(&mut blob, &inner);
    blob
}

pub(super) fn parse_signature(blob: &[u8]) -> Result<SshSignature, SignatureError> {
    parse(blob, |wire| Ok(parse_public_key(wire)?))
}

/// Takes the key that is known already, without checking its point again.
pub(super) fn parse_signature_by(
    public: &PublicKey,
    blob: &[u8],
) -> Result<SshSignature, SignatureError> {
    parse(blob, |wire| {
        if wire == public_key(public) {
            return Ok(*public);
        }
        let (expected, found) = (public.key_id(), parse_public_key(wire)?.key_id());
        Err(SignatureError::OtherKey { expected, found })
    })
}

fn parse(
    blob: &[u8],
    key: impl FnOnce(&[u8]) -> Result<PublicKey, SignatureError>,
) -> Result<SshSignature, SignatureError> {
    if blob.len() > BLOB_SIZE_MAX {
        return Err(SignatureError::Malformed("it is too long"));
    }
    let Some(mut input) = blob.strip_prefix(MAGIC.as_slice()) else {
        return Err(SignatureError::Malformed("it does not start with SSHSIG"));
    };
    let Some(version) = input.split_off(..4) else {
        return Err(SignatureError::Malformed("it ends too early"));
    };
    if version != VERSION.to_be_bytes() {
        return Err(SignatureError::Malformed("its version is not 1"));
    }
    let parsed = parse_fields(input, key)?;
    if signature(&parsed) != blob {
        return Err(SignatureError::Malformed("it is not in canonical form"));
    }
    Ok(parsed)
}

fn parse_fields(
    mut input: &[u8],
    key: impl FnOnce(&[u8]) -> Result<PublicKey, SignatureError>,
) -> Result<SshSignature, SignatureError> {
    let early = SignatureError::Malformed("it ends too early");
    let mut fields = [&[][..]; 5];
    for field in &mut fields {
        *field = take_string(&mut input).ok_or_else(|| early.clone())?;
    }
    let [public, namespace, _reserved, hash_algorithm, mut inner] = fields;
    if hash_algorithm != HASH_ALGORITHM.as_bytes() {
        return Err(SignatureError::Malformed(
            "its hash algorithm is not sha512",
        ));
    }
    let namespace = core::str::from_utf8(namespace)
        .ok()
        .filter(|namespace| !namespace.is_empty());
    let Some(namespace) = namespace else {
        return Err(SignatureError::Malformed(
            "its namespace is empty or not UTF-8",
        ));
    };
    let algorithm = take_string(&mut inner).ok_or_else(|| early.clone())?;
    if algorithm != ALGORITHM.as_bytes() {
        return Err(SignatureError::Malformed(
            "its algorithm is not ssh-ed25519",
        ));
    }
    let raw = take_string(&mut inner).ok_or(early)?;
    let signature = raw
        .try_into()
        .map_err(|_| SignatureError::Malformed("it does not hold 64 bytes"))?;
    Ok(SshSignature {
        public: key(public)?,
        namespace: String::from(namespace),
        signature,
    })
}
