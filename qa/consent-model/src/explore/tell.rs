//! A story in words.

use super::scenario::{CONSENT, DELEGATE, GRANTEE, OTHER_KEY, RECOVERER, RELAYER, SUBJECT};
use super::search::Search;
use super::steps::{Deed, Step, command_of};
use super::world::{Link, World};
use crate::command::{Batch, Call, Command, Intent, Op};
use crate::event::Event;
use crate::words::Address;

/// One step, told from the world it starts in.
pub(super) fn step(search: &Search<'_>, world: &World, step: Step) -> String {
    let latest = search.links.get(world.latest());
    match step {
        Step::Sign(_, number) => {
            let held = search.held.get(u32::from(number));
            let who = match held.command {
                Command::Signed { actor, .. } => actor,
                Command::Direct(_) => held.sender,
            };
            let does = if held.is_direct { "sends off" } else { "signs" };
            let last_final = search.links.get(world.last_final());
            format!(
                "{} {does} {} (latest: {}; final: {})",
                name(who),
                command(&held.command),
                state(search, latest),
                state(search, last_final),
            )
        }
        Step::Deliver(number) => {
            let held = search.held.get(u32::from(number));
            let what = command(&held.command);
            format!(
                "{what} is delivered: {}",
                outcome(search, latest, held.sender, &held.command)
            )
        }
        Step::Do(deed) => {
            let registry = search.registries.get(latest.registry);
            let (sender, told) = command_of(deed, registry, latest.now);
            let what = match deed {
                Deed::Request => "requests",
                Deed::Relinquish => "relinquishes",
                Deed::Expire => "records the lapse",
                Deed::Recover => "carries the recovery out",
            };
            format!(
                "{} {what}: {}",
                name(sender),
                outcome(search, latest, sender, &told)
            )
        }
        Step::Tick => format!("time passes: it is {}", latest.now + 1),
        Step::Finalise => "the next link of the chain becomes final".to_owned(),
        Step::Reorganise(dropped) => {
            let back = search.links.get(world.reorganised(dropped.into()).latest());
            format!("the chain reorganises, back to {}", state(search, back))
        }
    }
}

fn outcome(search: &Search<'_>, link: &Link, sender: Address, told: &Command) -> String {
    let mut registry = search.registries.get(link.registry).clone();
    match registry.apply(link.now, sender, told) {
        Err(refusal) => format!("refused, {refusal:?}"),
        Ok(events) if events.is_empty() => "nothing happens".to_owned(),
        Ok(events) => {
            let events: Vec<_> = events.iter().map(event).collect();
            let consent = registry.consent(&CONSENT);
            format!(
                "{} (now {:?}, version {}, seq {}, epoch {})",
                events.join(", "),
                registry.status_of(&CONSENT, link.now),
                consent.version,
                registry.subject(SUBJECT).seq,
                registry.subject(SUBJECT).epoch,
            )
        }
    }
}

fn state(search: &Search<'_>, link: &Link) -> String {
    let registry = search.registries.get(link.registry);
    format!(
        "{:?} version {} seq {}",
        registry.status_of(&CONSENT, link.now),
        registry.consent(&CONSENT).version,
        registry.subject(SUBJECT).seq,
    )
}

fn name(who: Address) -> &'static str {
    match who {
        SUBJECT => "the subject's key",
        OTHER_KEY => "the subject's other key",
        DELEGATE => "the delegate",
        RECOVERER => "the recoverer",
        GRANTEE => "the grantee",
        RELAYER => "the relayer",
        _ => "somebody",
    }
}

fn event(event: &Event) -> String {
    let text = format!("{event:?}");
    text.split([' ', '{']).next().unwrap_or_default().to_owned()
}

fn batch(batch: &Batch) -> String {
    let ops: Vec<_> = batch
        .ops
        .iter()
        .map(|op| {
            let what = match op {
                Op::Grant { version, .. } => format!("Grant to version {version}"),
                Op::Deny {
                    through_version, ..
                } => format!("Deny through version {through_version}"),
                Op::Revoke {
                    through_version, ..
                } => format!("Revoke through version {through_version}"),
            };
            match op.key(batch.subject) == CONSENT {
                true => what,
                false => format!("{what} of the other consent"),
            }
        })
        .collect();
    format!(
        "Batch[{}] ({:?}, seq {})",
        ops.join(", "),
        batch.mode,
        batch.seq
    )
}

fn command(command: &Command) -> String {
    match command {
        Command::Direct(call) => match call {
            Call::Grant(grant) => format!(
                "a direct grant to version {}, seq {}",
                grant.version, grant.seq
            ),
            other => format!("a direct {}", first_word(&format!("{other:?}"))),
        },
        Command::Signed { intent, .. } => match intent {
            Intent::Grant(grant) => {
                format!("Grant to version {}, seq {}", grant.version, grant.seq)
            }
            Intent::Deny {
                through_version, ..
            } => format!("Deny through version {through_version}"),
            Intent::Revoke {
                through_version, ..
            } => format!("Revoke through version {through_version}"),
            Intent::RevokeAll {
                through_epoch,
                through_seq,
                ..
            } => format!("RevokeAll through epoch {through_epoch} and seq {through_seq}"),
            Intent::Invalidate { through_seq, .. } => {
                format!("Invalidate through seq {through_seq}")
            }
            Intent::SetDelegate(set) => {
                format!("SetDelegate to nonce {}, seq {}", set.nonce, set.seq)
            }
            Intent::RemoveDelegate { through_nonce, .. } => {
                format!("RemoveDelegate through nonce {through_nonce}")
            }
            Intent::Batch(items) => batch(items),
            other => first_word(&format!("{other:?}")),
        },
    }
}

fn first_word(text: &str) -> String {
    text.split([' ', '(', '{'])
        .next()
        .unwrap_or_default()
        .to_owned()
}
