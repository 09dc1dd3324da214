//! What keys have signed, read and checked: subjects' and grantees'.

use alloy::primitives::{Address, Bytes, U256};
use contract_bindings::intent::{Bind, Endorse, LiftStop, Proof, Verification};
use time::OffsetDateTime;

use crate::App;
use crate::db::StoreError;
use crate::projection::ProjectionError;

/// Why what was signed does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// Not signed by that address's key, or signed for something else.
    #[error("the signature is not that address's over this statement")]
    Signature,
    /// The deadline has passed.
    #[error("the deadline has passed")]
    PastDeadline,
    /// Only the chain can tell whether a contract wallet signed, and it gave no answer.
    #[error(transparent)]
    Chain(#[from] ProjectionError),
}

/// An address's signed statement about whom it stands for: as a subject for a patient, or as a grantee (`grantees`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The address.
    pub subject: Address,
    /// Grows with every statement of this address.
    pub nonce: U256,
    /// Unix seconds after which it is no longer accepted.
    pub deadline: i64,
    /// The address's signature.
    pub proof: Proof,
}

/// A statement whose signature was verified, for one tenant and patient.
#[derive(Debug, Clone)]
pub struct Verified {
    pub(super) statement: Statement,
    bind: Bind,
}

impl Statement {
    /// Checks the signature over `Bind(tenant, patient, subject, nonce, deadline)`.
    ///
    /// # Errors
    /// [`StatementError`].
    pub async fn verify(
        self,
        app: &App,
        tenant: &str,
        fhir_id: &str,
    ) -> Result<Verified, StatementError> {
        let deadline = unix(self.deadline)?;
        let bind = Bind::new(tenant, fhir_id, self.subject, self.nonce, deadline);
        judge(app, &bind, &self.proof).await?;
        Ok(Verified {
            statement: self,
            bind,
        })
    }

    /// Whether its deadline has passed.
    pub(super) fn is_past(&self, now: OffsetDateTime) -> bool {
        now.unix_timestamp() > self.deadline
    }

    /// A statement as the database has it.
    pub(super) fn stored(
        subject: &[u8],
        nonce: &[u8],
        deadline: i64,
        signer: Vec<u8>,
        signature: Vec<u8>,
        table: &'static str,
    ) -> Result<Self, StoreError> {
        let corrupt = StoreError::Corrupt(table);
        let (Ok(subject), Ok(nonce)) = (Address::try_from(subject), <[u8; 32]>::try_from(nonce))
        else {
            return Err(corrupt);
        };
        Ok(Self {
            subject,
            nonce: U256::from_be_bytes(nonce),
            deadline,
            proof: Proof {
                signer: signer.into(),
                signature: signature.into(),
            },
        })
    }
}

/// What an address that stands for the patient says of a further one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endorsement {
    /// The address that says so.
    pub subject: Address,
    /// Unix seconds after which it is no longer accepted.
    pub deadline: i64,
    /// Its signature.
    pub proof: Proof,
}

impl Endorsement {
    /// Checks the signature over `Endorse(tenant, patient, subject, newSubject, nonce, deadline)`; whether the subject
    /// stands for the patient is for the database to say.
    ///
    /// # Errors
    /// [`StatementError`].
    pub async fn verify(
        &self,
        app: &App,
        of: &Verified,
        now: OffsetDateTime,
    ) -> Result<Address, StatementError> {
        let message = Endorse::of(&of.bind, self.subject, unix(self.deadline)?);
        judge(app, &message, &self.proof).await?;
        in_time(self.deadline, now)?;
        Ok(self.subject)
    }
}

/// What an address that stands for the patient says of a stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lift {
    /// The address that says so.
    pub subject: Address,
    /// The stop.
    pub stop: uuid::Uuid,
    /// Unix seconds after which it is no longer accepted.
    pub deadline: i64,
    /// Its signature.
    pub proof: Proof,
}

impl Lift {
    /// Checks the signature over `LiftStop(tenant, patient, subject, stop, deadline)`; whether the subject stands for the
    /// patient is for the database to say.
    ///
    /// # Errors
    /// [`StatementError`].
    pub async fn verify(
        &self,
        app: &App,
        tenant: &str,
        fhir_id: &str,
        now: OffsetDateTime,
    ) -> Result<(), StatementError> {
        let stop = self.stop.into_bytes();
        let deadline = unix(self.deadline)?;
        let message = LiftStop::new(tenant, fhir_id, self.subject, stop, deadline);
        judge(app, &message, &self.proof).await?;
        in_time(self.deadline, now)
    }
}

/// Whether the signature holds, asking the chain where only it can tell.
pub(super) async fn judge(
    app: &App,
    statement: &impl contract_bindings::intent::Statement,
    proof: &Proof,
) -> Result<(), StatementError> {
    let is_signed = match statement.check(&app.domain, proof) {
        Verification::Verified => true,
        Verification::Invalid => false,
        Verification::NeedsChain => {
            let digest = statement.digest(&app.domain);
            app.projection
                .is_signed(app, statement.signer(), digest, proof)
                .await?
        }
    };
    if is_signed {
        Ok(())
    } else {
        Err(StatementError::Signature)
    }
}

fn in_time(deadline: i64, now: OffsetDateTime) -> Result<(), StatementError> {
    if now.unix_timestamp() > deadline {
        Err(StatementError::PastDeadline)
    } else {
        Ok(())
    }
}

pub(super) fn unix(deadline: i64) -> Result<u64, StatementError> {
    u64::try_from(deadline).map_err(|_| StatementError::PastDeadline)
}

/// A proof from the bytes of a request.
pub fn proof(signer: Vec<u8>, signature: Vec<u8>) -> Proof {
    Proof {
        signer: Bytes::from(signer),
        signature: Bytes::from(signature),
    }
}
