//! Whose word about the client's address is taken.
use super::ConfigError;
use ipnet::IpNet;
use std::net::IpAddr;

/// Networks of reverse proxies.
#[derive(Clone, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Reads networks and addresses separated by commas.
    pub fn parse(variable: &'static str, text: &str) -> Result<TrustedProxies, ConfigError> {
        text.split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
            .map(|entry| network(variable, entry))
            .collect::<Result<_, _>>()
            .map(TrustedProxies)
    }

    /// Whether this address is a proxy's.
    pub fn trust(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The client's address: the rightmost entry of `X-Forwarded-For` that is no trusted proxy's,
    /// if the peer is one; else the peer's. What is left of an entry that is no address is not believed.
    pub fn client<'h>(
        &self,
        peer: IpAddr,
        forwarded_for: impl DoubleEndedIterator<Item = &'h str>,
    ) -> IpAddr {
        let mut client = peer;
        let entries = forwarded_for.rev().flat_map(|header| header.rsplit(','));
        for entry in entries {
            if !self.trust(client) {
                break;
            }
            let Some(address) = address(entry.trim()) else {
                break;
            };
            client = address;
        }
        client
    }
}

fn network(variable: &'static str, entry: &str) -> Result<IpNet, ConfigError> {
    let network: Option<IpNet> = entry
        .parse()
        .ok()
        .or_else(|| entry.parse::<IpAddr>().map(IpNet::from).ok());
    network.ok_or_else(|| {
        ConfigError::bad(
            variable,
            format!("`{entry}` is not a network such as 10.0.0.0/8 or an address"),
        )
    })
}

/// An address, as proxies write it: bare, with a port, or IPv6 in brackets.
fn address(entry: &str) -> Option<IpAddr> {
    let address = entry
        .parse()
        .ok()
        .or_else(|| {
            entry
                .parse()
                .map(|socket: std::net::SocketAddr| socket.ip())
                .ok()
        })
        .or_else(|| entry.strip_prefix('[')?.strip_suffix(']')?.parse().ok());
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded_for: &[&str]) -> String {
        let proxies = TrustedProxies::parse("TEST", "10.0.0.0/8, ::1").expect("networks");
        let peer = peer.parse().expect("an address");
        proxies
            .client(peer, forwarded_for.iter().copied())
            .to_string()
    }

    #[test]
    fn untrusted_peer_is_the_client_whatever_it_says() {
        assert_eq!(client("192.0.2.1", &["198.51.100.1"]), "192.0.2.1");
    }

    #[test]
    fn rightmost_untrusted_entry_is_the_client() {
        let said = ["203.0.113.9, 198.51.100.1", "10.0.0.2"];
        assert_eq!(client("10.0.0.1", &said), "198.51.100.1");
        assert_eq!(client("::1", &["[2001:db8::1]:443"]), "2001:db8::1");
        assert_eq!(client("10.0.0.1", &["::ffff:192.0.2.7"]), "192.0.2.7");
    }

    #[test]
    fn nothing_left_of_nonsense_is_believed() {
        assert_eq!(client("10.0.0.1", &["198.51.100.1, unknown"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
    }
}
