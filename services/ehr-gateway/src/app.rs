//! Puts the gateway together from its settings.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use audit_core::pseudonym::PseudonymKey;
use service_kit::bus::Producer;
use service_kit::peer::Peer;
use service_kit::{Readiness, Shutdown, http_client, server};
use tokio::sync::Semaphore;
use url::Url;

use crate::config::Config;
use crate::decision::authorize::Authorizer;
use crate::decision::directory::Directory;
use crate::decision::facts::FactsSource;
use crate::journal::Journal;
use crate::journal::ship::Shipper;
use crate::release::upstream::Upstream;
use crate::routes;
use crate::serve::{Clock, Gateway};
use crate::stops::Stops;
use crate::stops::read::Reader;

const INTERNAL_CALL: Duration = Duration::from_secs(3);

/// Runs the gateway until it is told to stop.
///
/// # Errors
/// When it cannot start, or a part of it fails for good.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let shutdown = Shutdown::on_signals()?;
    let journal = Journal::open(config.journal()).context("JOURNAL_DIR")?;
    let gateway = Arc::new(build(&config, journal.clone(), Clock::system())?);
    let producer = Producer::new(&config.kafka_brokers, &config.gateway_id)?;
    let shipper = Shipper::new(journal, producer, &config.gateway_id);
    shutdown.spawn("shipper", shipper.run(shutdown.clone()));
    listen(&config, &gateway, &shutdown);
    let readiness = readiness(&gateway);
    server::run(&config.server, routes::router(gateway), readiness, shutdown).await
}

/// Starts what hears of revocations and stops.
fn listen(config: &Config, gateway: &Arc<Gateway>, shutdown: &Shutdown) {
    let clock = gateway.clock.clone();
    gateway.tokens.follow(shutdown, move || clock.now());
    let stops = gateway.authorizer.stops.clone();
    let reader = Reader::new(
        &config.kafka_brokers,
        &config.gateway_id,
        config.chain_id,
        config.registry_address,
        stops.clone(),
    );
    shutdown.spawn("stops", reader.run(shutdown.clone()));
    let (clock, stop) = (gateway.clock.clone(), shutdown.clone());
    shutdown.spawn("signers of stops", async move {
        tokio::select! {
            () = stops.decide(|| clock.now()) => {}
            () = stop.triggered() => {}
        }
        Ok(())
    });
}

/// Makes the gateway without starting anything.
///
/// # Errors
/// When a key file cannot be used or a client not be made.
pub fn build(config: &Config, journal: Journal, clock: Clock) -> anyhow::Result<Gateway> {
    let http = http_client::build(INTERNAL_CALL)?;
    let pseudonyms = std::fs::read_to_string(&config.pseudonym_key_file)
        .context("PSEUDONYM_KEY_FILE cannot be read")?;
    let pseudonyms = PseudonymKey::from_hex(&pseudonyms).context("PSEUDONYM_KEY_FILE")?;
    let peer = |base: &Url, scope: &str| -> anyhow::Result<Peer> {
        let tokens = config.issuer.tokens(&http, base, scope)?;
        Ok(Peer::new(http.clone(), base.clone(), tokens))
    };
    let (chain_id, registry) = (config.chain_id, config.registry_address);
    let max_age = Duration::from_millis(config.max_facts_age_ms);
    let facts = Arc::new(FactsSource::new(
        peer(&config.indexer_url, "system:consent.read")?,
        chain_id,
        registry,
        max_age,
    ));
    let directory = Directory::new(
        peer(config.issuer.reached(), "system:directory.read")?,
        facts.clone(),
        &config.tenant,
    );
    Ok(Gateway {
        tokens: config.issuer.check(&http)?,
        authorizer: Authorizer {
            directory,
            stops: Arc::new(Stops::new(facts.clone(), config.max_stops)),
            facts,
            fhir_base: config.fhir_base_url.clone(),
        },
        upstream: Upstream::new(&config.fhir_base_url),
        journal,
        pseudonyms,
        tenant: config.tenant.clone(),
        gateway_id: config.gateway_id.clone(),
        public_url: config.issuer.own_url().to_owned(),
        issuer: config.issuer.name().to_owned(),
        clock,
        busy: Arc::new(Semaphore::new(config.max_decisions)),
    })
}

/// What has to be there for decisions to be made. The bus is not among it, once the stops on it were read: its absence
/// delays records, and stops until the chain has them.
fn readiness(gateway: &Arc<Gateway>) -> Readiness {
    let readiness = Readiness::default();
    let at = gateway.clone();
    readiness.add("journal", move || {
        let at = at.clone();
        async move {
            if at.journal.is_ready().await {
                Ok(())
            } else {
                Err("cannot be written".to_owned())
            }
        }
    });
    let clock = gateway.clock.clone();
    gateway.tokens.needed(&readiness, move || clock.now());
    let at = gateway.clone();
    readiness.add("stops", move || {
        let at = at.clone();
        async move {
            if at.authorizer.stops.is_replayed() {
                Ok(())
            } else {
                Err("not read from the bus yet".to_owned())
            }
        }
    });
    let at = gateway.clone();
    readiness.add("consent-indexer", move || {
        let at = at.clone();
        async move {
            at.authorizer
                .facts
                .facts(&[], &[], at.clock.now())
                .await
                .map(drop)
                .map_err(|error| error.to_string())
        }
    });
    let at = gateway.clone();
    readiness.add("fhir", move || {
        let at = at.clone();
        async move { at.upstream.check().await }
    });
    readiness
}
