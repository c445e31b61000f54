use super::Heap;
use crate::value::Value;

#[test]
fn equal_strings_have_one_index() {
    let mut heap = Heap::new(usize::MAX);
    let first = heap.string(b"a fairly long text that nobody would keep twice");
    for number in 0..1000 {
        heap.string(alloc::format!("{number}").as_bytes());
    }
    assert_eq!(
        first,
        heap.string(b"a fairly long text that nobody would keep twice")
    );
    assert_eq!(heap.bytes_of(first).len(), 47);
}

#[test]
fn what_is_reached_stays_and_the_rest_goes() {
    let mut heap = Heap::new(usize::MAX);
    let root = heap.new_table();
    let inner = heap.new_table();
    heap.set_text(root, "inner", Value::Table(inner));
    heap.set_text(inner, "back", Value::Table(root));
    let lost = heap.new_table();
    heap.set_text(lost, "lost", Value::Table(lost));
    let before = heap.bytes;
    heap.collect([Value::Table(root)].into_iter());
    assert!(heap.bytes < before);
    let key = heap.string(b"inner");
    assert!(
        heap.table(root)
            .get_string(key)
            .raw_equal(Value::Table(inner))
    );
    // The place of what is gone is used again.
    assert_eq!(heap.new_table(), lost);
}
