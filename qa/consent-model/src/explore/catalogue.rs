//! The worlds to explore: those where every promise holds, and those that lack a rule.

use super::scenario::{
    Bounds, DELEGATE, Decision, Expectation, Form, Person, RECOVERER, SUBJECT, Scenario, Seen,
    StopReach,
};
use crate::command::{BatchMode, Command, Intent, SetDelegate, SetRecovery};
use crate::rules::{Limits, Rules};
use crate::words::{Address, FOR_EVER, Window, right};

use Form::{Direct, Signed};
use Person::{Controller, Delegate};

/// The margin that was once thought to make stops safe for wallets that sign openings on a state that is not final.
const MARGIN: u32 = 65_536;

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
    let mut all = sound();
    if deeper {
        for scenario in &mut all {
            scenario.bounds.openings += 1;
            scenario.bounds.unfinal += usize::from(scenario.bounds.unfinal > 0);
            scenario.bounds.reorgs += u8::from(scenario.bounds.reorgs > 0);
        }
    }
    all.extend(unsound());
    all
}

fn sound() -> Vec<Scenario> {
    vec![
        Scenario {
            name: "stops",
            about: "grants and renewals held back, signed stops, a grantee that churns, reorgs",
            decisions: vec![
                Decision::Grant(Controller, Signed),
                Decision::Revoke(Controller, Signed),
                Decision::Deny(Controller, Signed),
            ],
            bounds: Bounds {
                openings: 2,
                others: 2,
                reorgs: 2,
                unfinal: 2,
                last_time: 0,
            },
            ..base()
        },
        Scenario {
            name: "direct stops",
            about: "direct stops against signed and direct grants, reorgs",
            decisions: vec![
                Decision::Grant(Controller, Signed),
                Decision::Grant(Controller, Direct),
                Decision::Revoke(Controller, Direct),
                Decision::Deny(Controller, Direct),
            ],
            ..base()
        },
        Scenario {
            name: "batches",
            about: "batches of stops and batches of one grant in both modes, by controller and delegate, reorgs",
            limits: small(5, 3),
            setup: vec![with_delegate()],
            decisions: vec![
                Decision::GrantInBatch(Controller, BatchMode::Atomic),
                Decision::GrantInBatch(Delegate, BatchMode::Try),
                Decision::StopBatch(Controller),
                Decision::StopBatch(Delegate),
            ],
            bounds: Bounds {
                openings: 2,
                others: 1,
                reorgs: 1,
                unfinal: 2,
                last_time: 0,
            },
            ..base()
        },
        Scenario {
            name: "revoke all",
            about: "revokeAll signed and direct, dropping delegates or not, against grants of both and reorgs",
            limits: small(4, 3),
            setup: vec![with_delegate()],
            decisions: vec![
                Decision::Grant(Controller, Signed),
                Decision::Grant(Delegate, Direct),
                Decision::RevokeAll {
                    form: Signed,
                    drop_delegates: false,
                },
                Decision::RevokeAll {
                    form: Direct,
                    drop_delegates: true,
                },
                Decision::Invalidate(Signed),
            ],
            ..base()
        },
        Scenario {
            name: "rotation",
            about: "rotation away and back, old and new key and a delegate signing, reorgs",
            setup: vec![with_delegate()],
            grantee: false,
            decisions: vec![
                Decision::Grant(Controller, Signed),
                Decision::Grant(Delegate, Signed),
                Decision::Rotate(Signed),
                Decision::Revoke(Controller, Signed),
            ],
            bounds: Bounds {
                openings: 2,
                others: 3,
                reorgs: 1,
                unfinal: 2,
                last_time: 0,
            },
            ..base()
        },
        Scenario {
            name: "recovery",
            about: "a recoverer freezes, proposes and is vetoed or recovers while time passes",
            setup: vec![with_delegate(), with_recoverer()],
            grantee: false,
            decisions: vec![
                Decision::Grant(Controller, Signed),
                Decision::Grant(Delegate, Direct),
                Decision::Freeze(Direct),
                Decision::Freeze(Signed),
                Decision::Unfreeze(Signed),
                Decision::Propose,
                Decision::Veto,
                Decision::Invalidate(Direct),
            ],
            bounds: Bounds {
                openings: 2,
                others: 3,
                reorgs: 0,
                unfinal: 0,
                last_time: 3,
            },
            ..base()
        },
        Scenario {
            name: "frozen batches",
            about: "batches in mode Try delivered before, during and after a freeze, and once more",
            setup: vec![with_delegate(), with_recoverer()],
            grantee: false,
            decisions: vec![
                Decision::RevokeAndGrantInBatch(BatchMode::Try),
                Decision::GrantInBatch(Delegate, BatchMode::Try),
                Decision::Freeze(Signed),
                Decision::Unfreeze(Signed),
            ],
            bounds: Bounds {
                openings: 2,
                others: 2,
                reorgs: 0,
                unfinal: 0,
                last_time: 3,
            },
            ..base()
        },
        Scenario {
            name: "delegates",
            about: "settings and removals of a delegate held back and reordered, with its grants, reorgs",
            grantee: false,
            decisions: vec![
                Decision::SetDelegate(Signed),
                Decision::SetDelegate(Direct),
                Decision::RemoveDelegate(Signed),
                Decision::Grant(Delegate, Signed),
                Decision::RevokeAll {
                    form: Signed,
                    drop_delegates: true,
                },
            ],
            ..base()
        },
        Scenario {
            name: "lapses",
            about: "windows and requests that run out while grants and stops are held back",
            valid_to: 2,
            decisions: vec![
                Decision::Grant(Controller, Signed),
                Decision::Revoke(Controller, Signed),
                Decision::Deny(Controller, Signed),
            ],
            bounds: Bounds {
                openings: 2,
                others: 1,
                reorgs: 1,
                unfinal: 2,
                last_time: 3,
            },
            ..base()
        },
        Scenario {
            name: "exhaustion",
            about: "every counter used up, and the subject still able to revoke",
            limits: Limits {
                epoch: 1,
                ..small(4, 2)
            },
            setup: vec![with_delegate(), with_recoverer()],
            decisions: vec![
                Decision::Grant(Controller, Signed),
                Decision::GrantInBatch(Delegate, BatchMode::Try),
                Decision::Revoke(Controller, Signed),
                Decision::Revoke(Delegate, Direct),
                Decision::RevokeAll {
                    form: Signed,
                    drop_delegates: true,
                },
                Decision::Invalidate(Direct),
                Decision::Rotate(Signed),
                Decision::Freeze(Signed),
            ],
            bounds: Bounds {
                openings: 1,
                others: 3,
                reorgs: 0,
                unfinal: 0,
                last_time: 1,
            },
            ..base()
        },
        Scenario {
            name: "remembering wallet",
            about: "openings signed on the latest state, stops through the highest version ever signed, reorgs",
            openings_on: Seen::Latest,
            stop_reach: StopReach::Remembering,
            decisions: vec![
                Decision::Grant(Controller, Signed),
                Decision::Revoke(Controller, Signed),
                Decision::RevokeAll {
                    form: Signed,
                    drop_delegates: false,
                },
            ],
            ..base()
        },
    ]
}

fn unsound() -> Vec<Scenario> {
    let unsound = || Scenario {
        expectation: Expectation::Breaks,
        bounds: Bounds {
            openings: 2,
            others: 2,
            reorgs: 1,
            unfinal: 3,
            last_time: 0,
        },
        ..base()
    };
    vec![
        Scenario {
            name: "stops of one version",
            about: "a Revoke that applies to exactly the version it signs: a held-back renewal outruns it",
            rules: Rules {
                stops_reach_through: false,
                ..Rules::default()
            },
            stop_reach: StopReach::Ahead(0),
            decisions: vec![
                Decision::Grant(Controller, Signed),
                Decision::Revoke(Controller, Signed),
            ],
            ..unsound()
        },
        Scenario {
            name: "stops through the version seen",
            about: "the registry's rule, but a wallet that signs its stops through the version it sees, not one more",
            stop_reach: StopReach::Ahead(0),
            decisions: vec![
                Decision::Grant(Controller, Signed),
                Decision::Revoke(Controller, Signed),
            ],
            ..unsound()
        },
        Scenario {
            name: "direct grants without seq",
            about: "a delegate's direct grant, held back, outlives revokeAll",
            rules: Rules {
                direct_grants_name_seq: false,
                ..Rules::default()
            },
            setup: vec![with_delegate()],
            decisions: vec![
                Decision::Grant(Delegate, Direct),
                Decision::RevokeAll {
                    form: Signed,
                    drop_delegates: false,
                },
            ],
            ..unsound()
        },
        Scenario {
            name: "openings on the latest state",
            about: "openings signed on a state that a reorg takes back, stops one ahead",
            openings_on: Seen::Latest,
            decisions: vec![
                Decision::Grant(Controller, Signed),
                Decision::Revoke(Controller, Signed),
            ],
            ..unsound()
        },
        Scenario {
            name: "openings on the latest state, stops with a margin",
            about: "the same with stops signed 65,536 versions ahead: a landed stop itself lifts the version over the margin",
            openings_on: Seen::Latest,
            stop_reach: StopReach::Ahead(MARGIN),
            limits: Limits::default(),
            decisions: vec![
                Decision::Grant(Controller, Signed),
                Decision::Revoke(Controller, Signed),
            ],
            ..unsound()
        },
        Scenario {
            name: "one consent twice in a batch",
            about: "a batch signed on final state whose second grant builds on its first",
            decisions: vec![
                Decision::GrantTwiceInBatch,
                Decision::Revoke(Controller, Signed),
            ],
            ..unsound()
        },
        Scenario {
            name: "revoke and grant in a batch",
            about: "a batch signed on final state that revokes a consent and grants it anew",
            decisions: vec![
                Decision::RevokeAndGrantInBatch(BatchMode::Atomic),
                Decision::Revoke(Controller, Signed),
            ],
            ..unsound()
        },
    ]
}
