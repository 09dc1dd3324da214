//! What matches a registered redirect URI.

use url::Url;

/// Whether `asked` is this registered URI: the very same text. Only the port of a loopback IP is free (RFC 8252 §7.3),
/// because a native app cannot know beforehand which one it gets.
pub fn matches(registered: &str, asked: &str) -> bool {
    if registered == asked {
        return true;
    }
    match (loopback_parts(registered), loopback_parts(asked)) {
        (Some(registered), Some(asked)) => registered == asked,
        _ => false,
    }
}

/// A loopback URI as its host and everything behind the port, as text: nothing is normalised but the port.
fn loopback_parts(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let host = ["127.0.0.1", "[::1]"]
        .into_iter()
        .find(|host| rest.starts_with(host))?;
    let behind = &rest[host.len()..];
    let tail = match behind.strip_prefix(':') {
        Some(port) => {
            let digits = port.bytes().take_while(u8::is_ascii_digit).count();
            let number: u16 = port[..digits].parse().ok()?;
            if number == 0 {
                return None;
            }
            &port[digits..]
        }
        None => behind,
    };
    (tail.is_empty() || tail.starts_with('/') || tail.starts_with('?'))
        .then_some((host, tail))
        .filter(|_| Url::parse(uri).is_ok() && !uri.contains('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_match_is_no_match() {
        let registered = "https://app.example/callback";
        assert!(matches(registered, registered));
        for near in [
            "https://app.example/callback/",
            "https://app.example/callback?x=1",
            "https://app.example/callback#",
            "https://app.example/Callback",
            "https://APP.example/callback",
            "https://app.example:443/callback",
            "https://app.example:8443/callback",
            "http://app.example/callback",
            "https://app.example/callback/../evil",
            "https://app.example/%63allback",
            "https://app.example.evil.example/callback",
            "https://user@app.example/callback",
            "https://sub.app.example/callback",
            " https://app.example/callback",
            "",
        ] {
            assert!(!matches(registered, near), "{near}");
        }
    }

    #[test]
    fn only_the_port_of_a_loopback_address_is_free() {
        let registered = "http://127.0.0.1/callback";
        for good in [
            "http://127.0.0.1/callback",
            "http://127.0.0.1:1/callback",
            "http://127.0.0.1:65535/callback",
        ] {
            assert!(matches(registered, good), "{good}");
        }
        assert!(matches("http://[::1]:7000/cb", "http://[::1]:7001/cb"));
        for bad in [
            "http://127.0.0.1:0/callback",
            "http://127.0.0.1:65536/callback",
            "http://127.0.0.1:1@evil.example/callback",
            "http://127.0.0.1:/callback",
            "http://127.0.0.1:1/callback2",
            "http://127.0.0.1:1/callback?x",
            "http://127.0.0.1:1/callback#f",
            "http://127.0.0.1.evil.example/callback",
            "http://127.0.0.12/callback",
            "http://127.1/callback",
            "http://localhost/callback",
            "http://[::1]/callback",
            "https://127.0.0.1:1/callback",
        ] {
            assert!(!matches(registered, bad), "{bad}");
        }
        assert!(!matches(
            "http://localhost/callback",
            "http://localhost:1/callback"
        ));
    }
}
