//! Which custodian a subject address is enrolled with. Never which patient it stands for.

use alloy::primitives::Address;
use sqlx::PgPool;

use super::ReadPermit;
use crate::db::StoreError;

/// Whether a subject stands for a patient of the permit's tenant.
///
/// # Errors
/// [`StoreError`].
pub async fn is_enrolled(
    db: &PgPool,
    permit: &ReadPermit,
    subject: Address,
) -> Result<bool, StoreError> {
    let found = sqlx::query_scalar!(
        r#"select exists (select from bindings where subject = $1 and tenant = $2 and ended_at is null) as "found!""#,
        subject.as_slice(),
        permit.tenant,
    )
    .fetch_one(db)
    .await?;
    Ok(found)
}
