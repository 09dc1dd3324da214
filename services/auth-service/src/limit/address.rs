//! Where a request comes from.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap, HeaderName};

/// What counts as one source: an IPv4 address, or the /64 that an IPv6 subscriber has to himself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl Network {
    /// The network of an address.
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => {
                let bits = address.to_bits() >> 64 << 64;
                IpAddr::V6(Ipv6Addr::from_bits(bits))
            }
        })
    }

    /// Its bytes.
    pub fn bytes(self) -> Vec<u8> {
        match self.0 {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        }
    }
}

/// Where the address is found.
#[derive(Debug, Clone)]
pub struct Source(Option<HeaderName>);

impl Source {
    /// In the last entry of this header, which our own proxy wrote; else at the other end of the connection.
    pub fn new(header: Option<HeaderName>) -> Self {
        Self(header)
    }

    /// The network that a request comes from. Where nothing is known, all are one: rather too strict than no limit.
    pub fn network(&self, headers: &HeaderMap, extensions: &Extensions) -> Network {
        let address = match &self.0 {
            Some(header) => last(headers, header),
            None => extensions
                .get::<ConnectInfo<SocketAddr>>()
                .map(|ConnectInfo(peer)| peer.ip()),
        };
        Network::of(address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)))
    }
}

/// Entries before the last were written by whoever sent the request.
fn last(headers: &HeaderMap, header: &HeaderName) -> Option<IpAddr> {
    let line = headers.get_all(header).iter().next_back()?.to_str().ok()?;
    line.rsplit(',').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn network(text: &str) -> Network {
        Network::of(text.parse().unwrap())
    }

    #[test]
    fn a_subscriber_is_one_network() {
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff::9"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
    }

    #[test]
    fn only_what_our_proxy_wrote_counts() {
        let mut headers = HeaderMap::new();
        let name = HeaderName::from_static("x-forwarded-for");
        headers.append(&name, HeaderValue::from_static("198.51.100.9"));
        headers.append(&name, HeaderValue::from_static("198.51.100.8, 192.0.2.1"));
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo::<SocketAddr>("10.0.0.1:1".parse().unwrap()));
        let behind = Source::new(Some(name));
        assert_eq!(behind.network(&headers, &extensions), network("192.0.2.1"));
        let direct = Source::new(None);
        assert_eq!(direct.network(&headers, &extensions), network("10.0.0.1"));
        // A proxy that writes nothing makes all one, and never lets the sender choose.
        assert_eq!(
            behind.network(&HeaderMap::new(), &extensions),
            network("0.0.0.0")
        );
    }
}
