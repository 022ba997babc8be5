//! Blocks of addresses, as configuration and the registers of special addresses write them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// The shortest prefix that a configuration may have: what is larger allows half of the world by a slip.
const PREFIX_MIN: u32 = 8;

/// A block of addresses, such as `10.20.0.0/16` or `fd12::/16`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network {
    address: IpAddr,
    prefix: u32,
}

/// Why a text is no block of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkFault {
    /// Not an address, or one of IPv4 written as IPv6.
    #[error("a network begins with an address, such as 10.20.0.0/16")]
    Address,
    /// Not a length that such an address has.
    #[error("the prefix of a network must be 8 to 32, or 8 to 128 for IPv6")]
    Prefix,
    /// The address lies within the block; it does not begin it.
    #[error("the address of a network must have no bits beyond its prefix")]
    Beyond,
}

impl Network {
    pub(crate) const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u32) -> Self {
        Self { address: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), prefix }
    }

    /// By the first three groups of an address.
    pub(crate) const fn v6(a: u16, b: u16, c: u16, prefix: u32) -> Self {
        Self { address: IpAddr::V6(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0)), prefix }
    }

    /// Whether the address lies in it. An address of IPv4 that is written as one of IPv6 is taken for what it is.
    ///
    /// ```
    /// let network: cpis_outbound_webhook::Network = "10.20.0.0/16".parse().unwrap();
    /// assert!(network.contains("::ffff:10.20.255.1".parse().unwrap()));
    /// assert!(!network.contains("10.21.0.1".parse().unwrap()));
    /// ```
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let kept = |address: Ipv4Addr| address.to_bits().checked_shr(32 - self.prefix);
                kept(own) == kept(other)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let kept = |address: Ipv6Addr| address.to_bits().checked_shr(128 - self.prefix);
                kept(own) == kept(other)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl FromStr for Network {
    type Err = NetworkFault;

    fn from_str(text: &str) -> Result<Self, NetworkFault> {
        let (address, prefix) = text.trim().split_once('/').ok_or(NetworkFault::Prefix)?;
        let address: IpAddr = address.parse().map_err(|_| NetworkFault::Address)?;
        if address.to_canonical() != address {
            return Err(NetworkFault::Address);
        }
        let (bits, length) = match address {
            IpAddr::V4(address) => (u128::from(address.to_bits()) << 96, 32),
            IpAddr::V6(address) => (address.to_bits(), 128),
        };
        let is_number = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix = prefix.parse().ok().filter(|prefix| is_number && (PREFIX_MIN..=length).contains(prefix));
        let prefix: u32 = prefix.ok_or(NetworkFault::Prefix)?;
        if bits.checked_shl(prefix).is_some_and(|beyond| beyond != 0) {
            return Err(NetworkFault::Beyond);
        }
        Ok(Self { address, prefix })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn networks_are_read() {
        for (text, expected) in [
            ("10.0.0.0/8", Ok(())),
            (" 192.168.4.0/22 ", Ok(())),
            ("127.0.0.1/32", Ok(())),
            ("fd00::/8", Ok(())),
            ("fd12:3456::1/128", Ok(())),
            ("10.0.0.1", Err(NetworkFault::Prefix)),
            ("10.0.0.0/", Err(NetworkFault::Prefix)),
            ("10.0.0.0/+8", Err(NetworkFault::Prefix)),
            ("0.0.0.0/0", Err(NetworkFault::Prefix)),
            ("8.0.0.0/7", Err(NetworkFault::Prefix)),
            ("10.0.0.0/33", Err(NetworkFault::Prefix)),
            ("fd00::/129", Err(NetworkFault::Prefix)),
            ("10.0.0/8", Err(NetworkFault::Address)),
            ("intranet/8", Err(NetworkFault::Address)),
            ("::ffff:10.0.0.0/104", Err(NetworkFault::Address)),
            ("10.1.0.0/8", Err(NetworkFault::Beyond)),
            ("10.0.0.1/31", Err(NetworkFault::Beyond)),
            ("fd00::1/127", Err(NetworkFault::Beyond)),
        ] {
            let read = text.parse::<Network>();
            assert_eq!(read.map(|_| ()), expected, "{text}");
            assert!(read.is_err() || read.unwrap().to_string() == text.trim());
        }
    }

    #[test]
    fn the_first_and_the_last_lie_within_and_their_neighbours_do_not() {
        for (network, inside, outside) in [
            ("10.0.0.0/8", ["10.0.0.0", "10.255.255.255"], ["9.255.255.255", "11.0.0.0"]),
            ("192.168.4.0/22", ["192.168.4.0", "192.168.7.255"], ["192.168.3.255", "192.168.8.0"]),
            ("10.1.2.3/32", ["10.1.2.3", "::ffff:10.1.2.3"], ["10.1.2.2", "10.1.2.4"]),
            ("fd00::/8", ["fd00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"], ["fcff::", "fe00::"]),
            ("fd00::1/128", ["fd00::1", "fd00:0::1"], ["fd00::", "0.0.0.1"]),
        ] {
            let network: Network = network.parse().unwrap();
            assert!(inside.iter().all(|address| network.contains(address.parse().unwrap())), "{network}");
            assert!(!outside.iter().any(|address| network.contains(address.parse().unwrap())), "{network}");
        }
    }

    proptest! {
        #[test]
        fn a_network_is_the_addresses_with_its_first_bits(bits: u32, other: u32, prefix in 8u32..=32) {
            let mask = u32::MAX << (32 - prefix);
            let network: Network = format!("{}/{prefix}", Ipv4Addr::from_bits(bits & mask)).parse().unwrap();
            prop_assert!(network.contains(Ipv4Addr::from_bits(bits).into()));
            let mixed = other & !mask | bits & mask;
            prop_assert!(network.contains(Ipv4Addr::from_bits(mixed).to_ipv6_mapped().into()));
            prop_assert_eq!(network.contains(Ipv4Addr::from_bits(other).into()), other & mask == bits & mask);
        }
    }
}
