//! The whole system, end to end, on real components: one stack, then every scenario on it.
//!
//! `CONSENTRY_KAFKA=tansu` chooses the other broker, `FHIR_BASE_URL` another FHIR server, and
//! `CONSENTRY_PORT_OFFSET` shifts all ports. A filter on the command line picks scenarios by name.

mod crash;
mod deny;
mod events;
mod faults;
mod garbage;
mod grantees;
mod hostile;
mod people;
mod privacy;
mod relay;
mod release;
mod revocations;
mod routes;
mod subjects;
mod world;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use e2e::report::Silent;
use e2e::walkthrough::Walk;
use libtest_mimic::{Arguments, Conclusion, Failed, Trial};
use local_stack::{Fhir, Options, Progress, Stack, Style};

use crate::world::World;

async fn walkthrough(world: &World) -> Result<()> {
    let mut report = Silent;
    let summary = Walk::new(&world.api, world.logs.clone(), &mut report)
        .run()
        .await?;
    eprintln!(
        "revocation to first denial: {} ms",
        summary.revocation_to_denial.as_millis()
    );
    Ok(())
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // The scenarios stop and kill parts of one stack: one after the other, in this order.
    arguments.test_threads = Some(1);
    if arguments.list {
        return libtest_mimic::run(&arguments, trials(None)).exit_code();
    }
    match run(&arguments) {
        Ok(conclusion) => conclusion.exit_code(),
        Err(error) => {
            eprintln!("the stack could not be started: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<Conclusion> {
    let runtime = tokio::runtime::Runtime::new()?;
    let options = options()?;
    let stack = runtime
        .block_on(Stack::start(options, &Progress::stderr(Style::Lines)))
        .map_err(|error| anyhow::anyhow!("{error}"))?;
    let world = Arc::new(World::new(stack).context("a client for the stack")?);
    let running = Running {
        runtime: runtime.handle().clone(),
        world: world.clone(),
    };
    let conclusion = libtest_mimic::run(arguments, trials(Some(running)));
    runtime.block_on(world.shut_down());
    Ok(conclusion)
}

/// The usual stack, with the components the environment asks for.
fn options() -> Result<Options> {
    let mut options = Options::default();
    if let Ok(kafka) = std::env::var("CONSENTRY_KAFKA") {
        options.kafka = kafka
            .parse()
            .map_err(|error| anyhow::anyhow!("CONSENTRY_KAFKA: {error}"))?;
    }
    if let Ok(offset) = std::env::var("CONSENTRY_PORT_OFFSET") {
        options.port_offset = offset.parse().context("CONSENTRY_PORT_OFFSET")?;
    }
    if let Ok(url) = std::env::var("FHIR_BASE_URL") {
        options.fhir = Fhir::At(url);
    }
    Ok(options)
}

#[derive(Clone)]
struct Running {
    runtime: tokio::runtime::Handle,
    world: Arc<World>,
}

/// Names every scenario once: `module::function`.
macro_rules! scenarios {
    ($running:expr, $($($part:ident)::+),+ $(,)?) => {
        vec![$({
            let running: Option<Running> = $running.clone();
            let name = stringify!($($part)::+).replace(' ', "");
            Trial::test(name, move || {
                let Some(Running { runtime, world }) = running else { return Ok(()) };
                runtime.block_on($($part)::+(&world)).map_err(|error| Failed::from(format!("{error:#}")))
            })
        }),+]
    };
}

fn trials(running: Option<Running>) -> Vec<Trial> {
    let root = nix::unistd::geteuid().is_root();
    let foreign_fhir = std::env::var_os("FHIR_BASE_URL").is_some();
    scenarios(running)
        .into_iter()
        .map(|trial| {
            let ignored = match trial.name() {
                // A disk that fills up is made with mount.
                "faults::the_journals_disk_is_full" => !root,
                // A server that the stack did not start is not ours to stop.
                "faults::the_fhir_server_is_down" | "faults::the_fhir_server_hangs" => foreign_fhir,
                _ => false,
            };
            trial.with_ignored_flag(ignored)
        })
        .collect()
}

fn scenarios(running: Option<Running>) -> Vec<Trial> {
    scenarios![
        running,
        walkthrough,
        people::an_administrator_is_asked_for_a_passkey,
        people::what_is_stopped_without_a_key_is_denied_until_a_key_lifts_it,
        grantees::an_administrator_gives_no_organisation_the_address_of_another,
        // While nobody has shared anything with the clinic itself.
        grantees::a_practitioner_reads_by_a_consent_to_their_own_address,
        deny::without_consent,
        deny::an_unknown_patient_looks_like_no_consent,
        deny::with_another_organisations_consent,
        deny::for_another_type,
        deny::for_another_patient,
        deny::outside_the_window,
        deny::under_an_unknown_policy,
        deny::for_another_purpose,
        release::only_the_shared_category_without_sensitive_records,
        release::everything_but_the_sensitive_records,
        release::no_trap_is_released,
        release::reads_by_id_do_not_tell_absent_from_forbidden,
        release::the_correlation_id_runs_from_the_caller_to_the_archive,
        release::an_evaluation_says_what_a_read_would,
        garbage::garbage_is_answered_with_a_clear_refusal,
        routes::every_documented_route_refuses_who_has_no_token,
        routes::every_documented_route_refuses_a_token_of_another_scope_or_persona,
        routes::every_documented_route_refuses_a_token_for_another_service,
        routes::every_documented_route_refuses_another_custodians_token,
        routes::what_is_public_is_on_the_list_and_answers_as_it_says,
        revocations::a_revoked_token_is_refused_by_every_service,
        hostile::a_server_that_ignores_the_patient_is_refused_whole,
        hostile::an_answer_that_cannot_be_read_is_not_relayed,
        faults::the_indexer_is_down,
        faults::postgres_is_down,
        faults::the_fhir_server_is_down,
        faults::the_fhir_server_hangs,
        faults::kafka_is_down,
        faults::the_journals_disk_is_full,
        subjects::revoking_everything_denies_every_consent_of_the_patient,
        subjects::a_delegates_grants_count_until_the_mandate_is_removed,
        subjects::a_grant_signed_before_an_invalidation_comes_too_late,
        subjects::a_grant_signed_before_a_rotation_comes_too_late,
        relay::a_patient_without_a_coin_grants_and_stops,
        relay::an_organisation_requests_in_its_own_name_only,
        crash::the_gateway_is_killed_under_load,
        crash::the_audit_pipeline_is_killed_under_load,
        crash::counts_agree_after_all_that,
        privacy::nothing_personal_in_logs_metrics_or_audit_records,
        events::every_event_published_is_as_its_schema_says_and_names_nobody,
    ]
}
