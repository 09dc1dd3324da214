//! Whether a custodian has enrolled a subject, as the directory says.

use alloy::primitives::Address;
use service_kit::peer::{Answer, Peer, PeerError};
use time::OffsetDateTime;

/// The directory of auth-service.
pub struct Directory(Peer);

impl Directory {
    /// The directory behind `peer`.
    pub fn new(peer: Peer) -> Self {
        Self(peer)
    }

    /// Whether a patient of a custodian has this address. The answer's body is of no interest: 200 or 404 is all.
    ///
    /// # Errors
    /// When the directory cannot be asked.
    pub async fn is_enrolled(
        &self,
        subject: Address,
        now: OffsetDateTime,
    ) -> Result<bool, PeerError> {
        let path = ["v1", "subjects", &subject.to_checksum(None)];
        match self.0.get(&path, &[], now).await? {
            Answer::Found(_) => Ok(true),
            Answer::NotFound => Ok(false),
        }
    }
}
