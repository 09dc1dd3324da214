//! What can be signed, by the name of its action.

use alloy::primitives::{Address, B256, aliases::U40};
use alloy::sol_types::SolCall as _;
use serde_json::{Map, Value};

use super::WireError;
use super::member::{Member as _, Members};
use crate::intent::{Intent, effect};
use crate::registry::ConsentRegistry::{
    self, Acceptance, Batch, Deny, Freeze, Grant, Invalidate, Op, Proof, ProposeRecovery,
    Relinquish, RemoveDelegate, Request, Revoke, RevokeAll, Rotate, SetDelegate, SetRecovery,
    Unfreeze, Veto,
};
use crate::registry::IntentLens::AcceptControl;

/// The most items of a batch, as the registry has it.
pub const MAX_OPS: usize = 256;

/// The execution of a recovery. Anyone may ask for it; what is signed is the new controller's agreement, so that the
/// actor is the new controller and the digest that of its `AcceptControl`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(non_snake_case)]
pub struct Recover {
    /// The new controller.
    pub actor: Address,
    /// The patient's address.
    pub subject: Address,
    /// The proposal's number.
    pub proposalId: u32,
    /// The subject's seq.
    pub seq: alloy::primitives::aliases::U24,
    /// The last second at which the agreement works.
    pub deadline: U40,
}

impl Recover {
    /// What the new controller signs.
    pub fn accepted(&self) -> AcceptControl {
        AcceptControl {
            actor: self.actor,
            subject: self.subject,
            seq: self.seq,
            deadline: self.deadline,
        }
    }
}

/// What is read from and written to the member `intent`.
trait Message: Sized {
    fn read(value: &Value) -> Result<Self, WireError>;
    fn write(&self) -> Value;
}

macro_rules! messages {
    ($($name:ident in $parent:literal { $($field:ident),* })*) => {
        $(impl Message for $name {
            fn read(value: &Value) -> Result<Self, WireError> {
                let mut members = Members::of(value, $parent)?;
                let message = Self { $($field: members.take(stringify!($field))?),* };
                members.finish()?;
                Ok(message)
            }

            fn write(&self) -> Value {
                let mut object = Map::new();
                $(object.insert(stringify!($field).to_owned(), self.$field.write());)*
                Value::Object(object)
            }
        })*
    };
}

messages! {
    Request in "intent" { actor, subject, grantee, scopeId, validFrom, validTo, respondBy, version, deadline }
    Grant in "intent" { actor, subject, grantee, scopeId, seq, validFrom, validTo, version, deadline }
    Deny in "intent" { actor, subject, grantee, scopeId, throughVersion, deadline }
    Revoke in "intent" { actor, subject, grantee, scopeId, throughVersion, deadline }
    Relinquish in "intent" { actor, subject, grantee, scopeId, version, deadline }
    Op in "ops" { kind, grantee, scopeId, validFrom, validTo, version }
    RevokeAll in "intent" { actor, subject, throughEpoch, throughSeq, dropDelegates, deadline }
    Invalidate in "intent" { actor, subject, throughSeq, deadline }
    Rotate in "intent" { actor, subject, newController, seq, deadline }
    SetDelegate in "intent" { actor, subject, delegate, rights, validFrom, validTo, nonce, seq, deadline }
    RemoveDelegate in "intent" { actor, subject, delegate, throughNonce, deadline }
    SetRecovery in "intent" { actor, subject, recoverer, delay, nonce, seq, deadline }
    ProposeRecovery in "intent" { actor, subject, newController, proposalId, deadline }
    Recover in "intent" { actor, subject, proposalId, seq, deadline }
    Veto in "intent" { actor, subject, proposalId, deadline }
    Freeze in "intent" { actor, subject, seq, deadline }
    Unfreeze in "intent" { actor, subject, seq, deadline }
}

impl Message for Batch {
    fn read(value: &Value) -> Result<Self, WireError> {
        let mut members = Members::of(value, "intent")?;
        let ops = members.value("ops")?.as_array().ok_or(WireError::Form {
            member: "ops",
            form: "an array of items",
        })?;
        if ops.is_empty() || ops.len() > MAX_OPS {
            return Err(WireError::Form {
                member: "ops",
                form: "an array of 1 to 256 items",
            });
        }
        let batch = Self {
            actor: members.take("actor")?,
            subject: members.take("subject")?,
            mode: members.take("mode")?,
            seq: members.take("seq")?,
            ops: ops.iter().map(Op::read).collect::<Result<_, _>>()?,
            deadline: members.take("deadline")?,
        };
        members.finish()?;
        if batch.mode > effect::MAX_MODE {
            return Err(WireError::Form {
                member: "mode",
                form: "0 (all or nothing) or 1 (skip what is stale)",
            });
        }
        if batch.ops.iter().any(|op| op.kind > effect::MAX_KIND) {
            return Err(WireError::Form {
                member: "kind",
                form: "0 (grant), 1 (deny) or 2 (revoke)",
            });
        }
        Ok(batch)
    }

    fn write(&self) -> Value {
        let mut object = Map::new();
        object.insert("actor".to_owned(), self.actor.write());
        object.insert("subject".to_owned(), self.subject.write());
        object.insert("mode".to_owned(), self.mode.write());
        object.insert("seq".to_owned(), self.seq.write());
        let ops = self.ops.iter().map(Message::write).collect();
        object.insert("ops".to_owned(), Value::Array(ops));
        object.insert("deadline".to_owned(), self.deadline.write());
        Value::Object(object)
    }
}

macro_rules! actions {
    ($($name:ident by $call:ident)*) => {
        /// A decision, of any kind that the registry takes signed.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[allow(missing_docs)] // Named as the registry's structs, which tell what they are.
        pub enum Action {
            $($name($name),)*
            /// With the new controller's agreement.
            Rotate(Rotate, Acceptance),
            Recover(Recover),
        }

        impl Action {
            /// The name, as on the wire.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => stringify!($name),)*
                    Self::Rotate(..) => "Rotate",
                    Self::Recover(_) => "Recover",
                }
            }

            /// Who decides and signs.
            pub fn actor(&self) -> Address {
                match self {
                    $(Self::$name(intent) => intent.actor,)*
                    Self::Rotate(intent, _) => intent.actor,
                    Self::Recover(intent) => intent.actor,
                }
            }

            /// The patient's address that this is about.
            pub fn subject(&self) -> Address {
                match self {
                    $(Self::$name(intent) => intent.subject,)*
                    Self::Rotate(intent, _) => intent.subject,
                    Self::Recover(intent) => intent.subject,
                }
            }

            /// The last second at which the signature works, in Unix time.
            pub fn deadline(&self) -> u64 {
                match self {
                    $(Self::$name(intent) => intent.deadline,)*
                    Self::Rotate(intent, _) => intent.deadline,
                    Self::Recover(intent) => intent.deadline,
                }
                .to()
            }

            /// `hashStruct` of EIP-712 of what the actor signs.
            pub fn struct_hash(&self) -> B256 {
                match self {
                    $(Self::$name(intent) => intent.struct_hash(),)*
                    Self::Rotate(intent, _) => intent.struct_hash(),
                    Self::Recover(intent) => intent.accepted().struct_hash(),
                }
            }

            /// Call data of the registry's function that takes this, with the actor's proof.
            pub fn calldata(&self, proof: &Proof) -> Vec<u8> {
                let proof = proof.clone();
                match self {
                    $(Self::$name(intent) => {
                        ConsentRegistry::$call { intent: intent.clone(), proof }.abi_encode()
                    })*
                    Self::Rotate(intent, acceptance) => ConsentRegistry::rotateCall {
                        intent: intent.clone(),
                        proof,
                        acceptance: acceptance.clone(),
                    }
                    .abi_encode(),
                    Self::Recover(intent) => ConsentRegistry::recoverCall {
                        subject: intent.subject,
                        proposalId: intent.proposalId,
                        acceptance: Acceptance { deadline: intent.deadline, proof },
                    }
                    .abi_encode(),
                }
            }

            /// Reads the member `intent` of an action; `acceptance` is asked only by a rotation.
            pub(super) fn read(
                action: &str,
                intent: &Value,
                acceptance: impl FnOnce() -> Result<Acceptance, WireError>,
            ) -> Result<Self, WireError> {
                match action {
                    $(stringify!($name) => $name::read(intent).map(Self::$name),)*
                    "Rotate" => Ok(Self::Rotate(Rotate::read(intent)?, acceptance()?)),
                    "Recover" => Recover::read(intent).map(Self::Recover),
                    _ => Err(WireError::UnknownAction),
                }
            }

            pub(super) fn write(&self) -> Value {
                match self {
                    $(Self::$name(intent) => intent.write(),)*
                    Self::Rotate(intent, _) => intent.write(),
                    Self::Recover(intent) => intent.write(),
                }
            }
        }

        $(impl From<$name> for Action {
            fn from(intent: $name) -> Self {
                Self::$name(intent)
            }
        })*
    };
}

actions! {
    Request by requestBySigCall
    Grant by grantBySigCall
    Deny by denyBySigCall
    Revoke by revokeBySigCall
    Relinquish by relinquishBySigCall
    Batch by batchCall
    RevokeAll by revokeAllBySigCall
    Invalidate by invalidateCall
    SetDelegate by setDelegateCall
    RemoveDelegate by removeDelegateCall
    SetRecovery by setRecoveryCall
    ProposeRecovery by proposeRecoveryCall
    Veto by vetoCall
    Freeze by freezeCall
    Unfreeze by unfreezeCall
}
