//! Networks: what is read, what is refused with which words, what lies inside.

use super::*;
use alloc::string::ToString;

#[test]
fn networks_are_read_in_one_spelling() {
    for (text, complaint) in [
        ("10.0.0.0/8", ""),
        ("0.0.0.0/0", ""),
        ("192.0.2.7/32", ""),
        ("2001:db8::/32", ""),
        ("::/0", ""),
        ("::1/128", ""),
        (
            "10.0.0.0",
            "it is not an IPv4 or IPv6 network such as `10.0.0.0/8` or `2001:db8::/32`",
        ),
        (
            "10.0.0/8",
            "it is not an IPv4 or IPv6 network such as `10.0.0.0/8` or `2001:db8::/32`",
        ),
        (
            "10.0.0.0/33",
            "it is not an IPv4 or IPv6 network such as `10.0.0.0/8` or `2001:db8::/32`",
        ),
        (
            "10.0.0.0/-1",
            "it is not an IPv4 or IPv6 network such as `10.0.0.0/8` or `2001:db8::/32`",
        ),
        (
            "10.1.0.0/8",
            "bits are set behind the prefix; the network is `10.0.0.0/8`",
        ),
        (
            "10.0.0.0/08",
            "it is not the shortest spelling; write `10.0.0.0/8`",
        ),
        (
            "2001:DB8::/32",
            "it is not the shortest spelling; write `2001:db8::/32`",
        ),
        (
            "2001:db8:0::/32",
            "it is not the shortest spelling; write `2001:db8::/32`",
        ),
    ] {
        match Network::parse(text) {
            Ok(network) => assert_eq!((network.to_string().as_str(), ""), (text, complaint)),
            Err(error) => assert_eq!(error.to_string(), complaint, "{text}"),
        }
    }
}

#[test]
fn an_address_lies_in_networks_of_its_own_family_only() {
    for (network, address, inside) in [
        ("10.0.0.0/8", "10.255.0.1", true),
        ("10.0.0.0/8", "11.0.0.0", false),
        ("10.0.0.0/8", "::ffff:10.0.0.1", false),
        ("0.0.0.0/0", "255.255.255.255", true),
        ("0.0.0.0/0", "::", false),
        ("192.0.2.7/32", "192.0.2.7", true),
        ("192.0.2.7/32", "192.0.2.6", false),
        ("2001:db8::/33", "2001:db8:7fff::1", true),
        ("2001:db8::/33", "2001:db8:8000::", false),
        ("::/0", "1.2.3.4", false),
    ] {
        let parsed = Network::parse(network).expect("a network");
        let address = address.parse().expect("an address");
        assert_eq!(parsed.contains(address), inside, "{address} in {network}");
    }
}
