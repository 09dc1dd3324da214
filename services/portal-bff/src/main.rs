//! # portal-bff
//!
//! Serves one of the applications that people use in a browser, and keeps their tokens: scripts see none.
//!
//! Follow a sign-in: [`routes::start`] → [`issuer`] (pushed request, PKCE) → auth-service's own pages →
//! [`routes::callback`] → [`session`]. Follow a call: [`guard`] (is it our own page that asks?) →
//! [`forward::allowed`] (may this application ask that?) → [`session::tokens`] → [`forward`].

mod application;
mod config;
mod forward;
mod guard;
mod issuer;
mod portal;
mod routes;
mod session;

use std::process::ExitCode;
use std::sync::Arc;

use service_kit::command::{self, Documents};
use service_kit::{Readiness, Shutdown, server};

use crate::config::Config;
use crate::portal::Portal;

fn main() -> ExitCode {
    let documents = Documents {
        openapi: routes::openapi,
        events: Vec::new,
    };
    command::run("portal-bff", documents, serve)
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let shutdown = Shutdown::on_signals()?;
    let portal = Arc::new(Portal::new(&config, shutdown.clone())?);
    let readiness = readiness(&portal);
    server::run(&config.server, routes::router(portal), readiness, shutdown).await
}

/// Nothing is needed: without the issuer nobody can sign in, and the application has to be there to say so.
fn readiness(portal: &Arc<Portal>) -> Readiness {
    let readiness = Readiness::default();
    let at = portal.clone();
    readiness.add_optional("auth-service", move || {
        let at = at.clone();
        async move { at.issuer.ready(at.now()).await }
    });
    let at = portal.clone();
    readiness.add_optional("application", move || {
        let built = at.assets.is_built();
        async move { built.then_some(()).ok_or_else(|| "not built".to_owned()) }
    });
    readiness
}
