//! The worlds in which every promise holds.

use super::super::scenario::{Bounds, Decision, Form, Person, Scenario, Seen, StopReach};
use super::{base, small, with_delegate, with_recoverer};
use crate::command::BatchMode;
use crate::rules::Limits;

use Form::{Direct, Signed};
use Person::{Controller, Delegate};

/// They are visited whole, and no promise is broken.
pub(super) fn worlds() -> Vec<Scenario> {
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
            limits: small(4, 3),
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
            name: "batches of two consents",
            about: "batches that grant both or grant one and revoke the other, batches of stops, stops of one, reorgs",
            limits: small(5, 3),
            grantee: false,
            decisions: vec![
                Decision::GrantBothInBatch(BatchMode::Try),
                Decision::MixedBatch(BatchMode::Atomic),
                Decision::StopBatch(Controller),
                Decision::Revoke(Controller, Signed),
            ],
            ..base()
        },
        Scenario {
            name: "batches out of order",
            about: "batches that name one consent twice, with grants of it that stand alone, reorgs",
            decisions: vec![
                Decision::GrantTwiceInBatch(BatchMode::Atomic),
                Decision::GrantTwiceInBatch(BatchMode::Try),
                Decision::RevokeAndGrantInBatch(BatchMode::Atomic),
                Decision::RevokeAndGrantInBatch(BatchMode::Try),
                Decision::Grant(Controller, Signed),
                Decision::Revoke(Controller, Signed),
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
            name: "batches for a later seq",
            about: "batches signed for the next seq, which others raise, with a wallet that remembers, reorgs",
            grantee: false,
            stop_reach: StopReach::Remembering,
            decisions: vec![
                Decision::MixedBatchForNextSeq(BatchMode::Try),
                Decision::MixedBatchForNextSeq(BatchMode::Atomic),
                Decision::GrantInBatch(Controller, BatchMode::Try),
                Decision::Invalidate(Signed),
                Decision::RevokeAll {
                    form: Signed,
                    drop_delegates: false,
                },
                Decision::Revoke(Controller, Signed),
            ],
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
                Decision::MixedBatch(BatchMode::Try),
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
        Scenario {
            name: "remembering wallet, delegates",
            about: "a delegate set on the latest state, removals through the highest nonce ever signed, reorgs",
            openings_on: Seen::Latest,
            stop_reach: StopReach::Remembering,
            grantee: false,
            decisions: vec![
                Decision::SetDelegate(Signed),
                Decision::RemoveDelegate(Signed),
            ],
            bounds: Bounds {
                openings: 3,
                others: 3,
                reorgs: 2,
                unfinal: 3,
                last_time: 0,
            },
            ..base()
        },
    ]
}
