//! Wires the service together.

use std::process::ExitCode;
use std::sync::Arc;

use auth_service::config::Config;
use auth_service::directory::rebindings;
use auth_service::{App, client, db, routes, system_random};
use service_kit::{Readiness, Shutdown, command, server};
use time::OffsetDateTime;

fn main() -> ExitCode {
    command::run("auth-service", routes::openapi, serve)
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let shutdown = Shutdown::on_signals()?;
    let db = db::open(
        &config.database_url,
        &config.tenant,
        config.database_connections,
    )
    .await?;
    client::store::register(
        &db,
        &config.tenant,
        &config.clients,
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
    let app = Arc::new(App::new(&config, db, clock, system_random()));
    shutdown.spawn(
        "assertion sweeper",
        client::replay::sweep(app.clone(), shutdown.clone()),
    );
    shutdown.spawn(
        "rebindings",
        rebindings::carry_out(app.clone(), shutdown.clone()),
    );
    server::run(&config.server, routes::router(app), readiness, shutdown).await
}
