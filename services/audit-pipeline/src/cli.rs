//! The `audit` command: reads the bucket directly, so it works while the service is down and
//! believes nobody but the store.

mod print;

use std::process::ExitCode;
use std::sync::{PoisonError, RwLock};

use audit_core::counts::parse_date;
use conf::{Conf, Subcommands};
use futures::{StreamExt, TryStreamExt, stream};
use time::Date;
use uuid::Uuid;

use crate::archive::{Store, StoreError, StoredObject, segment};
use crate::config::BucketConfig;
use crate::query::{Index, Reader, load};

/// Done, and everything is as it should be.
const OK: u8 = 0;
/// The archive could not be read.
const FAILED: u8 = 1;
/// There is no such event. (2 is wrong usage.)
const NOT_FOUND: u8 = 3;
/// Answered, but the archive is not as it should be: unlocked, hidden, replaced or damaged objects,
/// or broken chains, named on standard error.
const UNSOUND: u8 = 4;

/// Locks asked for at the same time.
const CONCURRENT_LOOKUPS: usize = 8;

/// Looks into the archive of access decisions, straight from its bucket.
///
/// Exit codes: 0 all is well; 1 the archive could not be read; 2 wrong usage or settings;
/// 3 no such event; 4 answered, but the archive is not as it should be (objects unlocked, hidden,
/// replaced or damaged, or a gateway's chain broken), with details on standard error.
#[derive(Conf)]
#[conf(name = "audit")]
struct Arguments {
    #[conf(flatten)]
    bucket: BucketConfig,
    #[conf(subcommands)]
    command: Command,
}

#[derive(Subcommands)]
enum Command {
    /// Daily totals by action and result; each event counts once
    Counts(CountsArguments),
    /// Objects with their lock mode and the time it holds until
    Ls(ListArguments),
    /// One record, with the object that holds it and its lock
    Show(ShowArguments),
}

/// Daily totals by action and result; each event counts once, however often it was sent.
#[derive(Conf)]
struct CountsArguments {
    /// First UTC day, YYYY-MM-DD
    #[arg(long, value_parser = day)]
    from: Date,
    /// Last UTC day, YYYY-MM-DD, included
    #[arg(long, value_parser = day)]
    to: Date,
    /// Only this tenant's decisions; all tenants' when not given
    #[arg(long)]
    tenant: Option<String>,
    /// Print JSON, in the shape of GET /v1/counts
    #[arg(long)]
    json: bool,
}

/// Objects with their lock mode and the time it holds until, quarantined ones included.
#[derive(Conf)]
struct ListArguments {
    /// Only keys that start so
    #[arg(long, default_value = "")]
    prefix: String,
    /// Print JSON lines
    #[arg(long)]
    json: bool,
}

/// One record, with the object that holds it and its lock.
#[derive(Conf)]
struct ShowArguments {
    /// The event's id, as in X-Decision-Id
    #[arg(pos)]
    event_id: Uuid,
}

fn day(text: &str) -> Result<Date, &'static str> {
    parse_date(text).map_err(|_| "not a date of the form YYYY-MM-DD")
}

/// Runs the command line.
pub fn main() -> ExitCode {
    // Reports all faults at once, exit code 2; prints help when that was asked for.
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(run(arguments)),
        Err(error) => Err(anyhow::Error::from(error)),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("audit: {error:#}");
            if error.is::<StoreError>() {
                eprintln!("Check S3_ENDPOINT, S3_BUCKET, S3_ACCESS_KEY and S3_SECRET_KEY.");
            }
            ExitCode::from(FAILED)
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<u8> {
    let store = Store::new(&arguments.bucket);
    match arguments.command {
        Command::Counts(arguments) => counts(&store, &arguments).await,
        Command::Ls(arguments) => list(&store, &arguments).await,
        Command::Show(arguments) => show(&store, arguments.event_id).await,
    }
}

async fn read_archive(store: &Store) -> Result<Index, StoreError> {
    let index = RwLock::new(Index::default());
    load::sync(store, &index, None).await?;
    Ok(index.into_inner().unwrap_or_else(PoisonError::into_inner))
}

async fn counts(store: &Store, arguments: &CountsArguments) -> anyhow::Result<u8> {
    if arguments.from > arguments.to {
        anyhow::bail!("--from lies after --to; swap them");
    }
    let index = read_archive(store).await?;
    let rows = index.counts(arguments.tenant.as_deref(), arguments.from, arguments.to);
    print::counts(&rows, arguments.json)?;
    let sound = print::unsound(&index, arguments.tenant.as_deref());
    Ok(if sound { OK } else { UNSOUND })
}

async fn list(store: &Store, arguments: &ListArguments) -> anyhow::Result<u8> {
    let objects: Vec<StoredObject> = store
        .list(&arguments.prefix)
        .await?
        .into_iter()
        .filter(|object| {
            object.key.starts_with(segment::PREFIX) || object.key.starts_with("quarantine/")
        })
        .collect();
    let rows: Vec<_> = stream::iter(objects)
        .map(|object| async move {
            let lock = store.lock(&object).await?;
            Ok::<_, StoreError>((object, lock))
        })
        .buffered(CONCURRENT_LOOKUPS)
        .try_collect()
        .await?;
    Ok(if print::objects(&rows, arguments.json)? {
        OK
    } else {
        UNSOUND
    })
}

async fn show(store: &Store, event: Uuid) -> anyhow::Result<u8> {
    let index = read_archive(store).await?;
    let Some(place) = index.place(event) else {
        eprintln!(
            "audit: no archived record has the event id {event}. A decision is archived within \
             seconds; /health/ready of the audit-pipeline tells whether it is behind."
        );
        return Ok(NOT_FOUND);
    };
    let line = Reader::new(store.clone()).line(&place).await?;
    let lock = store.lock(&place.object).await?;
    Ok(if print::record(&place.object, lock, &line)? {
        OK
    } else {
        UNSOUND
    })
}
