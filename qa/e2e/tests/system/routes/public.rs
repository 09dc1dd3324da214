//! What is open to everybody, and why; and what takes any good token. An entry that no longer exists fails the test.

use std::fmt;

use local_stack::Layout;
use serde_json::json;

use super::document::Route;

/// Names a route, by its service or the program of several. `*` for a service means each of them.
#[derive(Debug, Clone, Copy)]
pub struct Of {
    pub service: &'static str,
    pub method: &'static str,
    pub path: &'static str,
}

impl fmt::Display for Of {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.service, self.method, self.path)
    }
}

impl Of {
    pub fn is(&self, route: &Route) -> bool {
        ["*", &route.service, &route.program].contains(&self.service)
            && self.method == route.method
            && self.path == route.path
    }

    /// The route at each service that it names.
    pub fn everywhere(&self, layout: &Layout) -> Vec<Route> {
        let services = layout.services.keys();
        services
            .filter(|name| self.service == "*" || self.service == *name)
            .map(|name| Route::undocumented(name, self.method, self.path, json!({})))
            .collect()
    }
}

/// A route that needs no token.
pub struct Public {
    pub of: Of,
    /// What it answers to a bare request, without a token, a client's credentials, a cookie, a body.
    pub answers: &'static [u16],
    /// Why it is open.
    pub because: &'static str,
    /// Whether an OpenAPI document names it: pages for people and probes are in none.
    pub documented: bool,
}

const fn of(service: &'static str, method: &'static str, path: &'static str) -> Of {
    Of {
        service,
        method,
        path,
    }
}

const fn documented(
    service: &'static str,
    method: &'static str,
    path: &'static str,
    answers: &'static [u16],
    because: &'static str,
) -> Public {
    Public {
        of: of(service, method, path),
        answers,
        because,
        documented: true,
    }
}

const fn page(
    method: &'static str,
    path: &'static str,
    answers: &'static [u16],
    because: &'static str,
) -> Public {
    Public {
        of: of("auth-service", method, path),
        answers,
        because,
        documented: false,
    }
}

const fn probe(path: &'static str, because: &'static str) -> Public {
    Public {
        of: of("*", "GET", path),
        answers: &[200],
        because,
        documented: false,
    }
}

/// Asks for what the service is before anybody can have a token.
const METADATA: &str = "says where and how tokens are got";
/// Authenticates clients by their own keys.
const CLIENTS: &str = "the client authenticates itself, here by nothing";
const SIGN_IN: &str = "people sign in here, or make their account with a code";
const OWN_PAGES: &str =
    "people's own pages: the browser's session says who, and without one they lead to signing in";
const PORTAL: &str = "an application's own page asks, and the browser's session says who";
const ASSET: &str = "what the pages are made of";

/// Everything that may be called without a token.
pub const PUBLIC: &[Public] = &[
    probe(
        "/health/live",
        "a balancer asks, who has no token; says nothing else",
    ),
    probe(
        "/health/ready",
        "a balancer asks, who has no token; names dependencies, no addresses",
    ),
    documented(
        "auth-service",
        "GET",
        "/.well-known/oauth-authorization-server",
        &[200],
        METADATA,
    ),
    documented(
        "auth-service",
        "GET",
        "/.well-known/openid-configuration",
        &[200],
        METADATA,
    ),
    documented(
        "auth-service",
        "GET",
        "/.well-known/smart-configuration",
        &[200],
        METADATA,
    ),
    documented(
        "auth-service",
        "GET",
        "/oauth2/jwks",
        &[200],
        "the keys that everybody checks tokens with, public halves",
    ),
    documented(
        "auth-service",
        "GET",
        "/oauth2/authorize",
        &[400],
        "an app sends a browser here, and the person then signs in",
    ),
    documented(
        "auth-service",
        "POST",
        "/oauth2/authorize",
        &[400],
        "the same by a form",
    ),
    documented("auth-service", "POST", "/oauth2/par", &[400, 401], CLIENTS),
    documented(
        "auth-service",
        "POST",
        "/oauth2/token",
        &[400, 401],
        CLIENTS,
    ),
    documented(
        "auth-service",
        "POST",
        "/oauth2/introspect",
        &[400, 401],
        CLIENTS,
    ),
    documented(
        "auth-service",
        "POST",
        "/oauth2/revoke",
        &[400, 401],
        CLIENTS,
    ),
    documented(
        "auth-service",
        "GET",
        "/oauth2/logout",
        &[200],
        "asks the person, whom the browser's session names, before it ends anything",
    ),
    documented(
        "auth-service",
        "POST",
        "/oauth2/logout",
        &[200],
        "the same by a form",
    ),
    documented(
        "consent-relay",
        "POST",
        "/v1/intents",
        &[415],
        "a stop is its own authority, by its signature; requests need a token",
    ),
    documented(
        "consent-relay",
        "GET",
        "/v1/intents/{digest}",
        &[404],
        "who signed a stop without any account follows it; only who has the intent knows its digest, and the chain tells all of it",
    ),
    documented(
        "ehr-gateway",
        "GET",
        "/.well-known/authzen-configuration",
        &[200],
        METADATA,
    ),
    documented(
        "ehr-gateway",
        "GET",
        "/.well-known/oauth-protected-resource",
        &[200],
        METADATA,
    ),
    documented(
        "ehr-gateway",
        "GET",
        "/fhir/R4/metadata",
        &[200],
        "FHIR's CapabilityStatement: what the server can do, no record",
    ),
    documented("portal-bff", "GET", "/deployment.json", &[200], PORTAL),
    documented("portal-bff", "GET", "/session", &[401], PORTAL),
    documented("portal-bff", "GET", "/session/start", &[303], SIGN_IN),
    documented("portal-bff", "POST", "/session/end", &[401], PORTAL),
    documented("portal-bff", "GET", "/callback", &[303], SIGN_IN),
    page("GET", "/sign-in", &[200], SIGN_IN),
    page("POST", "/sign-in", &[403], SIGN_IN),
    page("GET", "/sign-in/code", &[400], SIGN_IN),
    page("POST", "/sign-in/code", &[403], SIGN_IN),
    page("GET", "/sign-in/continue", &[400], SIGN_IN),
    page("GET", "/sign-in/second-step", &[303], SIGN_IN),
    page("POST", "/sign-in/passkey/options", &[403], SIGN_IN),
    page("POST", "/sign-in/passkey", &[403], SIGN_IN),
    page("GET", "/sign-out", &[303], OWN_PAGES),
    page("POST", "/sign-out", &[303], OWN_PAGES),
    page("GET", "/enrol", &[200], SIGN_IN),
    page("POST", "/enrol", &[403], SIGN_IN),
    page("GET", "/enrol/name", &[400], SIGN_IN),
    page("POST", "/enrol/name", &[403], SIGN_IN),
    page("GET", "/enrol/proof", &[400], SIGN_IN),
    page("GET", "/enrol/password", &[400], SIGN_IN),
    page("POST", "/enrol/password", &[403], SIGN_IN),
    page("GET", "/enrol/app", &[400], SIGN_IN),
    page("POST", "/enrol/app", &[403], SIGN_IN),
    page("POST", "/enrol/passkey/options", &[403], SIGN_IN),
    page("POST", "/enrol/passkey", &[403], SIGN_IN),
    page("GET", "/account", &[303], OWN_PAGES),
    page("POST", "/account/sessions/end", &[303], OWN_PAGES),
    page("POST", "/account/sessions/end-all", &[303], OWN_PAGES),
    page("GET", "/account/password", &[303], OWN_PAGES),
    page("POST", "/account/password", &[303], OWN_PAGES),
    page("GET", "/account/app", &[303], OWN_PAGES),
    page("POST", "/account/app", &[303], OWN_PAGES),
    page("POST", "/account/app/remove", &[303], OWN_PAGES),
    page("GET", "/account/passkey", &[303], OWN_PAGES),
    page("POST", "/account/passkey/remove", &[303], OWN_PAGES),
    page("POST", "/account/passkey/options", &[401], OWN_PAGES),
    page("POST", "/account/passkey/made", &[401], OWN_PAGES),
    page("GET", "/account/apps", &[303], OWN_PAGES),
    page("POST", "/account/apps/end", &[303], OWN_PAGES),
    page("POST", "/oauth2/authorize/decision", &[303], OWN_PAGES),
    page("GET", "/assets/style.css", &[200], ASSET),
    page("GET", "/assets/passkey.js", &[200], ASSET),
];

/// What any good token of the issuer opens, whatever its scope: nothing of it is about a patient.
pub const ANY_TOKEN: &[Of] = &[
    // How far the projection is.
    of("consent-indexer", "GET", "/v1/chain"),
    // Whom the registries on chain name as verified; they are public.
    of("consent-indexer", "GET", "/v1/organizations"),
    of("consent-indexer", "GET", "/v1/organizations/{address}"),
    of("consent-indexer", "GET", "/v1/practitioners"),
    of("consent-indexer", "GET", "/v1/practitioners/{address}"),
    // Who asks a patient, by name.
    of("auth-service", "GET", "/v1/organizations"),
    of("auth-service", "GET", "/v1/organizations/{id}"),
];

/// What takes a token for any audience: it is of the issuer itself, which everybody's token comes from.
pub const ANY_AUDIENCE: &[Of] = &[
    // OpenID Connect Core §5.3: whoever was given the token asks who signed in.
    of("auth-service", "GET", "/oauth2/userinfo"),
    of("auth-service", "POST", "/oauth2/userinfo"),
];

/// Routes that need a token and that no document names.
pub const HIDDEN: &[Of] = &[
    // The path of the first roadmap: the same as /v1/consents.
    of("consent-indexer", "GET", "/consents"),
];
