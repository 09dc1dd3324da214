//! What a node claims, checked: a header against its hash, receipts against the header.

use alloy::consensus::proofs::calculate_receipt_root;
use alloy::primitives::{Address, B256, BloomInput};
use alloy::rpc::types::{Header as ClaimedHeader, TransactionReceipt};
use contract_bindings::{Followed, LogError};
use thiserror::Error;

use super::{BlockRef, ChainEvent};

/// The node's answer does not prove what it claims. It says nothing about the chain: ask again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unproven {
    /// The header does not have the hash it was sent with.
    #[error("a header does not have the hash it claims")]
    HeaderHash,
    /// Another block than the one asked for.
    #[error("the node answered with another block than asked for")]
    OtherBlock,
    /// Receipts are missing, foreign, reordered or altered.
    #[error("the receipts do not match the block's receipts root")]
    Receipts,
}

/// A header whose hash was computed here.
#[derive(Debug, Clone)]
pub struct Header {
    at: BlockRef,
    inner: alloy::consensus::Header,
}

impl Header {
    /// Recomputes the hash.
    pub fn verify(claimed: ClaimedHeader) -> Result<Self, Unproven> {
        let hash = claimed.inner.hash_slow();
        if hash != claimed.hash {
            return Err(Unproven::HeaderHash);
        }
        let at = BlockRef {
            no: claimed.inner.number,
            hash,
        };
        Ok(Self {
            at,
            inner: claimed.inner,
        })
    }

    /// Height and hash.
    pub fn at(&self) -> BlockRef {
        self.at
    }

    /// Hash of the block before.
    pub fn parent(&self) -> B256 {
        self.inner.parent_hash
    }

    /// Unix seconds.
    pub fn time(&self) -> u64 {
        self.inner.timestamp
    }

    /// False only if the block certainly holds no log of `address`.
    pub fn may_hold_logs_of(&self, address: Address) -> bool {
        self.inner
            .logs_bloom
            .contains_input(BloomInput::Raw(address.as_slice()))
    }
}

/// The followed contracts' events of a block, from receipts proven against the header's receipts root. Log indexes are
/// counted here, because nodes have been seen to get them wrong.
///
/// The outer error is the node's, the inner one a contract's: an event that this code does not know.
pub fn followed_events(
    header: &Header,
    receipts: Vec<TransactionReceipt>,
    followed: &Followed,
) -> Result<Result<Vec<ChainEvent>, LogError>, Unproven> {
    let hashes: Vec<B256> = receipts
        .iter()
        .map(|receipt| receipt.transaction_hash)
        .collect();
    let receipts: Vec<_> = receipts
        .into_iter()
        .map(|receipt| receipt.into_primitives_receipt().inner)
        .collect();
    if calculate_receipt_root(&receipts) != header.inner.receipts_root {
        return Err(Unproven::Receipts);
    }
    let logs = receipts
        .iter()
        .zip(hashes)
        .flat_map(|(receipt, tx)| receipt.logs().iter().map(move |log| (tx, log)));
    let events = (0u32..)
        .zip(logs)
        .filter_map(|(log_index, (tx_hash, log))| {
            let contract = followed.contract_at(log.address)?;
            let event = contract_bindings::decode(contract, &log.data);
            Some(event.map(|event| ChainEvent {
                log_index,
                tx_hash,
                event,
            }))
        });
    Ok(events.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy::primitives::Bloom;
    use contract_bindings::Event;
    use serde_json::json;

    const REGISTRY: Address = Address::repeat_byte(0xaa);
    const HOSPITALS: Address = Address::repeat_byte(0xcc);

    fn followed() -> Followed {
        Followed {
            hospitals: Some(HOSPITALS),
            ..Followed::registry(REGISTRY)
        }
    }

    /// Two transactions: a stranger's log and one of the registry of organisations, then two `ConsentExpired` of the
    /// registry around another stranger's.
    fn receipts() -> Vec<TransactionReceipt> {
        let expired = |subject: u8| {
            use alloy::sol_types::SolEvent as _;
            let event = contract_bindings::registry::ConsentRegistry::ConsentExpired {
                subject: Address::repeat_byte(subject),
                grantee: Address::repeat_byte(2),
                scopeId: B256::repeat_byte(3),
                version: 1,
            };
            let log = event.encode_log_data();
            (REGISTRY, log.topics().to_vec(), log.data)
        };
        let stranger = || {
            (
                Address::repeat_byte(0xbb),
                vec![B256::repeat_byte(9)],
                Default::default(),
            )
        };
        let suspended = || {
            use alloy::sol_types::SolEvent as _;
            let event = contract_bindings::registry::HospitalRegistry::OrganizationSuspended {
                organization: Address::repeat_byte(2),
                reason: B256::ZERO,
            };
            let log = event.encode_log_data();
            (HOSPITALS, log.topics().to_vec(), log.data)
        };
        let logs = [
            vec![stranger(), suspended()],
            vec![expired(4), stranger(), expired(5)],
        ];
        (0u8..)
            .zip(logs)
            .map(|(index, logs)| receipt(index, logs))
            .collect()
    }

    fn receipt(
        index: u8,
        logs: Vec<(Address, Vec<B256>, alloy::primitives::Bytes)>,
    ) -> TransactionReceipt {
        let mut bloom = Bloom::ZERO;
        // Wrong on purpose: what a node says of an index is not looked at.
        let logs: Vec<_> = logs
            .into_iter()
            .map(|(address, topics, data)| {
                bloom.accrue_raw_log(address, &topics);
                json!({
                    "address": address, "topics": topics, "data": data, "logIndex": "0x7", "removed": false,
                    "blockHash": null, "blockNumber": null, "transactionHash": null, "transactionIndex": null,
                })
            })
            .collect();
        serde_json::from_value(json!({
            "type": "0x2", "status": "0x1", "cumulativeGasUsed": "0x5208", "gasUsed": "0x5208",
            "effectiveGasPrice": "0x1", "from": Address::ZERO, "to": REGISTRY, "contractAddress": null,
            "transactionHash": B256::repeat_byte(index), "transactionIndex": format!("{index:#x}"),
            "blockHash": B256::ZERO, "blockNumber": "0x1", "logs": logs, "logsBloom": bloom,
        }))
        .unwrap()
    }

    fn header(receipts: &[TransactionReceipt]) -> Header {
        let receipts: Vec<_> = receipts
            .iter()
            .map(|r| r.clone().into_primitives_receipt().inner)
            .collect();
        let inner = alloy::consensus::Header {
            receipts_root: calculate_receipt_root(&receipts),
            ..Default::default()
        };
        Header::verify(ClaimedHeader::new(inner)).unwrap()
    }

    #[test]
    fn log_indexes_are_counted_over_the_whole_block_whatever_the_node_says() {
        let header = header(&receipts());
        let events = followed_events(&header, receipts(), &followed())
            .unwrap()
            .unwrap();
        let indexes: Vec<_> = events
            .iter()
            .map(|event| (event.log_index, event.tx_hash))
            .collect();
        assert_eq!(
            indexes,
            [
                (1, B256::repeat_byte(0)),
                (2, B256::repeat_byte(1)),
                (4, B256::repeat_byte(1))
            ]
        );
        assert!(matches!(events[0].event, Event::Organization(_)));
        assert!(
            matches!(events[2].event, Event::Consent(event) if event.subject == consent_core::Address([5; 20]))
        );
        let registry_alone =
            followed_events(&header, receipts(), &Followed::registry(REGISTRY)).unwrap();
        assert_eq!(registry_alone.unwrap(), events[1..]);
    }

    #[test]
    fn receipts_left_out_reordered_or_altered_are_refused() {
        let header = header(&receipts());
        let mut missing = receipts();
        missing.pop();
        let mut reordered = receipts();
        reordered.reverse();
        let without_a_log = vec![receipts()[0].clone(), receipt(1, Vec::new())];
        for forged in [Vec::new(), missing, reordered, without_a_log] {
            let outcome = followed_events(&header, forged, &followed());
            assert_eq!(outcome, Err(Unproven::Receipts));
        }
    }

    #[test]
    fn a_header_with_another_hash_is_refused() {
        let mut claimed = ClaimedHeader::new(alloy::consensus::Header::default());
        assert!(Header::verify(claimed.clone()).is_ok());
        claimed.inner.timestamp += 1;
        assert_eq!(Header::verify(claimed).unwrap_err(), Unproven::HeaderHash);
    }
}
