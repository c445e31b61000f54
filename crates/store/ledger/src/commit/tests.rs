use gatos_values::{Actor, Ulid};

use super::{head_of, person_line};

#[test]
fn a_head_gives_tree_and_parents() {
    let id = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
    let content =
        format!("tree {id}\nparent {id}\nparent {id}\nauthor a <b> 0 +0000\n\nparent {id}\n");
    let (tree, parents) = head_of(content.as_bytes()).expect("a good head");
    assert_eq!(tree.to_string(), id);
    assert_eq!(parents.len(), 2);
    for bad in ["", "tree x\n", "tree\n", &format!("tree {id}\nparent 12\n")] {
        assert!(head_of(bad.as_bytes()).is_err(), "{bad:?}");
    }
}

#[test]
fn a_person_is_the_actor_at_the_ulids_second() {
    let actor = Actor::parse("service:git-log").expect("an actor");
    let ulid = Ulid::from_parts(1_763_764_274_999, 7).expect("a ULID");
    assert_eq!(
        person_line(&actor, ulid),
        "service:git-log <git-log@service.gatos.invalid> 1763764274 +0000"
    );
}
