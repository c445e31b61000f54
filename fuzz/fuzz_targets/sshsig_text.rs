//! Signatures and keys as text: armor, one-line base64, `ssh-ed25519` lines.
#![no_main]

use gatos_values::{PublicKey, SshSignature};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(signature) = SshSignature::from_armored(text) {
        assert_eq!(
            SshSignature::from_armored(&signature.armored()).as_ref(),
            Ok(&signature)
        );
    }
    if let Ok(signature) = SshSignature::from_base64_line(text) {
        assert_eq!(signature.to_base64_line(), text);
    }
    if let Ok(key) = PublicKey::parse_openssh(text) {
        assert_eq!(key.openssh_text(), text);
    }
    if let Ok((key, _comment)) = PublicKey::parse_openssh_line(text) {
        assert_eq!(PublicKey::parse_openssh(&key.openssh_text()), Ok(key));
    }
    if let Ok(key) = PublicKey::from_wire(text.as_bytes()) {
        assert_eq!(key.to_wire(), text.as_bytes());
    }
});
