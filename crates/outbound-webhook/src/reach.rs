//! Which addresses are of the open internet. What is not could be this machine, its neighbours or the service that
//! tells machines their secrets, and nobody outside may choose to have those asked.
//!
//! Sources: the registers of special-purpose addresses of IANA (RFC 6890), RFC 6052, RFC 3056, RFC 9637.

use crate::network::Network;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const NOT_GLOBAL_V4: [Network; 16] = [
    Network::v4(0, 0, 0, 0, 8),        // this network; 0.0.0.0 is this machine
    Network::v4(10, 0, 0, 0, 8),       // private
    Network::v4(100, 64, 0, 0, 10),    // shared behind a provider's translation
    Network::v4(127, 0, 0, 0, 8),      // this machine
    Network::v4(168, 63, 129, 16, 32), // the host's own services in one large cloud
    Network::v4(169, 254, 0, 0, 16),   // this link; 169.254.169.254 tells machines their secrets
    Network::v4(172, 16, 0, 0, 12),    // private
    Network::v4(192, 0, 0, 0, 24),     // protocol assignments
    Network::v4(192, 0, 2, 0, 24),     // documentation
    Network::v4(192, 88, 99, 0, 24),   // relays of 6to4, withdrawn
    Network::v4(192, 168, 0, 0, 16),   // private
    Network::v4(198, 18, 0, 0, 15),    // benchmarking
    Network::v4(198, 51, 100, 0, 24),  // documentation
    Network::v4(203, 0, 113, 0, 24),   // documentation
    Network::v4(224, 0, 0, 0, 4),      // multicast
    Network::v4(240, 0, 0, 0, 4),      // reserved, and broadcast
];

/// What is given out of IPv6. Everything else is special: this machine, this link, unique local, multicast, IPv4 in
/// forms that were withdrawn, not yet given out.
const GIVEN_OUT_V6: Network = Network::v6(0x2000, 0, 0, 3);
const NOT_GLOBAL_V6: [Network; 3] = [
    Network::v6(0x2001, 0, 0, 23),     // protocol assignments: Teredo, benchmarking, ORCHID
    Network::v6(0x2001, 0xdb8, 0, 32), // documentation
    Network::v6(0x3fff, 0, 0, 20),     // documentation
];
const NAT64: Network = Network::v6(0x64, 0xff9b, 0, 96);
const SIX_TO_FOUR: Network = Network::v6(0x2002, 0, 0, 16);

/// Whether the address can be routed on the open internet and is nobody's special one. An address of IPv6 that stands
/// for one of IPv4 is judged by that one.
///
/// ```
/// assert!(cpis_outbound_webhook::is_global("9.9.9.9".parse().unwrap()));
/// assert!(!cpis_outbound_webhook::is_global("64:ff9b::169.254.169.254".parse().unwrap()));
/// ```
pub fn is_global(address: IpAddr) -> bool {
    let is_global_v4 = |address: Ipv4Addr| !NOT_GLOBAL_V4.iter().any(|network| network.contains(address.into()));
    match address.to_canonical() {
        IpAddr::V4(address) => is_global_v4(address),
        IpAddr::V6(address) => v4_within(address).map_or_else(
            || {
                GIVEN_OUT_V6.contains(address.into())
                    && !NOT_GLOBAL_V6.iter().any(|block| block.contains(address.into()))
            },
            is_global_v4,
        ),
    }
}

/// Whether something may be sent there.
pub(crate) fn may_reach(address: IpAddr, allowed: &[Network]) -> bool {
    is_global(address) || allowed.iter().any(|network| network.contains(address))
}

/// The address of IPv4 at which a translator or a tunnel would deliver.
fn v4_within(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let bits = address.to_bits();
    let shift = match IpAddr::from(address) {
        address if NAT64.contains(address) => 0,
        address if SIX_TO_FOUR.contains(address) => 80,
        _ => return None,
    };
    Some(Ipv4Addr::from_bits((bits >> shift) as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_open_internet_is_global() {
        for (address, global) in [
            ("1.1.1.1", true),
            ("9.9.9.9", true),
            ("9.255.255.255", true),
            ("11.0.0.0", true),
            ("100.63.255.255", true),
            ("100.128.0.0", true),
            ("126.255.255.255", true),
            ("128.0.0.1", true),
            ("168.63.129.17", true),
            ("169.253.255.255", true),
            ("172.15.255.255", true),
            ("172.32.0.0", true),
            ("192.167.255.255", true),
            ("198.17.255.255", true),
            ("198.20.0.0", true),
            ("223.255.255.255", true),
            ("0.0.0.0", false),
            ("0.1.2.3", false),
            ("10.0.0.0", false),
            ("10.255.255.255", false),
            ("100.64.0.1", false),
            ("100.100.100.200", false),
            ("100.127.255.255", false),
            ("127.0.0.1", false),
            ("127.255.255.255", false),
            ("168.63.129.16", false),
            ("169.254.0.1", false),
            ("169.254.169.254", false),
            ("172.16.0.0", false),
            ("172.31.255.255", false),
            ("192.0.0.8", false),
            ("192.0.2.1", false),
            ("192.88.99.1", false),
            ("192.168.0.0", false),
            ("192.168.255.255", false),
            ("198.18.0.1", false),
            ("198.19.255.255", false),
            ("198.51.100.1", false),
            ("203.0.113.1", false),
            ("224.0.0.1", false),
            ("239.255.255.255", false),
            ("240.0.0.1", false),
            ("255.255.255.255", false),
            ("2606:4700:4700::1111", true),
            ("2001:4860:4860::8888", true),
            ("2a00::1", true),
            ("3ffe::1", true),
            ("::", false),
            ("::1", false),
            ("::2", false),
            ("100::1", false),
            ("2001::1", false),
            ("2001:2::1", false),
            ("2001:10::1", false),
            ("2001:1ff:ffff::1", false),
            ("2001:db8::1", false),
            ("2001:db8:ffff::1", false),
            ("3fff::1", false),
            ("3fff:fff::1", false),
            ("4000::1", false),
            ("5f00::1", false),
            ("fc00::1", false),
            ("fd00:ec2::254", false),
            ("fe80::1", false),
            ("febf::1", false),
            ("fec0::1", false),
            ("ff02::1", false),
            ("ff0e::1", false),
            // IPv4 within IPv6: mapped, compatible, NAT64, local NAT64, 6to4
            ("::ffff:9.9.9.9", true),
            ("::ffff:127.0.0.1", false),
            ("::ffff:10.1.2.3", false),
            ("::ffff:169.254.169.254", false),
            ("::9.9.9.9", false),
            ("::127.0.0.1", false),
            ("::ffff:0:127.0.0.1", false),
            ("64:ff9b::9.9.9.9", true),
            ("64:ff9b::127.0.0.1", false),
            ("64:ff9b::192.168.0.1", false),
            ("64:ff9b::1:9.9.9.9", false),
            ("64:ff9b:1::9.9.9.9", false),
            ("2002:909:909::1", true),
            ("2002:7f00:1::1", false),
            ("2002:a00:1::", false),
            ("2002:a9fe:a9fe::1", false),
            ("2002:c0a8:1::1", false),
        ] {
            assert_eq!(is_global(address.parse().unwrap()), global, "{address}");
        }
    }

    #[test]
    fn what_is_allowed_may_be_reached_and_nothing_beside_it() {
        let allowed = ["10.20.0.0/16".parse().unwrap(), "fd12::/16".parse().unwrap()];
        for (address, reached) in [
            ("9.9.9.9", true),
            ("10.20.3.4", true),
            ("::ffff:10.20.3.4", true),
            ("fd12::1", true),
            ("10.21.0.1", false),
            ("fd13::1", false),
            ("64:ff9b::10.20.3.4", false),
            ("127.0.0.1", false),
        ] {
            assert_eq!(may_reach(address.parse().unwrap(), &allowed), reached, "{address}");
        }
    }
}
