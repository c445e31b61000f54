//! Decision diagrams: truth functions of coordinates with a few classes each, one node for one function.
//!
//! A node asks for the class of one coordinate and goes on to a node of a later coordinate, or ends. Two equal functions
//! have the same node, so equality is a comparison of numbers. Which coordinates there are is `space`'s to say.
//!
//! INVARIANT 1: no two nodes have the same coordinate and children, and no node has only equal children.
//! INVARIANT 2: a diagram never holds more than [`CELL_COUNT_MAX`] edges, nor looks up more than [`STEP_COUNT_MAX`]
//! pairs; what would is [`TooLarge`].
//! Tests: `diagram/tests.rs`.

#[cfg(test)]
mod tests;

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

/// A function: the number of its node.
pub type Function = u32;

/// The function that is never true.
pub const NEVER: Function = 0;

/// The function that is always true.
pub const ALWAYS: Function = 1;

/// Most edges of a diagram.
pub const CELL_COUNT_MAX: usize = 1 << 21;

/// Most pairs of nodes that are looked at.
pub const STEP_COUNT_MAX: usize = 1 << 21;

/// Most coordinates of a diagram: functions are joined by recursion over them.
pub const COORDINATE_COUNT_MAX: usize = 2048;

/// The diagram would be larger than its bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge;

struct Node {
    coordinate: usize,
    children: Vec<Function>,
}

/// A store of functions over fixed coordinates.
pub struct Diagram {
    class_counts: Vec<usize>,
    nodes: Vec<Node>,
    numbers: BTreeMap<(usize, Vec<Function>), Function>,
    both: BTreeMap<(Function, Function), Function>,
    opposites: BTreeMap<Function, Function>,
    cell_count: usize,
    cell_count_max: usize,
    step_count_max: usize,
}

/// One class for some coordinates; the others are free.
pub type Choice = BTreeMap<usize, usize>;

impl Diagram {
    /// A store for coordinates with so many classes each. They are asked in this order.
    pub fn new(class_counts: Vec<usize>) -> Diagram {
        let end = |_| Node {
            coordinate: usize::MAX,
            children: Vec::new(),
        };
        Diagram {
            class_counts,
            nodes: (0..2).map(end).collect(),
            numbers: BTreeMap::new(),
            both: BTreeMap::new(),
            opposites: BTreeMap::new(),
            cell_count: 0,
            cell_count_max: CELL_COUNT_MAX,
            step_count_max: STEP_COUNT_MAX,
        }
    }

    /// Whether the class of a coordinate is one of these.
    pub fn test(
        &mut self,
        coordinate: usize,
        holds: impl Fn(usize) -> bool,
    ) -> Result<Function, TooLarge> {
        let children = (0..self.class_counts[coordinate]).map(|class| Function::from(holds(class)));
        let children = children.collect();
        self.node(coordinate, children)
    }

    /// The same store with a lower bound on pairs and edges.
    #[must_use]
    pub fn within(mut self, step_count_max: usize) -> Diagram {
        self.cell_count_max = self.cell_count_max.min(step_count_max);
        self.step_count_max = self.step_count_max.min(step_count_max);
        self
    }

    /// Both hold.
    pub fn and(&mut self, left: Function, right: Function) -> Result<Function, TooLarge> {
        let (left, right) = (left.min(right), left.max(right));
        match (left, right) {
            (NEVER, _) => return Ok(NEVER),
            (ALWAYS, _) => return Ok(right),
            _ if left == right => return Ok(left),
            _ => {}
        }
        if let Some(known) = self.both.get(&(left, right)) {
            return Ok(*known);
        }
        let (left_at, right_at) = (self.coordinate(left), self.coordinate(right));
        let coordinate = left_at.min(right_at);
        let mut children = Vec::with_capacity(self.class_counts[coordinate]);
        for class in 0..self.class_counts[coordinate] {
            let left = self.child(left, coordinate, class);
            let right = self.child(right, coordinate, class);
            children.push(self.and(left, right)?);
        }
        let both = self.node(coordinate, children)?;
        if self.both.len() >= self.step_count_max {
            return Err(TooLarge);
        }
        self.both.insert((left, right), both);
        Ok(both)
    }

    /// It does not hold.
    pub fn not(&mut self, function: Function) -> Result<Function, TooLarge> {
        if function <= ALWAYS {
            return Ok(ALWAYS - function);
        }
        if let Some(known) = self.opposites.get(&function) {
            return Ok(*known);
        }
        let coordinate = self.coordinate(function);
        let mut children = self.nodes[function as usize].children.clone();
        for child in &mut children {
            *child = self.not(*child)?;
        }
        let opposite = self.node(coordinate, children)?;
        self.opposites.insert(function, opposite);
        self.opposites.insert(opposite, function);
        Ok(opposite)
    }

    /// One holds, or both.
    pub fn or(&mut self, left: Function, right: Function) -> Result<Function, TooLarge> {
        let (left, right) = (self.not(left)?, self.not(right)?);
        let neither = self.and(left, right)?;
        self.not(neither)
    }

    /// All hold.
    pub fn all(&mut self, functions: &[Function]) -> Result<Function, TooLarge> {
        self.halved(functions, ALWAYS, Diagram::and)
    }

    /// One holds, or more.
    pub fn any(&mut self, functions: &[Function]) -> Result<Function, TooLarge> {
        self.halved(functions, NEVER, Diagram::or)
    }

    /// Joins two halves, which keeps the intermediate functions small.
    fn halved(
        &mut self,
        functions: &[Function],
        none: Function,
        join: fn(&mut Diagram, Function, Function) -> Result<Function, TooLarge>,
    ) -> Result<Function, TooLarge> {
        match functions {
            [] => Ok(none),
            [only] => Ok(*only),
            _ => {
                let (left, right) = functions.split_at(functions.len() / 2);
                let left = self.halved(left, none, join)?;
                let right = self.halved(right, none, join)?;
                join(self, left, right)
            }
        }
    }

    /// The coordinates the function depends on, in order.
    pub fn support(&self, function: Function) -> Vec<usize> {
        let mut seen = vec![false; self.nodes.len()];
        let mut used = vec![false; self.class_counts.len()];
        let mut pending = vec![function];
        while let Some(next) = pending.pop() {
            if next <= ALWAYS || core::mem::replace(&mut seen[next as usize], true) {
                continue;
            }
            used[self.coordinate(next)] = true;
            pending.extend(&self.nodes[next as usize].children);
        }
        let used = used.iter().enumerate().filter(|(_, used)| **used);
        used.map(|(coordinate, _)| coordinate).collect()
    }

    /// Shows choices that make the function true, the first classes first, until `stop` says so or `count_max` were
    /// shown. Gives whether `stop` said so.
    pub fn choices(
        &self,
        function: Function,
        count_max: usize,
        mut stop: impl FnMut(&Choice) -> bool,
    ) -> bool {
        let mut shown = 0;
        let mut pending = vec![(function, Choice::new())];
        while let Some((next, choice)) = pending.pop() {
            if next == NEVER {
                continue;
            }
            if next == ALWAYS {
                if stop(&choice) {
                    return true;
                }
                shown += 1;
                if shown == count_max {
                    return false;
                }
                continue;
            }
            let node = &self.nodes[next as usize];
            for (class, child) in node.children.iter().enumerate().rev() {
                if *child != NEVER {
                    let mut longer = choice.clone();
                    longer.insert(node.coordinate, class);
                    pending.push((*child, longer));
                }
            }
        }
        false
    }

    /// A choice that makes the function true, found by a walk that asks `pick` for a number below a count at each node.
    /// `None` if the function is never true.
    pub fn walk(&self, function: Function, mut pick: impl FnMut(usize) -> usize) -> Option<Choice> {
        let mut choice = Choice::new();
        let mut next = function;
        while next > ALWAYS {
            let node = &self.nodes[next as usize];
            // Every node but one leads to the end that is true.
            let children = node.children.iter().enumerate();
            let open: Vec<_> = children.filter(|(_, child)| **child != NEVER).collect();
            let (class, child) = open.get(pick(open.len().max(1)))?;
            choice.insert(node.coordinate, *class);
            next = **child;
        }
        (next == ALWAYS).then_some(choice)
    }

    fn coordinate(&self, function: Function) -> usize {
        self.nodes[function as usize].coordinate
    }

    /// The function once the class of a coordinate, the next at most, is known.
    fn child(&self, function: Function, coordinate: usize, class: usize) -> Function {
        let node = &self.nodes[function as usize];
        if node.coordinate == coordinate {
            node.children[class]
        } else {
            function
        }
    }

    fn node(&mut self, coordinate: usize, children: Vec<Function>) -> Result<Function, TooLarge> {
        if let [first, rest @ ..] = &*children
            && rest.iter().all(|child| child == first)
        {
            return Ok(*first);
        }
        let key = (coordinate, children);
        if let Some(known) = self.numbers.get(&key) {
            return Ok(*known);
        }
        self.cell_count += key.1.len();
        if self.cell_count > self.cell_count_max {
            return Err(TooLarge);
        }
        let number = Function::try_from(self.nodes.len()).map_err(|_| TooLarge)?;
        self.nodes.push(Node {
            coordinate,
            children: key.1.clone(),
        });
        self.numbers.insert(key, number);
        Ok(number)
    }
}
