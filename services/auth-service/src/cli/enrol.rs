//! `auth accounts enrol` and `auth accounts recover`: one-time codes.
//!
//! A code is printed once, to standard output, and is in no log.

use conf::{Conf, Subcommands};
use serde_json::json;
use time::format_description::well_known::Rfc3339;

use super::accounts::{find, unknown};
use super::{OK, Place, REFUSED};
use crate::account::Role;
use crate::account::enrolment::Terms;
use crate::account::invite::{self, InviteError, InvitePermit, Wanted};
use crate::account::passkey::Passkeys;
use crate::config::{EnrolmentHours, Issuer};
use crate::routes::enrolments::EnrolmentView;
use crate::system_random;

/// Whom a code is for.
#[derive(Conf)]
pub(super) struct EnrolArguments {
    #[conf(subcommands)]
    role: EnrolRole,
}

#[derive(Subcommands)]
enum EnrolRole {
    /// A patient of this tenant
    ///
    /// They sign in with a password or a passkey.
    Patient(PatientArguments),
    /// Somebody who works for an organisation
    ///
    /// They sign in with a password and an authenticator app, or with a passkey. The organisation has to be in the directory
    /// (PUT /v1/organizations/{id}).
    Provider(ProviderArguments),
    /// An administrator of this tenant
    ///
    /// They sign in with a passkey and nothing else, so the issuer has to be a name and not an IP address.
    Admin(AdminArguments),
}

/// A code for a patient.
#[derive(Conf)]
struct PatientArguments {
    /// The patient's id on the custodian's FHIR server, such as 4711 of Patient/4711
    #[arg(pos)]
    fhir_id: String,
    #[conf(flatten)]
    code: CodeArguments,
}

/// A code for somebody who works for an organisation.
#[derive(Conf)]
struct ProviderArguments {
    /// The organisation's id in the directory
    #[arg(pos)]
    organization: String,
    /// Their id as a FHIR Practitioner, if they are one
    #[arg(long)]
    practitioner: Option<String>,
    #[conf(flatten)]
    code: CodeArguments,
}

/// A code for an administrator.
#[derive(Conf)]
struct AdminArguments {
    #[conf(flatten)]
    code: CodeArguments,
}

/// The account that gets other ways to sign in.
#[derive(Conf)]
pub(super) struct RecoverArguments {
    /// The account's id, or its sign-in name
    #[arg(pos)]
    account: String,
    #[conf(flatten)]
    code: CodeArguments,
}

#[derive(Conf)]
struct CodeArguments {
    /// The service's public origin, as auth-service has it: codes are entered there
    #[conf(long, env)]
    issuer: Issuer,
    #[conf(flatten)]
    hours: EnrolmentHours,
    /// Print JSON, in the shape of the API, with the address where the code is entered
    #[arg(long)]
    json: bool,
}

pub(super) async fn enrol(place: &Place, arguments: EnrolArguments) -> anyhow::Result<u8> {
    let mut wanted = Wanted::default();
    let (persona, code) = match arguments.role {
        EnrolRole::Patient(arguments) => {
            wanted.fhir_id = Some(arguments.fhir_id);
            ("patient", arguments.code)
        }
        EnrolRole::Provider(arguments) => {
            wanted.organization = Some(arguments.organization);
            wanted.practitioner = arguments.practitioner;
            ("provider", arguments.code)
        }
        EnrolRole::Admin(arguments) => ("admin", arguments.code),
    };
    wanted.persona = Some(persona.to_owned());
    print(place, wanted, &code).await
}

pub(super) async fn recover(place: &Place, arguments: RecoverArguments) -> anyhow::Result<u8> {
    let Some(account) = find(place, &arguments.account).await? else {
        return Ok(unknown(&arguments.account));
    };
    let wanted = Wanted {
        account: Some(account.id),
        ..Wanted::default()
    };
    print(place, wanted, &arguments.code).await
}

async fn print(place: &Place, wanted: Wanted, arguments: &CodeArguments) -> anyhow::Result<u8> {
    let terms = Terms {
        lifetimes: arguments.hours.lifetimes(),
        // No organisation is here.
        organization_per_hour: 0,
    };
    let (tenant, random) = (&place.tenant, system_random());
    let permit = InvitePermit::of_database();
    let made = invite::invite(
        &place.db, tenant, &permit, wanted, &terms, &random, place.now,
    )
    .await;
    let (enrolment, code) = match made {
        Ok(made) => made,
        Err(InviteError::Store(error)) => return Err(error.into()),
        Err(error) => {
            eprintln!("auth: {}.", in_words(&error));
            return Ok(REFUSED);
        }
    };
    let place_to_go = format!("{}/enrol", arguments.issuer.0);
    if enrolment.role == Role::Admin && Passkeys::for_origin(&arguments.issuer.0, "auth").is_none()
    {
        eprintln!(
            "auth: administrators need a passkey, and browsers make none for {}: give ISSUER a name.",
            arguments.issuer.0
        );
    }
    if arguments.json {
        let mut view = json!(EnrolmentView::from((enrolment, code)));
        view["enterAt"] = json!(place_to_go);
        println!("{view}");
        return Ok(OK);
    }
    let needs = match enrolment.role {
        Role::Patient { .. } => "a password or a passkey",
        Role::Provider { .. } => "a password and an authenticator app, or a passkey",
        Role::Admin => "a passkey",
    };
    println!("{}\n", code.show());
    println!("Enter it at {place_to_go}");
    println!(
        "It works once, until {}.",
        enrolment.expires_at.format(&Rfc3339)?
    );
    println!("Hand it to that person and nobody else. They need {needs}. It is not shown again.");
    Ok(OK)
}

/// The rule, about the argument that breaks it.
fn in_words(error: &InviteError) -> String {
    let InviteError::Fault { member, rule } = error else {
        return error.to_string();
    };
    let argument = match *member {
        "fhirId" => "FHIR_ID",
        "organization" => "ORGANIZATION",
        "practitioner" => "--practitioner",
        other => other,
    };
    let hint = match (*member, rule.contains("directory")) {
        ("organization", true) => " (PUT /v1/organizations/{id}, scope admin:directory.write)",
        _ => "",
    };
    format!("{argument} {rule}{hint}")
}
