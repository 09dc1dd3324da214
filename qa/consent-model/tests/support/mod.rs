//! Who is who in the tests of the rules, and short forms of commands.
#![allow(dead_code, missing_docs, unreachable_pub)] // each test file uses some of it

use consent_model::{
    Address, Batch, BatchMode, Call, Command, ConsentKey, FOR_EVER, Grant, Intent, Limits, Op,
    Registry, Request, Rules, ScopeId, SetDelegate, SetRecovery, Window,
};

pub const PATIENT: Address = Address::of(1);
pub const NEW_KEY: Address = Address::of(2);
pub const PARENT: Address = Address::of(3);
pub const FRIEND: Address = Address::of(4);
pub const CLINIC: Address = Address::of(5);
pub const ANYONE: Address = Address::of(6);
pub const KEY: ConsentKey = key(9);
pub const ALWAYS: Window = Window {
    from: 0,
    to: FOR_EVER,
};
pub const NOW: u64 = 1_000_000;
pub const DAY: u64 = 86_400;

pub const fn key(scope: u8) -> ConsentKey {
    ConsentKey {
        subject: PATIENT,
        grantee: CLINIC,
        scope_id: ScopeId([scope; 32]),
    }
}

pub fn grant_of(version: u32, seq: u32) -> Grant {
    Grant {
        key: KEY,
        window: ALWAYS,
        version,
        seq,
    }
}

pub fn grant(version: u32, seq: u32) -> Command {
    Command::Direct(Call::Grant(grant_of(version, seq)))
}

pub fn request(version: u32, respond_by: u64) -> Command {
    Command::Direct(Call::Request(Request {
        key: KEY,
        window: ALWAYS,
        respond_by,
        version,
    }))
}

pub fn signed(actor: Address, intent: Intent) -> Command {
    let deadline = match intent.is_stop() {
        true => FOR_EVER,
        false => NOW + 10 * DAY,
    };
    Command::Signed {
        actor,
        deadline,
        intent,
    }
}

pub fn revoke(through_version: u32) -> Command {
    let key = KEY;
    signed(
        PATIENT,
        Intent::Revoke {
            key,
            through_version,
        },
    )
}

pub fn set_delegate(rights: u8, nonce: u32, seq: u32) -> Command {
    let set = SetDelegate {
        subject: PATIENT,
        delegate: PARENT,
        rights,
        mandate: ALWAYS,
        nonce,
        seq,
    };
    signed(PATIENT, Intent::SetDelegate(set))
}

pub fn set_recovery() -> Command {
    let set = SetRecovery {
        subject: PATIENT,
        recoverer: FRIEND,
        delay: 2 * DAY,
        nonce: 1,
        seq: 0,
    };
    signed(PATIENT, Intent::SetRecovery(set))
}

pub fn freeze(seq: u32) -> Command {
    let subject = PATIENT;
    signed(FRIEND, Intent::Freeze { subject, seq })
}

pub fn batch(mode: BatchMode, seq: u32, ops: Vec<Op>) -> Command {
    let batch = Batch {
        subject: PATIENT,
        mode,
        seq,
        ops,
    };
    signed(PATIENT, Intent::Batch(batch))
}

pub fn grant_op(scope: u8, version: u32) -> Op {
    Op::Grant {
        grantee: CLINIC,
        scope_id: key(scope).scope_id,
        window: ALWAYS,
        version,
    }
}

pub fn revoke_op(scope: u8, through_version: u32) -> Op {
    Op::Revoke {
        grantee: CLINIC,
        scope_id: key(scope).scope_id,
        through_version,
    }
}

/// A registry after commands that are all accepted at [`NOW`].
#[track_caller]
pub fn after(commands: &[(Address, Command)]) -> Registry {
    let mut registry = Registry::default();
    for (sender, command) in commands {
        let outcome = registry.apply(NOW, *sender, command);
        assert!(outcome.is_ok(), "{command:?}: {outcome:?}");
    }
    registry
}

pub fn small(limits: Limits) -> Registry {
    Registry::new(limits, Rules::default())
}
