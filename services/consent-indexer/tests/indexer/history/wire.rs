//! A command of the model as call data of the contract.

use alloy::primitives::{
    B256, Bytes,
    aliases::{U24, U40},
};
use alloy::sol_types::{Eip712Domain, SolCall as _};
use consent_model::{
    Acceptance, Address, Batch, BatchMode, Call, Command, ConsentKey, Grant, Intent, Op, Request,
};
use contract_bindings::intent::{Intent as Signable, by_sender};
use contract_bindings::registry::ConsentRegistry as abi;
use contract_bindings::registry::IntentLens::AcceptControl;

use super::cast::{Cast, chain};

/// How an actor vouches for its decision.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Vouch {
    /// It sends it itself.
    Sends,
    /// It signs it.
    Signs,
    /// Somebody else signs it.
    Forged,
}

/// Writes commands.
pub struct Wire<'a> {
    pub cast: &'a Cast,
    pub domain: Eip712Domain,
    pub vouch: Vouch,
    /// Who agrees to control a subject, if that is what is to be recovered.
    pub proposed: Address,
    /// The chain's time.
    pub now: u64,
}

fn time(seconds: u64) -> U40 {
    U40::from(seconds)
}

fn counter(value: u32) -> U24 {
    U24::from(value)
}

fn scope(key: &ConsentKey) -> B256 {
    B256::from(key.scope_id.0)
}

impl Wire<'_> {
    /// The call data.
    pub fn write(&self, command: &Command) -> Vec<u8> {
        match command {
            Command::Direct(call) => self.direct(call),
            Command::Signed {
                actor,
                deadline,
                intent,
            } => self.signed(*actor, *deadline, intent),
        }
    }

    fn direct(&self, call: &Call) -> Vec<u8> {
        match call {
            Call::Request(request) => abi::requestCall {
                subject: chain(request.key.subject),
                grantee: chain(request.key.grantee),
                scopeId: scope(&request.key),
                validFrom: time(request.window.from),
                validTo: time(request.window.to),
                respondBy: time(request.respond_by),
                version: request.version,
            }
            .abi_encode(),
            Call::Grant(grant) => abi::grantCall {
                subject: chain(grant.key.subject),
                grantee: chain(grant.key.grantee),
                scopeId: scope(&grant.key),
                seq: counter(grant.seq),
                validFrom: time(grant.window.from),
                validTo: time(grant.window.to),
                version: grant.version,
            }
            .abi_encode(),
            Call::Deny(key) => abi::denyCall {
                subject: chain(key.subject),
                grantee: chain(key.grantee),
                scopeId: scope(key),
            }
            .abi_encode(),
            Call::Revoke(key) => abi::revokeCall {
                subject: chain(key.subject),
                grantee: chain(key.grantee),
                scopeId: scope(key),
            }
            .abi_encode(),
            Call::Relinquish(key) => abi::relinquishCall {
                subject: chain(key.subject),
                grantee: chain(key.grantee),
                scopeId: scope(key),
            }
            .abi_encode(),
            Call::Expire(key) => abi::expireCall {
                subject: chain(key.subject),
                grantee: chain(key.grantee),
                scopeId: scope(key),
            }
            .abi_encode(),
            Call::RevokeAll {
                subject,
                drop_delegates,
            } => abi::revokeAllCall {
                subject: chain(*subject),
                dropDelegates: *drop_delegates,
            }
            .abi_encode(),
            Call::Recover {
                subject,
                proposal_id,
                acceptance,
            } => abi::recoverCall {
                subject: chain(*subject),
                proposalId: *proposal_id,
                acceptance: self.acceptance(*subject, self.proposed, *acceptance),
            }
            .abi_encode(),
        }
    }

    fn signed(&self, actor: Address, deadline: u64, intent: &Intent) -> Vec<u8> {
        let (who, deadline) = (chain(actor), time(deadline));
        /// The struct with its actor and deadline, vouched for, as one call.
        macro_rules! call {
            ($call:ident, $name:ident { $($field:ident: $value:expr),* $(,)? }) => {{
                let intent = abi::$name { actor: who, deadline, $($field: $value),* };
                let proof = self.prove(actor, &intent);
                abi::$call { intent, proof }.abi_encode()
            }};
        }
        match intent {
            Intent::Request(Request {
                key,
                window,
                respond_by,
                version,
            }) => call!(
                requestBySigCall,
                Request {
                    subject: chain(key.subject),
                    grantee: chain(key.grantee),
                    scopeId: scope(key),
                    validFrom: time(window.from),
                    validTo: time(window.to),
                    respondBy: time(*respond_by),
                    version: *version,
                }
            ),
            Intent::Grant(Grant {
                key,
                window,
                version,
                seq,
            }) => call!(
                grantBySigCall,
                Grant {
                    subject: chain(key.subject),
                    grantee: chain(key.grantee),
                    scopeId: scope(key),
                    seq: counter(*seq),
                    validFrom: time(window.from),
                    validTo: time(window.to),
                    version: *version,
                }
            ),
            Intent::Deny {
                key,
                through_version,
            } => call!(
                denyBySigCall,
                Deny {
                    subject: chain(key.subject),
                    grantee: chain(key.grantee),
                    scopeId: scope(key),
                    throughVersion: *through_version,
                }
            ),
            Intent::Revoke {
                key,
                through_version,
            } => call!(
                revokeBySigCall,
                Revoke {
                    subject: chain(key.subject),
                    grantee: chain(key.grantee),
                    scopeId: scope(key),
                    throughVersion: *through_version,
                }
            ),
            Intent::Relinquish { key, version } => call!(
                relinquishBySigCall,
                Relinquish {
                    subject: chain(key.subject),
                    grantee: chain(key.grantee),
                    scopeId: scope(key),
                    version: *version,
                }
            ),
            Intent::Batch(batch) => call!(
                batchCall,
                Batch {
                    subject: chain(batch.subject),
                    mode: u8::from(batch.mode == BatchMode::Try),
                    seq: counter(batch.seq),
                    ops: ops(batch),
                }
            ),
            Intent::RevokeAll {
                subject,
                through_epoch,
                through_seq,
                drop_delegates,
            } => call!(
                revokeAllBySigCall,
                RevokeAll {
                    subject: chain(*subject),
                    throughEpoch: counter(*through_epoch),
                    throughSeq: counter(*through_seq),
                    dropDelegates: *drop_delegates,
                }
            ),
            Intent::Invalidate {
                subject,
                through_seq,
            } => call!(
                invalidateCall,
                Invalidate {
                    subject: chain(*subject),
                    throughSeq: counter(*through_seq),
                }
            ),
            Intent::Rotate {
                subject,
                new_controller,
                seq,
                acceptance,
            } => {
                let intent = abi::Rotate {
                    actor: who,
                    subject: chain(*subject),
                    newController: chain(*new_controller),
                    seq: counter(*seq),
                    deadline,
                };
                abi::rotateCall {
                    proof: self.prove(actor, &intent),
                    acceptance: self.acceptance(*subject, *new_controller, *acceptance),
                    intent,
                }
                .abi_encode()
            }
            Intent::SetDelegate(set) => call!(
                setDelegateCall,
                SetDelegate {
                    subject: chain(set.subject),
                    delegate: chain(set.delegate),
                    rights: set.rights,
                    validFrom: time(set.mandate.from),
                    validTo: time(set.mandate.to),
                    nonce: set.nonce,
                    seq: counter(set.seq),
                }
            ),
            Intent::RemoveDelegate {
                subject,
                delegate,
                through_nonce,
            } => call!(
                removeDelegateCall,
                RemoveDelegate {
                    subject: chain(*subject),
                    delegate: chain(*delegate),
                    throughNonce: *through_nonce,
                }
            ),
            Intent::SetRecovery(set) => call!(
                setRecoveryCall,
                SetRecovery {
                    subject: chain(set.subject),
                    recoverer: chain(set.recoverer),
                    delay: u32::try_from(set.delay).unwrap(),
                    nonce: set.nonce,
                    seq: counter(set.seq),
                }
            ),
            Intent::ProposeRecovery(proposal) => call!(
                proposeRecoveryCall,
                ProposeRecovery {
                    subject: chain(proposal.subject),
                    newController: chain(proposal.new_controller),
                    proposalId: proposal.proposal_id,
                }
            ),
            Intent::Veto {
                subject,
                proposal_id,
            } => call!(
                vetoCall,
                Veto {
                    subject: chain(*subject),
                    proposalId: *proposal_id,
                }
            ),
            Intent::Freeze { subject, seq } => call!(
                freezeCall,
                Freeze {
                    subject: chain(*subject),
                    seq: counter(*seq),
                }
            ),
            Intent::Unfreeze { subject, seq } => call!(
                unfreezeCall,
                Unfreeze {
                    subject: chain(*subject),
                    seq: counter(*seq),
                }
            ),
        }
    }

    fn prove(&self, actor: Address, intent: &impl Signable) -> abi::Proof {
        let signer = match self.vouch {
            Vouch::Sends => return by_sender(),
            Vouch::Signs => actor,
            Vouch::Forged => self.cast.people[usize::from(self.cast.people[0] == actor)],
        };
        intent.prove(&self.domain, self.cast.key(signer)).unwrap()
    }

    /// Without one the new controller has to send the transaction itself.
    fn acceptance(
        &self,
        subject: Address,
        new_controller: Address,
        acceptance: Option<Acceptance>,
    ) -> abi::Acceptance {
        let Some(Acceptance { seq, deadline }) = acceptance else {
            return abi::Acceptance {
                deadline: time(self.now + 1000),
                proof: by_sender(),
            };
        };
        let accepted = AcceptControl {
            actor: chain(new_controller),
            subject: chain(subject),
            seq: counter(seq),
            deadline: time(deadline),
        };
        let proof = accepted
            .prove(&self.domain, self.cast.key(new_controller))
            .unwrap();
        abi::Acceptance {
            deadline: time(deadline),
            proof: abi::Proof {
                signer: Bytes::new(),
                signature: proof.signature,
            },
        }
    }
}

fn ops(batch: &Batch) -> Vec<abi::Op> {
    let op = |op: &Op| {
        let key = op.key(batch.subject);
        let (kind, window, version) = match *op {
            Op::Grant {
                window, version, ..
            } => (0, window, version),
            Op::Deny {
                through_version, ..
            } => (1, Default::default(), through_version),
            Op::Revoke {
                through_version, ..
            } => (2, Default::default(), through_version),
        };
        abi::Op {
            kind,
            grantee: chain(key.grantee),
            scopeId: scope(&key),
            validFrom: time(window.from),
            validTo: time(window.to),
            version,
        }
    };
    batch.ops.iter().map(op).collect()
}
