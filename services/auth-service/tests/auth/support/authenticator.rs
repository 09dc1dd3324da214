//! An authenticator in memory (WebAuthn level 3, attestation `none`), honest unless it is told otherwise.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{DerSignature, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::ISSUER;

pub struct Authenticator {
    key: SigningKey,
    pub credential_id: Vec<u8>,
    /// Whose passkey it says it is.
    pub user: Vec<u8>,
    /// Counts uses; 0 never counts.
    pub counter: u32,
    /// Whether the person unlocked it.
    pub unlocked: bool,
    /// Which site the browser says it is.
    pub origin: &'static str,
}

fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn unb64(value: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(value.as_str().unwrap()).unwrap()
}

/// A CBOR byte string of less than 64 KiB.
fn bytes(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[0x59], &length[..], content].concat()
}

impl Authenticator {
    pub fn new(n: u8) -> Self {
        Self {
            key: SigningKey::from_slice(&[n; 32]).unwrap(),
            credential_id: vec![n; 16],
            user: Vec::new(),
            counter: 0,
            unlocked: true,
            origin: ISSUER,
        }
    }

    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        let challenge = options["publicKey"]["challenge"].as_str().unwrap();
        json!({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false})
            .to_string()
            .into_bytes()
    }

    fn data(&self, rp_id: &str, attested: &[u8]) -> Vec<u8> {
        // User present, user verified, attested credential data.
        let flags = 1 | (u8::from(self.unlocked) << 2) | (u8::from(!attested.is_empty()) << 6);
        let hash = Sha256::digest(rp_id);
        [&hash[..], &[flags], &self.counter.to_be_bytes(), attested].concat()
    }

    /// Makes a passkey, as the page asked.
    pub fn make(&mut self, options: &Value) -> Value {
        let key = &options["publicKey"];
        self.user = unb64(&key["user"]["id"]);
        let point = self.key.verifying_key().to_encoded_point(false);
        // COSE: EC2, ES256, P-256.
        let cose = [
            &[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20][..],
            point.x().unwrap(),
            &[0x22, 0x58, 0x20],
            point.y().unwrap(),
        ]
        .concat();
        let length = u16::try_from(self.credential_id.len()).unwrap();
        let attested = [
            &[0; 16][..],
            &length.to_be_bytes(),
            &self.credential_id,
            &cose,
        ]
        .concat();
        let data = self.data(key["rp"]["id"].as_str().unwrap(), &attested);
        let attestation = [
            &b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData"[..],
            &bytes(&data),
        ]
        .concat();
        let client = self.client_data("webauthn.create", options);
        json!({
            "id": b64(&self.credential_id), "rawId": b64(&self.credential_id), "type": "public-key",
            "extensions": {},
            "response": {"clientDataJSON": b64(&client), "attestationObject": b64(&attestation)},
        })
    }

    /// Shows its passkey, as the page asked.
    pub fn show(&mut self, options: &Value) -> Value {
        if self.counter > 0 {
            self.counter += 1;
        }
        let data = self.data(options["publicKey"]["rpId"].as_str().unwrap(), &[]);
        let client = self.client_data("webauthn.get", options);
        let signed = [&data[..], &Sha256::digest(&client)].concat();
        let signature: DerSignature = self.key.sign(&signed);
        json!({
            "id": b64(&self.credential_id), "rawId": b64(&self.credential_id), "type": "public-key",
            "extensions": {},
            "response": {
                "clientDataJSON": b64(&client), "authenticatorData": b64(&data),
                "signature": b64(signature.as_bytes()), "userHandle": b64(&self.user),
            },
        })
    }
}
