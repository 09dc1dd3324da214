//! `auth accounts`.

use std::io::{ErrorKind, Write, stdout};

use access_token::Persona;
use conf::{Conf, Subcommands};
use serde_json::json;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::enrol::{self, EnrolArguments, RecoverArguments};
use super::{NOT_FOUND, OK, Place, table};
use crate::account::{self, Account, Role, administration, factors, store};
use crate::db::StoreError;
use crate::routes::accounts::{AccountDetail, AccountView};
use crate::session::store as sessions;
use crate::system_random;

/// Accounts read at a time.
const PAGE: i64 = 200;

/// The people who can sign in, and the one-time codes by which they get their accounts.
#[derive(Conf)]
pub(super) struct AccountsArguments {
    #[conf(subcommands)]
    command: AccountsCommand,
}

#[derive(Subcommands)]
enum AccountsCommand {
    /// All accounts, also closed ones
    ///
    /// In order of id, printed while they are read: as tables of 200, or with --json as one document.
    List(ListArguments),
    /// One account, and what it can sign in with
    Show(ShowArguments),
    /// Make a one-time code by which somebody gets an account
    ///
    /// Hand the code to that person and nobody else: whoever enters it becomes them. It is shown once, and kept only as a hash;
    /// when it is lost, make another.
    Enrol(EnrolArguments),
    /// Make a one-time code by which an account gets other ways to sign in, in place of those that were lost
    ///
    /// Make sure first that it is them who ask. Using the code ends all that the account had: password, authenticator app,
    /// passkeys, sessions, tokens. Until then nothing changes.
    Recover(RecoverArguments),
    /// Close an account: its sessions and tokens end at once
    ///
    /// Nobody signs in to it until it is enabled. What it signed on chain stays as it is.
    Disable(AccountArguments),
    /// Open a closed account again
    Enable(AccountArguments),
    /// Sign somebody out everywhere: all sessions and tokens end at once
    ///
    /// Apps that may stay when the person has gone lose their access too. The person can sign in again.
    EndSessions(AccountArguments),
}

/// All accounts.
#[derive(Conf)]
struct ListArguments {
    /// Only accounts of this role: patient, provider or admin
    #[arg(long, value_parser = account::persona)]
    role: Option<Persona>,
    /// Print JSON, in the shape of the API
    #[arg(long)]
    json: bool,
}

/// One account, and what it can sign in with.
#[derive(Conf)]
struct ShowArguments {
    /// The account's id, or its sign-in name
    #[arg(pos)]
    account: String,
    /// Print JSON, in the shape of the API
    #[arg(long)]
    json: bool,
}

/// One account.
#[derive(Conf)]
struct AccountArguments {
    /// The account's id, or its sign-in name
    #[arg(pos)]
    account: String,
}

pub(super) async fn run(place: &Place, arguments: AccountsArguments) -> anyhow::Result<u8> {
    match arguments.command {
        AccountsCommand::List(arguments) => list(place, arguments).await,
        AccountsCommand::Show(arguments) => show(place, &arguments.account, arguments.json).await,
        AccountsCommand::Enrol(arguments) => enrol::enrol(place, arguments).await,
        AccountsCommand::Recover(arguments) => enrol::recover(place, arguments).await,
        AccountsCommand::Disable(arguments) => set_disabled(place, &arguments.account, true).await,
        AccountsCommand::Enable(arguments) => set_disabled(place, &arguments.account, false).await,
        AccountsCommand::EndSessions(arguments) => end_sessions(place, &arguments.account).await,
    }
}

/// Whom somebody means: by id, which is nobody's to choose, before names.
pub(super) async fn find(place: &Place, text: &str) -> Result<Option<Account>, StoreError> {
    if let Ok(id) = text.parse::<Uuid>() {
        let found = store::find(&place.db, &place.tenant, id).await?;
        if found.is_some() {
            return Ok(found);
        }
    }
    store::find_by_login(&place.db, &place.tenant, text).await
}

pub(super) fn unknown(text: &str) -> u8 {
    eprintln!("auth: this tenant has no account {text:?}; `auth accounts list` shows all.");
    NOT_FOUND
}

async fn list(place: &Place, arguments: ListArguments) -> anyhow::Result<u8> {
    let mut out = stdout().lock();
    match write_all(place, &arguments, &mut out).await {
        Ok(0) => eprintln!(
            "{}",
            match arguments.role {
                None =>
                    "auth: this tenant has no account yet; `auth accounts enrol admin` lets the first administrator in.",
                Some(_) => "auth: this tenant has no account of this role.",
            }
        ),
        Ok(_) => {}
        // Whoever reads has seen enough.
        Err(error) if is_broken_pipe(&error) => {}
        Err(error) => return Err(error),
    }
    Ok(OK)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<std::io::Error>();
    io.is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// Writes all accounts and holds a page of them at a time; how many there were.
async fn write_all(
    place: &Place,
    arguments: &ListArguments,
    out: &mut impl Write,
) -> anyhow::Result<usize> {
    let persona = arguments.role.map(Persona::as_str);
    let (mut after, mut count) = (Uuid::nil(), 0);
    if arguments.json {
        write!(out, "{{\"accounts\":[")?;
    }
    loop {
        let page = store::list(&place.db, &place.tenant, persona, after, PAGE).await?;
        let read = page.len();
        let Some(last) = page.last() else { break };
        after = last.id;
        if arguments.json {
            for account in page {
                let comma = if count == 0 { "" } else { "," };
                let view = serde_json::to_string(&AccountView::from(account))?;
                write!(out, "{comma}{view}")?;
                count += 1;
            }
        } else {
            writeln!(out, "{}", as_table(&page))?;
            count += read;
        }
        if i64::try_from(read)? < PAGE {
            break;
        }
    }
    if arguments.json {
        writeln!(out, "]}}")?;
    }
    out.flush()?;
    Ok(count)
}

fn as_table(accounts: &[Account]) -> comfy_table::Table {
    let mut table = table(["account", "signs in as", "role", "stands for", "status"]);
    for account in accounts {
        table.add_row([
            account.id.to_string(),
            account.login.clone(),
            account.role.persona().to_string(),
            stands_for(&account.role),
            status(account).to_owned(),
        ]);
    }
    table
}

fn status(account: &Account) -> &'static str {
    if account.disabled {
        "disabled"
    } else {
        "active"
    }
}

fn stands_for(role: &Role) -> String {
    match role {
        Role::Patient { fhir_id } => format!("Patient/{fhir_id}"),
        Role::Provider {
            organization,
            practitioner: Some(practitioner),
        } => format!("Practitioner/{practitioner} of {organization}"),
        Role::Provider { organization, .. } => organization.clone(),
        Role::Admin => "the tenant".to_owned(),
    }
}

async fn show(place: &Place, who: &str, as_json: bool) -> anyhow::Result<u8> {
    let Some(account) = find(place, who).await? else {
        return Ok(unknown(who));
    };
    let factors = factors::of(&place.db, &place.tenant, account.id).await?;
    if as_json {
        println!("{}", json!(AccountDetail::of(account, factors)));
        return Ok(OK);
    }
    let sessions = sessions::list(&place.db, &account, place.now).await?;
    let last = sessions
        .first()
        .map(|session| session.seen_at.format(&Rfc3339));
    let yes_or_no = |is: bool| if is { "yes" } else { "no" }.to_owned();
    let mut table = table(["account", &account.id.to_string()]);
    for (name, value) in [
        ("signs in as", account.login.clone()),
        ("role", account.role.persona().to_string()),
        ("stands for", stands_for(&account.role)),
        ("status", status(&account).to_owned()),
        ("password", yes_or_no(factors.password)),
        ("authenticator app", yes_or_no(factors.app)),
        ("passkeys", factors.passkeys.to_string()),
        ("sessions", sessions.len().to_string()),
        ("last seen", last.transpose()?.unwrap_or("-".to_owned())),
    ] {
        table.add_row([name.to_owned(), value]);
    }
    println!("{table}");
    Ok(OK)
}

async fn set_disabled(place: &Place, who: &str, disabled: bool) -> anyhow::Result<u8> {
    let Some(account) = find(place, who).await? else {
        return Ok(unknown(who));
    };
    let (tenant, random) = (&place.tenant, system_random());
    let changed =
        administration::set_disabled(&place.db, tenant, account.id, disabled, &random, place.now)
            .await?;
    let Some(changed) = changed else {
        return Ok(unknown(who));
    };
    let words = match (disabled, changed.is_new) {
        (true, true) => "is closed, and its sessions and tokens have ended",
        (true, false) => "was closed already",
        (false, true) => "is open again",
        (false, false) => "was open already",
    };
    println!("{} {words}.", changed.account.id);
    Ok(OK)
}

async fn end_sessions(place: &Place, who: &str) -> anyhow::Result<u8> {
    let Some(account) = find(place, who).await? else {
        return Ok(unknown(who));
    };
    let (tenant, random) = (&place.tenant, system_random());
    let id = account.id;
    if !administration::sign_out_everywhere(&place.db, tenant, id, &random, place.now).await? {
        return Ok(unknown(who));
    }
    println!("{id} is signed out everywhere, and its tokens have ended.");
    Ok(OK)
}
