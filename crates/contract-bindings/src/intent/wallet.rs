//! What has to be asked of the chain where a signature alone proves nothing: of a contract wallet (ERC-1271), or of the
//! verifier of a key (ERC-7913). Both questions change nothing, and are calls that any node answers.

use alloy::primitives::{Address, B256, Bytes};
use alloy::sol_types::SolCall;

use super::signer_id;
use super::verification::VERIFIER_LENGTH;
use crate::registry::ConsentRegistry::Proof;

alloy::sol! {
    /// ERC-1271.
    interface IERC1271 {
        function isValidSignature(bytes32 hash, bytes signature) external view returns (bytes4);
    }
    /// ERC-7913.
    interface IERC7913 {
        function verify(bytes key, bytes32 hash, bytes signature) external view returns (bytes4);
    }
}

/// A call that tells whether an address signed a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The wallet, or the verifier.
    pub to: Address,
    /// What it is called with.
    pub data: Bytes,
    yes: [u8; 4],
}

impl Question {
    /// What to ask about `actor`'s proof over `digest`; `None` when the proof cannot be the actor's, whatever the chain
    /// says.
    pub fn new(actor: Address, digest: B256, proof: &Proof) -> Option<Self> {
        let signature = proof.signature.clone();
        if proof.signer.is_empty() {
            let call = IERC1271::isValidSignatureCall {
                hash: digest,
                signature,
            };
            return (!actor.is_zero()).then(|| Self {
                to: actor,
                data: call.abi_encode().into(),
                yes: IERC1271::isValidSignatureCall::SELECTOR,
            });
        }
        if proof.signer.len() <= VERIFIER_LENGTH || signer_id(&proof.signer) != actor {
            return None;
        }
        let (verifier, key) = proof.signer.split_at(VERIFIER_LENGTH);
        let call = IERC7913::verifyCall {
            key: key.to_vec().into(),
            hash: digest,
            signature,
        };
        Some(Self {
            to: Address::from_slice(verifier),
            data: call.abi_encode().into(),
            yes: IERC7913::verifyCall::SELECTOR,
        })
    }

    /// Whether what the call returned is a yes: its own selector and 28 zero bytes. An account without code returns
    /// nothing, which is none.
    pub fn is_yes(&self, returned: &[u8]) -> bool {
        returned.len() >= 32
            && returned[..4] == self.yes
            && returned[4..32].iter().all(|byte| *byte == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WALLET: Address = Address::repeat_byte(0x11);
    const DIGEST: B256 = B256::repeat_byte(0x22);

    fn proof(signer: &[u8]) -> Proof {
        Proof {
            signer: signer.to_vec().into(),
            signature: vec![1, 2, 3].into(),
        }
    }

    #[test]
    fn the_magic_values_are_those_of_the_standards() {
        assert_eq!(
            IERC1271::isValidSignatureCall::SELECTOR,
            [0x16, 0x26, 0xba, 0x7e]
        );
        assert_eq!(IERC7913::verifyCall::SELECTOR, [0x02, 0x4a, 0xd3, 0x18]);
    }

    #[test]
    fn a_wallet_is_asked_about_itself_and_a_key_is_asked_of_its_verifier() {
        let wallet = Question::new(WALLET, DIGEST, &proof(&[])).unwrap();
        assert_eq!(wallet.to, WALLET);
        let signer = [&[0x33; 20][..], b"a key"].concat();
        let key = Question::new(signer_id(&signer), DIGEST, &proof(&signer)).unwrap();
        assert_eq!(key.to, Address::repeat_byte(0x33));
        let asked = IERC7913::verifyCall::abi_decode(&key.data).unwrap();
        assert_eq!(asked.key.as_ref(), b"a key");
    }

    #[test]
    fn nothing_is_asked_about_a_proof_of_somebody_else() {
        let signer = [&[0x33; 20][..], b"a key"].concat();
        assert_eq!(Question::new(WALLET, DIGEST, &proof(&signer)), None);
        assert_eq!(Question::new(WALLET, DIGEST, &proof(&[0x33; 20])), None);
        assert_eq!(Question::new(Address::ZERO, DIGEST, &proof(&[])), None);
    }

    #[test]
    fn only_the_exact_word_is_a_yes() {
        let question = Question::new(WALLET, DIGEST, &proof(&[])).unwrap();
        let mut word = [0; 32];
        word[..4].copy_from_slice(&[0x16, 0x26, 0xba, 0x7e]);
        assert!(question.is_yes(&word));
        assert!(!question.is_yes(&[]));
        assert!(!question.is_yes(&word[..31]));
        assert!(!question.is_yes(&[0xff; 32]));
        assert!(!question.is_yes(&[0; 32]));
        word[31] = 1;
        assert!(!question.is_yes(&word));
    }
}
