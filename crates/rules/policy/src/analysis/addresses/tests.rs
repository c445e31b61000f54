//! Witnesses of networks against every address near their ends.

use super::*;

fn check(networks: &[&str], named: &[&str]) {
    let networks: Vec<Network> = networks
        .iter()
        .map(|text| Network::parse(text).expect("a network"))
        .collect();
    let answers = |text: &str| -> (Vec<bool>, Option<usize>) {
        let address: IpAddr = text.parse().expect("an address");
        let inside = networks.iter().map(|network| network.contains(address));
        (
            inside.collect(),
            named.iter().position(|known| *known == text),
        )
    };
    let found: BTreeSet<_> = witnesses(&networks, named)
        .iter()
        .map(|text| answers(text))
        .collect();
    for network in &networks {
        let IpAddr::V4(first) = network.address() else {
            continue;
        };
        for step in -300_i64..300 {
            let bits = i64::from(first.to_bits()) + step;
            let Ok(bits) = u32::try_from(bits) else {
                continue;
            };
            let text = Ipv4Addr::from_bits(bits).to_string();
            assert!(found.contains(&answers(&text)), "{text}");
        }
    }
}

#[test]
fn every_address_has_a_witness() {
    check(&["10.0.0.0/8", "10.0.0.0/24", "10.0.0.128/25"], &[]);
    check(&["10.0.0.0/31", "0.0.0.0/0"], &["10.0.0.0", "10.0.0.1"]);
    check(&["255.255.255.255/32"], &["255.255.255.254"]);
}

#[test]
fn an_address_has_a_second_spelling() {
    let networks = [Network::parse("::1/128").expect("a network")];
    let found = witnesses(&networks, &["::1"]);
    let inside = found.iter().filter(|text| {
        let address: IpAddr = text.parse().expect("an address");
        networks[0].contains(address)
    });
    assert!(inside.clone().any(|text| text == "::1"));
    assert!(inside.clone().any(|text| text != "::1"));
}
