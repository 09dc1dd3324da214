//! How a batch is signed.

use alloy::primitives::B256;
use alloy::sol_types::SolStruct as _;

use crate::registry::ConsentRegistry;

alloy::sol! {
    struct Op {
        uint8 kind;
        address grantee;
        bytes32 scopeId;
        uint40 validFrom;
        uint40 validTo;
        uint32 version;
    }

    struct Batch {
        address actor;
        address subject;
        uint8 mode;
        uint24 seq;
        Op[] ops;
        uint40 deadline;
    }
}

pub(super) const TYPE: &str = "Batch(address actor,address subject,uint8 mode,uint24 seq,Op[] ops,uint40 deadline)\
    Op(uint8 kind,address grantee,bytes32 scopeId,uint40 validFrom,uint40 validTo,uint32 version)";

/// `hashStruct` of a batch of the ABI.
pub(super) fn hash(batch: &ConsentRegistry::Batch) -> B256 {
    let op = |op: &ConsentRegistry::Op| Op {
        kind: op.kind,
        grantee: op.grantee,
        scopeId: op.scopeId,
        validFrom: op.validFrom,
        validTo: op.validTo,
        version: op.version,
    };
    let signed = Batch {
        actor: batch.actor,
        subject: batch.subject,
        mode: batch.mode,
        seq: batch.seq,
        ops: batch.ops.iter().map(op).collect(),
        deadline: batch.deadline,
    };
    signed.eip712_hash_struct()
}

#[cfg(test)]
pub(super) fn encode_type() -> std::borrow::Cow<'static, str> {
    Batch::eip712_encode_type()
}
