//! The worlds to explore: those where every promise holds, and those that lack a rule.

mod sound;
mod unsound;

use super::scenario::{
    Bounds, DELEGATE, Expectation, RECOVERER, SUBJECT, Scenario, Seen, StopReach,
};
use crate::command::{Command, Intent, SetDelegate, SetRecovery};
use crate::rules::{Limits, Rules};
use crate::words::{Address, FOR_EVER, Window, right};

/// Small counters, so that they are used up within the bounds; short delays.
fn small(version: u32, counters: u32) -> Limits {
    Limits {
        version,
        epoch: counters,
        auth_epoch: counters,
        seq: counters,
        nonce: counters.max(3),
        response_time: 10,
        signature_life: 1_000,
        min_delay: 1,
        max_delay: 10,
        ops: 4,
    }
}

fn by_subject(intent: Intent) -> Command {
    Command::Signed {
        actor: SUBJECT,
        deadline: 1,
        intent,
    }
}

fn with_delegate() -> (Address, Command) {
    let set = SetDelegate {
        subject: SUBJECT,
        delegate: DELEGATE,
        rights: right::ALL,
        mandate: Window {
            from: 0,
            to: FOR_EVER,
        },
        nonce: 1,
        seq: 0,
    };
    (SUBJECT, by_subject(Intent::SetDelegate(set)))
}

fn with_recoverer() -> (Address, Command) {
    let set = SetRecovery {
        subject: SUBJECT,
        recoverer: RECOVERER,
        delay: 1,
        nonce: 1,
        seq: 0,
    };
    (SUBJECT, by_subject(Intent::SetRecovery(set)))
}

fn base() -> Scenario {
    Scenario {
        name: "",
        about: "",
        expectation: Expectation::Holds,
        rules: Rules::default(),
        limits: small(6, 4),
        setup: Vec::new(),
        openings_on: Seen::Final,
        stop_reach: StopReach::Ahead(1),
        valid_to: FOR_EVER,
        grantee: true,
        decisions: Vec::new(),
        bounds: Bounds {
            openings: 2,
            others: 2,
            reorgs: 1,
            unfinal: 2,
            last_time: 0,
        },
    }
}

/// All worlds. `deeper` widens the bounds of those where everything holds.
pub fn catalogue(deeper: bool) -> Vec<Scenario> {
    let mut all = sound::worlds();
    if deeper {
        for scenario in &mut all {
            scenario.bounds.openings += 1;
            scenario.bounds.unfinal += usize::from(scenario.bounds.unfinal > 0);
            scenario.bounds.reorgs += u8::from(scenario.bounds.reorgs > 0);
        }
    }
    all.extend(unsound::worlds());
    all
}
