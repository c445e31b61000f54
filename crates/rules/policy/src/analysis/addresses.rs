//! Which addresses there are as far as some networks can tell.
//!
//! INVARIANT: for each interval between ends of networks there is a witness, and one that is none of the named texts
//! unless the interval has no other.
//! Tests: `addresses/tests.rs`.

#[cfg(test)]
mod tests;

use crate::language::Network;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Addresses of every interval, named and not, and one outside every network where there is one.
pub fn witnesses(networks: &[Network], named: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let is_v4 = |network: &&Network| network.address().is_ipv4();
    let v4 = starts(networks.iter().filter(is_v4), 32);
    let v6 = starts(networks.iter().filter(|network| !is_v4(network)), 128);
    // One more than there are names: one of them is not named.
    let count = named.len() as u128 + 1;
    for start in v4 {
        for step in 0..count {
            if let Some(bits) = start
                .checked_add(step)
                .and_then(|bits| u32::try_from(bits).ok())
            {
                found.push(Ipv4Addr::from_bits(bits).to_string());
            }
        }
    }
    for start in v6 {
        for step in 0..count {
            if let Some(bits) = start.checked_add(step) {
                let address = Ipv6Addr::from_bits(bits);
                found.push(address.to_string());
                found.push(spelled_out(address));
            }
        }
    }
    found.extend(named.iter().map(ToString::to_string));
    found
}

/// Where intervals start: zero, each network's first address and the one after its last.
fn starts<'n>(networks: impl Iterator<Item = &'n Network>, width_bits: u32) -> BTreeSet<u128> {
    let mut starts = BTreeSet::from([0]);
    for network in networks {
        let first = match network.address() {
            IpAddr::V4(address) => u128::from(address.to_bits()),
            IpAddr::V6(address) => address.to_bits(),
        };
        starts.insert(first);
        let host_bits = width_bits - u32::from(network.prefix_bits());
        let size = 1_u128.checked_shl(host_bits);
        starts.extend(size.and_then(|size| first.checked_add(size)));
    }
    starts
}

/// The longest spelling: another text of the same address.
fn spelled_out(address: Ipv6Addr) -> String {
    let parts = address.segments().map(|segment| format!("{segment:04x}"));
    parts.join(":")
}
