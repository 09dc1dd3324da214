//! Where on the chain a row last changed.

use serde::Serialize;
use utoipa::ToSchema;

use crate::projection::Position;
use crate::row::{Finality, View};

/// The event that a row rests on.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// The transaction.
    pub tx_hash: String,
    /// Its block's height.
    pub block_no: u64,
    /// Its block's hash.
    pub block_hash: String,
    /// The event's position among the block's logs.
    pub log_index: u32,
    /// How final that block is.
    pub finality: Finality,
}

impl Place {
    /// A position as `view` sees it.
    pub fn new(position: &Position, view: &View) -> Self {
        Self {
            tx_hash: position.tx_hash.to_string(),
            block_no: position.block_no,
            block_hash: position.block_hash.to_string(),
            log_index: position.log_index,
            finality: view.finality(position.block_no),
        }
    }
}
