//! Nobody gets past a route's door without the right token. The routes are those of the committed OpenAPI documents, so
//! that a new one is looked at without being named here; what is open to everybody is named in [`public`], with its reason.

mod callers;
mod document;
mod public;

use anyhow::{Context, Result, ensure};
use e2e::api::Answer;
use local_stack::Layout;
use local_stack::folders::find_checkout;
use reqwest::Method;
use reqwest::redirect::Policy;
use serde_json::json;

use self::callers::{Callers, Foreign};
use self::document::Route;
use self::public::{ANY_AUDIENCE, ANY_TOKEN, HIDDEN, Of, PUBLIC};
use crate::relay::requested;
use crate::world::{PATIENCE, World};

/// The routes that need a token: all but the public ones. What takes both needs one for a part of what it does.
fn guarded(layout: &Layout) -> Result<Vec<Route>> {
    let mut routes = document::routes(layout)?;
    routes.retain(|route| !route.is_open() || route.takes_tokens());
    ensure!(
        routes.len() > 50,
        "only {} routes need a token",
        routes.len()
    );
    Ok(routes)
}

fn layout() -> Result<Layout> {
    Ok(Layout::load(&find_checkout())?)
}

/// Calls a route. Its body is the least that the route looks at before the token, if it does at all.
async fn call(world: &World, route: &Route, token: Option<&str>) -> Result<Answer> {
    let url = format!("{}{}", base(world, &route.service)?, route.target()?);
    let method = Method::from_bytes(route.method.as_bytes())?;
    let mut request = world.api.http().request(method, url);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    request = match (route.service.as_str(), route.path.as_str()) {
        ("ehr-gateway", "/access/v1/evaluation") => request.json(&json!({
            "subject": {"type": "organization", "id": "clinic-a"}, "action": {"name": "search"},
            "resource": {"type": "Observation", "properties": {"patient": "nobody"}},
        })),
        ("consent-relay", "/v1/intents") if route.method == "POST" => {
            request.json(&requested(world, "clinic-a")?.1)
        }
        _ => request,
    };
    world.api.send(request).await
}

fn base<'a>(world: &'a World, service: &str) -> Result<&'a str> {
    let endpoints = world.api.endpoints();
    Ok(match service {
        "auth-service" => &endpoints.auth,
        "consent-indexer" => &endpoints.indexer,
        "ehr-gateway" => &endpoints.gateway,
        "audit-pipeline" => &endpoints.audit,
        "consent-relay" => &endpoints.relay,
        app => {
            let mut apps = endpoints.apps.iter();
            let found = apps.find(|known| known.id == app);
            &found.with_context(|| format!("where is {app}?"))?.url
        }
    })
}

/// A refusal as documented: status, challenge, and a body of the kind that the document names.
fn ensure_refused(
    route: &Route,
    answer: &Answer,
    statuses: &[u16],
    error: Option<&str>,
) -> Result<()> {
    let status = answer.status;
    ensure!(
        statuses.contains(&status),
        "HTTP {status} instead of {statuses:?}: {}",
        begin(answer)
    );
    let kinds = route.documented_kinds(status)?;
    let header = |name: &str| {
        let value = answer
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok());
        value.unwrap_or_default()
    };
    let kind = header("content-type").split(';').next().unwrap_or_default();
    ensure!(
        kinds.iter().any(|documented| documented == kind),
        "a body of type `{kind}`, documented is {kinds:?}"
    );
    let body = answer.json();
    let is_told = match kind {
        "application/fhir+json" => body["resourceType"] == "OperationOutcome",
        "application/problem+json" => {
            body["status"] == status
                && ["type", "title", "detail"]
                    .iter()
                    .all(|member| body[member].is_string())
        }
        _ => false,
    };
    ensure!(
        is_told,
        "the body does not say what is wrong: {}",
        begin(answer)
    );
    let challenge = header("www-authenticate");
    let scheme = challenge.split([' ', ',']).next().unwrap_or_default();
    ensure!(scheme == "Bearer", "the challenge is `{challenge}`");
    match error {
        // RFC 6750 §3.1: who sent no token is told of no error.
        None => ensure!(
            !challenge.contains("error="),
            "the challenge is `{challenge}`"
        ),
        Some(error) => ensure!(
            challenge.contains(&format!(r#"error="{error}""#)),
            "the challenge is `{challenge}`, not {error}"
        ),
    }
    Ok(())
}

/// The beginning of a body: enough of a problem, and not a whole page.
fn begin(answer: &Answer) -> String {
    answer.text.chars().take(200).collect()
}

/// Whether every entry of a list is a route that there still is.
fn ensure_known(list: &[Of], routes: &[Route]) -> Result<()> {
    for of in list {
        ensure!(
            routes.iter().any(|route| of.is(route)),
            "{of} is on a list of exceptions, and is not documented"
        );
    }
    Ok(())
}

/// Looks at each route and names all that are at fault.
struct Faults(Vec<String>);

impl Faults {
    fn note(&mut self, route: &Route, who: &str, outcome: Result<()>) {
        if let Err(error) = outcome {
            self.0.push(format!("{route} {who}: {error:#}"));
        }
    }

    fn none(self) -> Result<()> {
        ensure!(self.0.is_empty(), "{}", self.0.join("\n"));
        Ok(())
    }
}

pub async fn every_documented_route_refuses_who_has_no_token(world: &World) -> Result<()> {
    let mut faults = Faults(Vec::new());
    let mut routes = guarded(&layout()?)?;
    routes.extend(HIDDEN.iter().map(Route::hidden));
    for route in routes {
        let outcome = async {
            let answer = call(world, &route, None).await?;
            ensure_refused(&route, &answer, &[401], None)?;
            let answer = call(world, &route, Some("garbage")).await?;
            ensure_refused(&route, &answer, &[401], Some("invalid_token"))
        };
        faults.note(&route, "without a token", outcome.await);
    }
    faults.none()
}

pub async fn every_documented_route_refuses_a_token_of_another_scope_or_persona(
    world: &World,
) -> Result<()> {
    let layout = layout()?;
    let mut callers = Callers::new(world, &layout);
    let mut faults = Faults(Vec::new());
    let routes = guarded(&layout)?;
    ensure_known(ANY_TOKEN, &routes)?;
    for route in routes {
        let takes_any = ANY_TOKEN.iter().any(|of| of.is(&route));
        if takes_any {
            let says_so = route.alternatives().iter().any(Vec::is_empty);
            ensure!(
                says_so,
                "{route} takes any token, its document says something else"
            );
            continue;
        }
        let outcome = async {
            let tokens = callers.but_for(&route).await?;
            ensure!(
                !tokens.is_empty(),
                "nobody has a token that it would have to refuse"
            );
            for (scopes, token) in tokens {
                let answer = call(world, &route, Some(&token)).await?;
                let error = match answer.status {
                    401 => "invalid_token",
                    _ => "insufficient_scope",
                };
                ensure_refused(&route, &answer, &[401, 403], Some(error))
                    .with_context(|| format!("a token of scope `{scopes}`"))?;
            }
            Ok(())
        };
        let outcome = outcome.await;
        faults.note(&route, "with the wrong token", outcome);
    }
    faults.none()
}

pub async fn every_documented_route_refuses_a_token_for_another_service(
    world: &World,
) -> Result<()> {
    let layout = layout()?;
    let mut callers = Callers::new(world, &layout);
    let mut faults = Faults(Vec::new());
    let mut routes = guarded(&layout)?;
    ensure_known(ANY_AUDIENCE, &routes)?;
    routes.extend(HIDDEN.iter().map(Route::hidden));
    for route in routes {
        let outcome = async {
            let tokens = callers.elsewhere(&route).await?;
            ensure!(!tokens.is_empty(), "nobody has a token for another service");
            let (statuses, error): (&[u16], _) = if ANY_AUDIENCE.iter().any(|of| of.is(&route)) {
                (&[403], "insufficient_scope")
            } else {
                (&[401], "invalid_token")
            };
            for (scopes, token) in tokens {
                let answer = call(world, &route, Some(&token)).await?;
                ensure_refused(&route, &answer, statuses, Some(error))
                    .with_context(|| format!("a token of scope `{scopes}`"))?;
            }
            Ok(())
        };
        let outcome = outcome.await;
        faults.note(&route, "with another service's token", outcome);
    }
    faults.none()
}

pub async fn every_documented_route_refuses_another_custodians_token(world: &World) -> Result<()> {
    let layout = layout()?;
    let foreign = Foreign::start(world, &layout).await?;
    let mut faults = Faults(Vec::new());
    let mut routes = guarded(&layout)?;
    routes.extend(HIDDEN.iter().map(Route::hidden));
    for route in routes {
        let outcome = async {
            let token = foreign.token(world, base(world, &route.service)?).await?;
            let answer = call(world, &route, Some(&token)).await?;
            ensure_refused(&route, &answer, &[401], Some("invalid_token"))
        };
        faults.note(&route, "with another custodian's token", outcome.await);
    }
    foreign.stop().await;
    faults.none()
}

pub async fn what_is_public_is_on_the_list_and_answers_as_it_says(world: &World) -> Result<()> {
    let layout = layout()?;
    let routes = document::routes(&layout)?;
    // Where a page leads to is what it answers.
    let http = reqwest::Client::builder()
        .no_proxy()
        .timeout(PATIENCE)
        .redirect(Policy::none())
        .build()?;
    let mut faults = Faults(Vec::new());
    for route in routes.iter().filter(|route| route.is_open()) {
        let is_listed = PUBLIC.iter().any(|public| public.of.is(route));
        let outcome = is_listed
            .then_some(())
            .context("documented as open to everybody, not on the list");
        faults.note(route, "", outcome);
    }
    for public in PUBLIC {
        let documented: Vec<&Route> = routes.iter().filter(|route| public.of.is(route)).collect();
        let found = match (public.documented, documented.is_empty()) {
            (true, true) => anyhow::bail!("{} is on the list and no longer documented", public.of),
            (false, false) => anyhow::bail!("{} is documented now: say so in the list", public.of),
            (true, false) => documented.into_iter().cloned().collect(),
            (false, true) => public.of.everywhere(&layout),
        };
        for route in found {
            let outcome = async {
                let url = format!("{}{}", base(world, &route.service)?, route.target()?);
                let method = Method::from_bytes(route.method.as_bytes())?;
                let answer = world.api.send(http.request(method, url)).await?;
                ensure!(
                    public.answers.contains(&answer.status),
                    "HTTP {} instead of {:?}: {}",
                    answer.status,
                    public.answers,
                    begin(&answer)
                );
                Ok(())
            };
            faults.note(&route, public.because, outcome.await);
        }
    }
    // Metrics are told on an address of their own, which need not be reached from outside.
    for name in layout.services.keys() {
        let unit = world.service(name).await?;
        let told = world.metrics(&unit).await?;
        ensure!(told.contains("# TYPE"), "{name} tells no metrics");
        let url = format!("{}/metrics", base(world, name)?);
        let answer = world.api.send(world.api.http().get(url)).await?;
        ensure!(
            answer.status == 404,
            "{name}: /metrics is HTTP {}",
            answer.status
        );
    }
    faults.none()
}
