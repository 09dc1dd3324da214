//! What each application may ask of which service. All else is not there.

use axum::http::Method;

use super::Target;
use crate::application::Application;

/// Whether a call needs the person's token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bearer {
    /// It does.
    Needed,
    /// It is open to anybody, so that it works while no token can be had: a stop is never held back.
    None,
}

/// One route of a service, as its OpenAPI document names it.
#[derive(Debug, Clone)]
pub struct Route {
    /// The service.
    pub target: Target,
    /// The method.
    pub method: Method,
    /// The path; a segment in braces is any one segment.
    pub path: &'static str,
    /// Whether it needs a token.
    pub bearer: Bearer,
}

const fn route(target: Target, method: Method, path: &'static str) -> Route {
    Route {
        target,
        method,
        path,
        bearer: Bearer::Needed,
    }
}

const fn open(target: Target, method: Method, path: &'static str) -> Route {
    Route {
        target,
        method,
        path,
        bearer: Bearer::None,
    }
}

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PUT: Method = Method::PUT;
const DELETE: Method = Method::DELETE;

/// Whether a service takes work. Every application shows when one does not.
static HEALTH: [Route; 5] = [
    open(Target::Auth, GET, "/health/ready"),
    open(Target::Indexer, GET, "/health/ready"),
    open(Target::Relay, GET, "/health/ready"),
    open(Target::Gateway, GET, "/health/ready"),
    open(Target::Audit, GET, "/health/ready"),
];

/// What is on the chain, for whoever is signed in.
static LEDGER: [Route; 10] = [
    route(Target::Indexer, GET, "/v1/chain"),
    route(Target::Indexer, GET, "/v1/consents"),
    route(Target::Indexer, GET, "/v1/consents/{id}"),
    route(Target::Indexer, GET, "/v1/policies/{hash}"),
    route(Target::Indexer, GET, "/v1/subjects/{address}"),
    route(Target::Indexer, GET, "/v1/subjects/{address}/delegates"),
    route(Target::Indexer, GET, "/v1/organizations"),
    route(Target::Indexer, GET, "/v1/organizations/{address}"),
    route(Target::Indexer, GET, "/v1/practitioners"),
    route(Target::Indexer, GET, "/v1/practitioners/{address}"),
];

/// Who the organisations are: people see by it who asks them.
static DIRECTORY: [Route; 2] = [
    route(Target::Auth, GET, "/v1/organizations"),
    route(Target::Auth, GET, "/v1/organizations/{id}"),
];

/// A person's own sign-ins.
static OWN_SESSIONS: [Route; 2] = [
    route(Target::Auth, GET, "/v1/sessions"),
    route(Target::Auth, DELETE, "/v1/sessions/{id}"),
];

static PATIENT: [Route; 15] = [
    route(Target::Indexer, PUT, "/v1/policies/{hash}"),
    // What a patient signs carries its own proof.
    open(Target::Relay, POST, "/v1/intents"),
    open(Target::Relay, GET, "/v1/intents/{digest}"),
    route(Target::Auth, GET, "/v1/bindings"),
    route(Target::Auth, POST, "/v1/bindings"),
    route(Target::Auth, GET, "/v1/blocks"),
    route(Target::Auth, PUT, "/v1/blocks/{address}"),
    route(Target::Auth, DELETE, "/v1/blocks/{address}"),
    route(Target::Auth, GET, "/v1/rebindings"),
    route(Target::Auth, POST, "/v1/rebindings/{id}/veto"),
    route(Target::Auth, GET, "/v1/stop"),
    route(Target::Auth, POST, "/v1/stop"),
    route(Target::Auth, POST, "/v1/stop/lift"),
    route(Target::Audit, GET, "/v1/accesses"),
    open(Target::Gateway, GET, "/fhir/R4/metadata"),
];

static CLINIC: [Route; 10] = [
    route(Target::Indexer, PUT, "/v1/policies/{hash}"),
    route(Target::Relay, POST, "/v1/intents"),
    open(Target::Relay, GET, "/v1/intents/{digest}"),
    route(Target::Auth, GET, "/v1/grantee-bindings"),
    route(Target::Auth, POST, "/v1/grantee-bindings"),
    route(Target::Auth, DELETE, "/v1/grantee-bindings/{grantee}"),
    route(Target::Gateway, POST, "/access/v1/evaluation"),
    open(Target::Gateway, GET, "/fhir/R4/metadata"),
    route(Target::Gateway, GET, "/fhir/R4/{type}"),
    route(Target::Gateway, GET, "/fhir/R4/{type}/{id}"),
];

static ADMIN: [Route; 29] = [
    route(Target::Indexer, GET, "/v1/changes"),
    route(Target::Auth, GET, "/v1/accounts"),
    route(Target::Auth, GET, "/v1/accounts/{id}"),
    route(Target::Auth, POST, "/v1/accounts/{id}/disable"),
    route(Target::Auth, POST, "/v1/accounts/{id}/enable"),
    route(Target::Auth, POST, "/v1/enrolments"),
    route(Target::Auth, GET, "/v1/clients"),
    route(Target::Auth, GET, "/v1/clients/{id}"),
    route(Target::Auth, PUT, "/v1/clients/{id}"),
    route(Target::Auth, DELETE, "/v1/clients/{id}"),
    route(Target::Auth, POST, "/v1/clients/{id}/enable"),
    route(Target::Auth, GET, "/v1/keys"),
    route(Target::Auth, POST, "/v1/keys/rotate"),
    route(Target::Auth, POST, "/v1/keys/{kid}/compromise"),
    route(Target::Auth, PUT, "/v1/organizations/{id}"),
    route(Target::Auth, GET, "/v1/patients"),
    route(Target::Auth, GET, "/v1/patients/{fhirId}"),
    route(Target::Auth, PUT, "/v1/patients/{fhirId}/proxies/{account}"),
    route(
        Target::Auth,
        DELETE,
        "/v1/patients/{fhirId}/proxies/{account}",
    ),
    route(Target::Auth, POST, "/v1/rebindings"),
    route(Target::Auth, GET, "/v1/rebindings/under-way"),
    route(Target::Auth, POST, "/v1/rebindings/{id}/confirm"),
    route(Target::Relay, GET, "/v1/account"),
    route(Target::Auth, GET, "/v1/subjects/{address}"),
    route(Target::Gateway, GET, "/v1/counts"),
    route(Target::Gateway, POST, "/access/v1/evaluation"),
    route(Target::Audit, GET, "/v1/accesses"),
    route(Target::Audit, GET, "/v1/continuity"),
    route(Target::Audit, GET, "/v1/counts"),
];

/// Everything that an application may ask.
pub fn routes(application: Application) -> impl Iterator<Item = &'static Route> {
    let own: &[Route] = match application {
        Application::PatientPortal => &PATIENT,
        Application::ClinicConsole => &CLINIC,
        Application::AdminConsole => &ADMIN,
    };
    own.iter()
        .chain(&LEDGER)
        .chain(&DIRECTORY)
        .chain(&OWN_SESSIONS)
        .chain(&HEALTH)
}

/// The route that a path below `/api/` means.
pub fn find<'a>(
    application: Application,
    method: &Method,
    path: &'a str,
) -> Option<(&'static Route, &'a str)> {
    let (name, _) = path.split_once('/')?;
    let rest = &path[name.len()..];
    let found = routes(application).find(|route| {
        route.target.as_str() == name && route.method == *method && fits(route.path, rest)
    });
    found.map(|route| (route, rest))
}

fn fits(template: &str, path: &str) -> bool {
    let mut given = path.split('/');
    let fits = template.split('/').all(|part| {
        given.next().is_some_and(|segment| {
            if part.starts_with('{') {
                is_plain(segment)
            } else {
                part == segment
            }
        })
    });
    fits && given.next().is_none()
}

/// Ids, addresses and digests need nothing that a server might decode to something else.
fn is_plain(segment: &str) -> bool {
    (1..=256).contains(&segment.len())
        && segment.bytes().any(|b| b != b'.')
        && segment
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._~:".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_listed_is_found_and_nothing_beside_it() {
        let patient = |method: Method, path| find(Application::PatientPortal, &method, path);
        let (route, rest) = patient(GET, "indexer/v1/consents/0xab").unwrap();
        assert_eq!((route.target, rest), (Target::Indexer, "/v1/consents/0xab"));
        for path in [
            "",
            "indexer",
            "indexer/",
            "indexer/v1",
            "indexer/v1/consents/",
            "indexer/v1/consents/a/b",
            "indexer//v1/consents",
            "indexer/v1/consents/..",
            "indexer/v1/consents/.",
            "indexer/v1/consents/%2e%2e",
            "indexer/v1/consents/a%2fb",
            "indexer/v1/consents/a;b",
            "indexer/v1/../v1/consents",
            "Indexer/v1/consents",
            "audit/v1/counts",
            "auth/v1/accounts",
            "auth/oauth2/token",
            "auth/internal/revocations",
            "fhir/Patient",
        ] {
            assert!(patient(GET, path).is_none(), "{path}");
        }
        assert!(patient(POST, "indexer/v1/consents").is_none());
        assert!(patient(DELETE, "indexer/v1/policies/0xab").is_none());
    }

    #[test]
    fn every_route_is_one_that_its_service_documents() {
        let document = |target| match target {
            Target::Auth => include_str!("../../../../docs/api/auth-service.json"),
            Target::Indexer => include_str!("../../../../docs/api/consent-indexer.json"),
            Target::Relay => include_str!("../../../../docs/api/consent-relay.json"),
            Target::Gateway => include_str!("../../../../docs/api/ehr-gateway.json"),
            Target::Audit => include_str!("../../../../docs/api/audit-pipeline.json"),
        };
        for application in Application::ALL {
            for route in routes(application).filter(|route| route.path != "/health/ready") {
                let document: serde_json::Value =
                    serde_json::from_str(document(route.target)).unwrap();
                let method = route.method.as_str().to_lowercase();
                let known = &document["paths"][route.path][&method];
                assert!(known.is_object(), "{application}: {route:?}");
                let takes_none = known["security"]
                    .as_array()
                    .is_none_or(|ways| ways.iter().any(|way| way.as_object().unwrap().is_empty()));
                let open = route.bearer == Bearer::None;
                assert!(!open || takes_none, "{route:?} needs a token");
            }
        }
    }
}
