//! The `auth` command: people, clients and signing keys, straight in the service's database, so that it works while the
//! service is down and nobody can get a token.

mod accounts;
mod clients;
mod enrol;
mod keys;

use std::process::ExitCode;

use comfy_table::{Table, presets};
use conf::{Conf, Subcommands};
use sqlx::PgPool;
use time::OffsetDateTime;

use self::accounts::AccountsArguments;
use crate::config::KeyEncryptionKey;
use crate::db::{self, StoreError};
use crate::directory::text;
use crate::token::keys::seal::SealError;

/// Done.
const OK: u8 = 0;
/// It could not be done now.
const FAILED: u8 = 1;
/// There is no such key, client or account. (2 is wrong usage.)
const NOT_FOUND: u8 = 3;
/// It is not allowed so: the client or whom a code is for has faults, or the client comes from the clients file.
const REFUSED: u8 = 4;

/// People, clients and signing keys of one tenant, straight in the database of auth-service. It needs no token and no running
/// service: whoever has the database's password may do all of this. What is done is told to the audit and to all verifiers as
/// by the API.
///
/// Exit codes: 0 done; 1 it could not be done now; 2 wrong usage or settings; 3 no such key, client or account; 4 refused (the
/// client or whom a code is for has faults, or the client comes from the clients file), with details on standard error.
#[derive(Conf)]
#[conf(name = "auth")]
struct Arguments {
    /// Address of the Postgres database of auth-service. Only from the environment, where no process list shows it.
    #[conf(env, secret)]
    database_url: String,
    /// The custodian whose people, clients and keys these are.
    #[conf(long, env, value_parser = text::id)]
    tenant: String,
    #[conf(subcommands)]
    command: Command,
}

#[derive(Subcommands)]
enum Command {
    /// The people who can sign in, and the codes by which they get their accounts
    ///
    /// The first administrator of a new deployment, when nobody can get a token yet:
    ///
    /// > auth accounts enrol admin
    ///
    /// An account is named by its id or by its sign-in name. What ends an account's sessions ends its tokens too, at every
    /// service, within seconds.
    Accounts(AccountsArguments),
    /// The keys that sign tokens
    Keys(KeysArguments),
    /// The clients that may obtain tokens
    Clients(ClientsArguments),
}

/// The keys that sign tokens.
#[derive(Conf)]
struct KeysArguments {
    #[conf(subcommands)]
    command: KeysCommand,
}

#[derive(Subcommands)]
enum KeysCommand {
    /// All keys there ever were, oldest first
    List(ListArguments),
    /// Have another key sign as soon as all verifiers know it
    Rotate(RotateArguments),
    /// Take a key out of use at once, with every token that it signed
    Compromise(CompromiseArguments),
}

/// All of them, as a table or as JSON.
#[derive(Conf)]
struct ListArguments {
    /// Print JSON, in the shape of the API
    #[arg(long)]
    json: bool,
}

/// Have another key sign as soon as all verifiers know it. A running auth-service makes the change when it is time.
#[derive(Conf)]
struct RotateArguments {
    #[conf(flatten)]
    seal: SealArguments,
    /// Print JSON, in the shape of the API
    #[arg(long)]
    json: bool,
}

/// Take a key out of use at once, with every token that it signed; when it was the one that signs, another does from
/// now on.
#[derive(Conf)]
struct CompromiseArguments {
    #[conf(flatten)]
    seal: SealArguments,
    /// The key's name, as in `auth keys list`
    #[arg(pos)]
    kid: String,
    /// Print the keys as JSON, in the shape of the API
    #[arg(long)]
    json: bool,
}

#[derive(Conf)]
struct SealArguments {
    /// File with the key under which signing keys are sealed (64 hex digits)
    #[conf(long = "key-encryption-key-file", env = "KEY_ENCRYPTION_KEY_FILE", value_parser = KeyEncryptionKey::read)]
    key_encryption_key: KeyEncryptionKey,
}

/// The clients that may obtain tokens.
#[derive(Conf)]
struct ClientsArguments {
    #[conf(subcommands)]
    command: ClientsCommand,
}

#[derive(Subcommands)]
enum ClientsCommand {
    /// All clients, also those that may not obtain tokens
    List(ListArguments),
    /// Register a client, or change one that was registered so
    Add(AddArguments),
    /// Let a client obtain no more tokens, and end those it has
    Disable(ClientArguments),
    /// Let a disabled client obtain tokens again
    Enable(ClientArguments),
}

/// Register a client, or change one that was registered so. Clients of the clients file are changed there.
#[derive(Conf)]
struct AddArguments {
    /// JSON file with one client, in the form of the clients file; - reads standard input
    #[arg(pos)]
    file: String,
}

/// One client.
#[derive(Conf)]
struct ClientArguments {
    /// The client's id
    #[arg(pos)]
    id: String,
}

/// Where and when something is done.
struct Place {
    db: PgPool,
    tenant: String,
    now: OffsetDateTime,
}

/// A table for people.
fn table<const N: usize>(head: [&str; N]) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::UTF8_FULL_CONDENSED)
        .set_header(head);
    table
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
            eprintln!("auth: {error:#}");
            if let Some(hint) = hint(&error) {
                eprintln!("{hint}");
            }
            ExitCode::from(FAILED)
        }
    }
}

/// What the person at the keyboard can do about it.
fn hint(error: &anyhow::Error) -> Option<&'static str> {
    let store = |error: &StoreError| match error {
        StoreError::Unavailable => Some("Check DATABASE_URL, and that the database runs."),
        // 42P01: no such table. 42501: not permitted.
        StoreError::Failed(code) if code == "42P01" => {
            Some("auth-service makes its tables at its first start: start it once.")
        }
        StoreError::Failed(code) if code == "42501" => {
            Some("The role of DATABASE_URL may not do this: use the one of auth-service.")
        }
        _ => None,
    };
    error.chain().find_map(|cause| {
        cause
            .downcast_ref::<StoreError>()
            .and_then(store)
            .or_else(|| match cause.downcast_ref::<SealError>()? {
                SealError::OtherKey => Some("Check KEY_ENCRYPTION_KEY_FILE."),
                _ => None,
            })
    })
}

async fn run(arguments: Arguments) -> anyhow::Result<u8> {
    let db = db::pool(&arguments.database_url, &arguments.tenant, 2)?;
    let place = Place {
        db,
        tenant: arguments.tenant,
        now: OffsetDateTime::now_utc(),
    };
    match arguments.command {
        Command::Accounts(arguments) => accounts::run(&place, arguments).await,
        Command::Keys(arguments) => match arguments.command {
            KeysCommand::List(arguments) => keys::list(&place, arguments.json).await,
            KeysCommand::Rotate(arguments) => {
                keys::rotate(&place, arguments.seal.key_encryption_key, arguments.json).await
            }
            KeysCommand::Compromise(arguments) => {
                let key = arguments.seal.key_encryption_key;
                keys::compromise(&place, key, &arguments.kid, arguments.json).await
            }
        },
        Command::Clients(arguments) => match arguments.command {
            ClientsCommand::List(arguments) => clients::list(&place, arguments.json).await,
            ClientsCommand::Add(arguments) => clients::add(&place, &arguments.file).await,
            ClientsCommand::Disable(arguments) => clients::disable(&place, &arguments.id).await,
            ClientsCommand::Enable(arguments) => clients::enable(&place, &arguments.id).await,
        },
    }
}
