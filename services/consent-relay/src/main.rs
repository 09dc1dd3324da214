//! # consent-relay
//!
//! Brings signed intents onto the chain, paid by the operator, so that patients hold no coin. It never alters an
//! intent, never holds a stop back, never loses one.
//!
//! Follow an intent: [`routes`] → [`intent::intake`] (signature, bearer, the registry's word) → [`queue`] (durable, a
//! stop's event beside it) → [`submit`] (nonces, fees, until its block is final).

mod config;
mod intent;
mod queue;
mod relay;
mod routes;
mod submit;

use std::process::ExitCode;
use std::sync::Arc;

use service_kit::command::{self, Documents};
use service_kit::{Readiness, Shutdown, bus, outbox, server};

use crate::config::Config;
use crate::relay::Relay;

fn main() -> ExitCode {
    let documents = Documents {
        openapi: routes::openapi,
        events: queue::stop::schemas,
    };
    command::run("consent-relay", documents, serve)
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let shutdown = Shutdown::on_signals()?;
    let pool = relay::open(&config).await?;
    let relay = Arc::new(Relay::new(&config, pool.clone(), shutdown.clone())?);
    let submitter = relay.submitter(&config)?;
    let producer = bus::Producer::new(&config.kafka_brokers, "consent-relay")?;
    shutdown.spawn("submitter", submitter.run(shutdown.clone()));
    shutdown.spawn(
        "outbox relay",
        outbox::relay(pool, producer.clone(), shutdown.clone()),
    );
    let at = relay.clone();
    relay.tokens.follow(&shutdown, move || at.now());
    let (tidied, until) = (relay.clone(), shutdown.clone());
    shutdown.spawn("limits", async move { tidied.limits.tidy(until).await });
    let readiness = readiness(&relay, producer);
    server::run(&config.server, routes::router(relay), readiness, shutdown).await
}

/// What has to be there for a stop to be taken in is the database alone. The rest is reported: an operator wants to
/// know, and a balancer must not turn stops away for it.
fn readiness(relay: &Arc<Relay>, producer: bus::Producer) -> Readiness {
    let readiness = Readiness::default();
    let pool = relay.pool.clone();
    readiness.add("postgres", move || {
        let pool = pool.clone();
        async move {
            relay::ping(&pool)
                .await
                .map_err(|_| "unreachable".to_owned())
        }
    });
    let at = relay.clone();
    readiness.add_optional("chain", move || {
        let outcome = at.status.chain();
        async move { outcome }
    });
    let at = relay.clone();
    readiness.add_optional("balance", move || {
        let outcome = at.status.has_enough();
        async move { outcome }
    });
    let at = relay.clone();
    relay.tokens.reported(&readiness, move || at.now());
    readiness.add_optional("kafka", move || {
        let producer = producer.clone();
        async move { producer.check().await }
    });
    readiness
}
