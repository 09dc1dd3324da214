//! Addresses that people's browsers are sent to.

use url::{Host, Url};

/// The rule for them, for messages.
pub const RULE: &str = "must be an absolute https URL (http on this machine only, or an application's own scheme such \
                        as org.example.app:/callback), at most 512 characters, without fragment, user or wildcard";

/// Whether a browser may be sent there with a code. Compared byte by byte later, so it has to be written in normal
/// form: what a browser would rewrite could be compared with something else than where it goes.
pub fn is_redirect_target(text: &str) -> bool {
    if text.len() > 512 || text.contains(['#', '*', '\\']) {
        return false;
    }
    let Ok(url) = Url::parse(text) else {
        return false;
    };
    let written_so = url.as_str() == text || url.as_str().strip_suffix('/') == Some(text);
    if !written_so || !url.username().is_empty() || url.password().is_some() {
        return false;
    }
    match url.scheme() {
        "https" => url.has_host(),
        "http" => match url.host() {
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        },
        // RFC 8252 §7.1: a reversed domain name, so that no other application's scheme is meant.
        scheme => scheme.contains('.') && !url.has_host() && url.path().starts_with('/'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_that_lead_to_one_place_are_targets() {
        for good in [
            "https://app.example/callback",
            "https://app.example/callback?tenant=1",
            "https://app.example",
            "http://127.0.0.1:7010/callback",
            "http://[::1]/callback",
            "http://localhost:7010/callback",
            "org.example.app:/callback",
        ] {
            assert!(is_redirect_target(good), "{good}");
        }
        for bad in [
            "",
            "/callback",
            "callback",
            "http://app.example/callback",
            "http://localhost.example/callback",
            "https://app.example/callback#fragment",
            "https://*.app.example/callback",
            "https://user@app.example/callback",
            "https://app.example/a/../callback",
            "https://APP.example/callback",
            "https://app.example\\@evil.example/",
            "https://app.example/call back",
            "javascript:alert(1)",
            "data:text/html,x",
            "app:/callback",
            "org.example.app://host/callback",
        ] {
            assert!(!is_redirect_target(bad), "{bad}");
        }
    }
}
