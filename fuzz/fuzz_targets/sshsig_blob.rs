//! Signature blobs: one encoding each; verifying with a cached key gives the same verdict.
#![no_main]

use gatos_values::sshsig::verify;
use gatos_values::{SshSignature, VerifyingContext};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(signature) = SshSignature::from_blob(bytes) else {
        return;
    };
    assert_eq!(signature.to_blob(), bytes);
    let line = signature.to_base64_line();
    assert_eq!(
        SshSignature::from_base64_line(&line).as_ref(),
        Ok(&signature)
    );
    assert_eq!(
        SshSignature::from_armored(&signature.armored()).as_ref(),
        Ok(&signature)
    );
    let cached = VerifyingContext::new(&signature.public);
    let namespace = "gatos-event";
    let plain = verify(namespace, bytes, &signature);
    assert_eq!(cached.verify(namespace, bytes, &signature), plain);
});
