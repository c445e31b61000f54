//! Addresses and networks of `in_cidr`: IPv4 and IPv6, written one way.
//!
//! Reading is `core::net`'s, so there is no second grammar of addresses. An IPv4 address lies in no IPv6 network and
//! the other way round, mapped addresses included.
//!
//! INVARIANT: a network has no bit set behind its prefix, so one network has one text.
//! Tests: `network/tests.rs`.

#[cfg(test)]
mod tests;

use core::fmt;
use core::net::IpAddr;

/// A network: an address and how many of its leading bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network {
    address: IpAddr,
    prefix_bits: u8,
}

/// Why a text is not a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// Not `address/bits`, with as many bits at most as the address has.
    #[error("it is not an IPv4 or IPv6 network such as `10.0.0.0/8` or `2001:db8::/32`")]
    Form,
    /// Bits are set behind the prefix.
    #[error("bits are set behind the prefix; the network is `{0}`")]
    HostBits(Network),
    /// Another spelling of a network.
    #[error("it is not the shortest spelling; write `{0}`")]
    Spelling(Network),
}

impl Network {
    /// Reads `address/bits`.
    ///
    /// # Errors
    /// [`NetworkError`]; the last two name the network that was meant.
    pub fn parse(text: &str) -> Result<Network, NetworkError> {
        let (address, bits) = text.split_once('/').ok_or(NetworkError::Form)?;
        let address: IpAddr = address.parse().map_err(|_| NetworkError::Form)?;
        let prefix_bits: u8 = bits.parse().map_err(|_| NetworkError::Form)?;
        if prefix_bits > width(address) {
            return Err(NetworkError::Form);
        }
        let network = Network {
            address: masked(address, prefix_bits),
            prefix_bits,
        };
        if network.address != address {
            return Err(NetworkError::HostBits(network));
        }
        if !is_text_of(network, text) {
            return Err(NetworkError::Spelling(network));
        }
        Ok(network)
    }

    /// Whether the address lies in the network.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        masked(address, self.prefix_bits) == self.address
    }

    /// The network's lowest address.
    #[must_use]
    pub const fn address(&self) -> IpAddr {
        self.address
    }

    /// How many leading bits count: 0–32 or 0–128.
    #[must_use]
    pub const fn prefix_bits(&self) -> u8 {
        self.prefix_bits
    }
}

/// Bits of an address.
const fn width(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// The address with every bit behind the prefix cleared.
fn masked(address: IpAddr, prefix_bits: u8) -> IpAddr {
    let shift = u32::from(width(address).saturating_sub(prefix_bits));
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(shift).unwrap_or(0);
            IpAddr::V4((v4.to_bits() & mask).into())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(shift).unwrap_or(0);
            IpAddr::V6((v6.to_bits() & mask).into())
        }
    }
}

fn is_text_of(network: Network, text: &str) -> bool {
    use alloc::string::ToString;
    network.to_string() == text
}

impl fmt::Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.address, self.prefix_bits)
    }
}
