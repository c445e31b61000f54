//! Levels against all pairs.

use super::{Node, of_nodes};
use crate::access::{Access, Target};
use crate::registry::{ComponentId, Registry};
use alloc::vec::Vec;
use proptest::prelude::*;

fn registry() -> Registry {
    let names = ["a", "b", "c", "d", "e"];
    let builder = names.iter().fold(Registry::builder(), |builder, name| {
        builder.with_record(name, &[])
    });
    builder.build().expect("names")
}

/// Reads and writes as bits over five components, and who runs before.
type Row = (u8, u8, Vec<usize>, bool);

fn access(registry: &Registry, (reads, writes, _, _): &Row) -> Access {
    let mut access = Access::default();
    for bit in 0..5u16 {
        let target = Target::Component(ComponentId(bit));
        if writes >> bit & 1 == 1 {
            access.write(registry, target).expect("once");
        } else if reads >> bit & 1 == 1 {
            access.read(registry, target).expect("once");
        }
    }
    access
}

/// The definition: the level above the highest one before that conflicts or was ordered.
fn slow(accesses: &[Access], rows: &[Row]) -> Vec<Vec<usize>> {
    let mut levels: Vec<usize> = Vec::new();
    let mut graph: Vec<Vec<usize>> = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let mut below = 0;
        for other in 0..index {
            let is_ordered = row.2.contains(&other);
            let conflicts =
                row.3 && rows[other].3 && !accesses[other].conflicts(&accesses[index]).is_empty();
            if is_ordered || conflicts {
                below = below.max(levels[other]);
            }
        }
        levels.push(below + usize::from(row.3));
        if row.3 {
            while graph.len() <= below {
                graph.push(Vec::new());
            }
            graph[below].push(index);
        }
    }
    graph
}

proptest! {
    #[test]
    fn levels_are_those_of_all_pairs(
        rows in prop::collection::vec((0u8..32, 0u8..32, prop::collection::vec(any::<usize>(), 0..2), prop::bool::weighted(0.8)), 0..24),
    ) {
        let registry = registry();
        let rows: Vec<Row> = rows
            .into_iter()
            .enumerate()
            .map(|(index, (reads, writes, after, runs))| {
                let after = if index == 0 { Vec::new() } else { after.iter().map(|other| other % index).collect() };
                (reads, writes & reads, after, runs)
            })
            .collect();
        let accesses: Vec<Access> = rows.iter().map(|row| access(&registry, row)).collect();
        let enabled: Vec<bool> = rows.iter().map(|row| row.3).collect();
        let number = |targets: &[Target]| -> Vec<u32> {
            let id = |target: &Target| match target {
                Target::Component(id) | Target::Resource(id) => u32::from(id.number()),
            };
            targets.iter().map(id).collect()
        };
        let numbers: Vec<_> = accesses.iter().map(|access| (number(access.reads()), number(access.writes()))).collect();
        let node = |index: usize| Node { reads: &numbers[index].0, writes: &numbers[index].1, after: &rows[index].2 };
        let graph = of_nodes(node, 0..rows.len(), registry.len(), &enabled);
        let levels: Vec<Vec<usize>> = graph.levels().map(<[usize]>::to_vec).collect();
        prop_assert_eq!(levels.len(), graph.level_count());
        prop_assert_eq!(levels, slow(&accesses, &rows));
    }
}
