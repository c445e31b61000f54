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
    heap.collect(&mut [Value::Table(root)].into_iter());
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

/// What every object in use counts for, added up anew.
fn bytes_counted(heap: &Heap) -> usize {
    let strings: usize = heap
        .strings
        .iter()
        .map(|(_, string)| super::size_of_string(string.bytes.len()))
        .sum();
    let tables: usize = heap
        .tables
        .iter()
        .map(|(_, table)| table.counted as usize * 16)
        .sum();
    let closures: usize = heap
        .closures
        .iter()
        .map(|(_, closure)| super::size_of_closure(closure))
        .sum();
    let coroutines: usize = heap
        .coroutines
        .iter()
        .map(|(_, coroutine)| coroutine.counted as usize)
        .sum();
    strings + tables + closures + coroutines + heap.cells.count() * super::CELL_SIZE
}

#[test]
fn bytes_are_the_sum_of_what_objects_count_for() {
    let source = b"local keep = {} local function grow(n) local c = n return function() c = c + 1 return c end end
        for i = 1, 30000 do
            local t = {i, 'text' .. i, x = i} t['k' .. i % 7] = i t[#t + 1] = t
            keep[i % 100] = {t, grow(i), coroutine.wrap(function() coroutine.yield(t) end)}
            keep[i % 100][3]()
        end";
    let module = crate::compile(source, crate::Profile::Script)
        .module
        .expect("it compiles");
    let mut vm = crate::Vm::new(crate::Profile::Script, crate::Limits::default());
    let main = vm.load(&module, "test").expect("it loads");
    vm.call(main, &[]).expect("it runs");
    assert_eq!(vm.heap.bytes, bytes_counted(&vm.heap));
    assert!(
        vm.heap.cycle.units > 100_000,
        "{} units",
        vm.heap.cycle.units
    );
    while !vm.collect_between_calls(100) {}
    assert_eq!(vm.heap.bytes, bytes_counted(&vm.heap));
}
