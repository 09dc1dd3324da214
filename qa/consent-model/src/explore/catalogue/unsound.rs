//! The worlds in which a promise is broken.

use super::super::scenario::{
    Bounds, Decision, Expectation, Form, Person, Scenario, Seen, StopReach,
};
use super::{base, with_delegate};
use crate::command::BatchMode;
use crate::rules::{Limits, Rules};

use Form::{Direct, Signed};
use Person::{Controller, Delegate};

/// Stops signed that far ahead, to show that no fixed margin replaces a memory.
const MARGIN: u32 = 65_536;

/// Each lacks a rule, of the registry or of wallets, and tells what it is good for.
pub(super) fn worlds() -> Vec<Scenario> {
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
    let any_order = Rules {
        batches_stand_in_order: false,
        ..Rules::default()
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
            name: "stops with a margin",
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
            name: "revoke all through the seq seen",
            about: "a batch signed for the next seq, and a wallet that does not remember it when it signs revokeAll",
            decisions: vec![
                Decision::MixedBatchForNextSeq(BatchMode::Atomic),
                Decision::RevokeAll {
                    form: Signed,
                    drop_delegates: false,
                },
            ],
            ..unsound()
        },
        Scenario {
            name: "delegates on the latest state",
            about: "a delegate set on a state that a reorg takes back, removals through the nonce seen plus 1",
            openings_on: Seen::Latest,
            grantee: false,
            decisions: vec![
                Decision::SetDelegate(Signed),
                Decision::RemoveDelegate(Signed),
            ],
            ..unsound()
        },
        Scenario {
            name: "one consent twice in a batch",
            about: "batches in any order: the second grant of one builds on its first",
            rules: any_order,
            decisions: vec![
                Decision::GrantTwiceInBatch(BatchMode::Atomic),
                Decision::Revoke(Controller, Signed),
            ],
            ..unsound()
        },
        Scenario {
            name: "revoke and grant in a batch",
            about: "batches in any order: one revokes a consent and grants it anew",
            rules: any_order,
            decisions: vec![
                Decision::RevokeAndGrantInBatch(BatchMode::Atomic),
                Decision::Revoke(Controller, Signed),
            ],
            ..unsound()
        },
        Scenario {
            name: "batches before their seq",
            about: "a batch in mode Try delivered before its seq: its stop applies then, its grant later",
            rules: Rules {
                try_batches_await_seq: false,
                ..Rules::default()
            },
            decisions: vec![
                Decision::MixedBatchForNextSeq(BatchMode::Try),
                Decision::Invalidate(Signed),
            ],
            ..unsound()
        },
    ]
}
