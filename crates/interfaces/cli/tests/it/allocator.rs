//! The allocator's one option is where we look for it.

#[test]
fn the_option_of_the_allocator_is_where_we_look_for_it() {
    // A later mimalloc that numbers its options anew would be left alone, and memory would grow again unseen.
    assert!(gatos_cli::allocator::give_back_at_once());
    assert!(
        !gatos_cli::allocator::give_back_at_once(),
        "the second call finds the option changed already"
    );
}
