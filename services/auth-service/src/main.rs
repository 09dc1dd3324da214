//! Wires the service together.

use std::process::ExitCode;
use std::sync::Arc;

use auth_service::config::Config;
use auth_service::directory::{rebindings, verification};
use auth_service::{
    App, client, db, events, grant, revocation, routes, session, system_random, token,
};
use service_kit::{Readiness, Shutdown, bus, command, outbox, server};
use time::OffsetDateTime;

fn main() -> ExitCode {
    let documents = command::Documents {
        openapi: routes::openapi,
        events: events::schemas,
    };
    command::run("auth-service", documents, serve)
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let shutdown = Shutdown::on_signals()?;
    let db = db::open(
        &config.database_url,
        &config.tenant,
        config.database_connections,
    )
    .await?;
    let random = system_random();
    client::register::take_over(
        &db,
        &config.tenant,
        &config.clients,
        &random,
        OffsetDateTime::now_utc(),
    )
    .await?;

    let readiness = Readiness::default();
    let checked = db.clone();
    readiness.add("postgres", move || {
        let db = checked.clone();
        async move { db::ping(&db).await.map_err(|_| "unreachable".to_owned()) }
    });

    let clock = Arc::new(OffsetDateTime::now_utc);
    let app = Arc::new(App::new(&config, db, clock, random));
    // The first key at the first start; and nothing is served with keys that cannot be opened.
    app.keys.look_after(app.now()).await?;
    let signing = app.clone();
    readiness.add("signing-key", move || {
        let app = signing.clone();
        async move {
            let ready = app.keys.ready(app.now()).await;
            ready.map_err(|error| error.to_string())
        }
    });
    shutdown.spawn(
        "signing keys",
        token::keys::follow(app.clone(), shutdown.clone()),
    );
    let producer = bus::Producer::new(&config.kafka_brokers, "auth-service")?;
    shutdown.spawn(
        "outbox relay",
        outbox::relay(app.db.clone(), producer, shutdown.clone()),
    );
    shutdown.spawn(
        "revocation feed",
        revocation::feed::follow(app.clone(), shutdown.clone()),
    );
    shutdown.spawn(
        "revocation sweeper",
        revocation::sweep(app.clone(), shutdown.clone()),
    );
    shutdown.spawn(
        "assertion sweeper",
        client::replay::sweep(app.clone(), shutdown.clone()),
    );
    shutdown.spawn("grant sweeper", grant::sweep(app.clone(), shutdown.clone()));
    shutdown.spawn(
        "session sweeper",
        session::sweep::run(app.clone(), shutdown.clone()),
    );
    shutdown.spawn(
        "rebindings",
        rebindings::carry_out(app.clone(), shutdown.clone()),
    );
    shutdown.spawn(
        "organisations' verification",
        verification::watch(app.clone(), shutdown.clone()),
    );
    server::run(&config.server, routes::router(app), readiness, shutdown).await
}
