//! Classes of each slot: witnesses from what the atoms need, sorted by what the evaluator says of them.
//!
//! For texts the machines of `texts` find a witness for each combination of answers; for numbers the constants and
//! their neighbours are enough, for sums of a whole number and constants the places where an answer changes are found
//! by bisection; for addresses the ends of networks cut the line into intervals. An atom for which no such set is
//! known is freed: it gets a coordinate of its own.
//!
//! INVARIANT: each value a part can have answers all atoms that are not freed as one of the classes does.
//! Tests: tests/it/analysis.

use super::addresses;
use super::effort::Effort;
use super::formula::base_terms;
use super::numbers;
use super::place::place;
use super::space::{
    Atom, Class, Coordinate, Free, Kind, Leaf, Listing, Members, Quorum, RELATIONS, Slot, Space,
    Subject, TRUTHS,
};
use super::texts::{Fold, TextTest, witnesses};
use crate::language::evaluate::judge;
use crate::language::{Context, Expression, Intent, Literal, TrustField, Truth, Variable};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use gatos_values::{Map, Number, Text, Value};

/// Witnesses kept for one class.
const WITNESS_COUNT_MAX: usize = 6;

/// Most lists that are told apart as wholes.
const WHOLE_COUNT_MAX: usize = 1 << 14;

/// Settles the classes of every slot and gives out the coordinates.
pub fn settle(space: &mut Space) {
    let mut freed = Vec::new();
    for slot in 0..space.slots.len() {
        settle_slot(space, slot, &mut freed);
    }
    for quorum in 0..space.quorums.len() {
        let classes = quorum_classes(&space.quorums[quorum]);
        let coordinate = space.coordinate(Coordinate::Quorum(quorum), classes.len());
        space.quorums[quorum].classes = classes;
        space.quorums[quorum].coordinate = coordinate;
    }
    for (slot, leaf) in freed {
        let expression = space.slots[slot].leaves[leaf].expression.clone();
        let clauses = space.clauses.get(&Atom::Leaf { slot, leaf }).cloned();
        space.frees.push(Free::Atom(expression));
        let free = space.frees.len() - 1;
        space
            .clauses
            .insert(Atom::Free { free }, clauses.unwrap_or_default());
        space.slots[slot].leaves[leaf].free = Some(free);
    }
    for free in 0..space.frees.len() {
        let class_count = match space.frees[free] {
            Free::Atom(_) => TRUTHS.len(),
            Free::Comparison(..) => RELATIONS.len(),
        };
        space.coordinate(Coordinate::Free(free), class_count);
    }
}

fn settle_slot(space: &mut Space, index: usize, freed: &mut Vec<(usize, usize)>) {
    let pool: Vec<Text> = space.named_texts.iter().cloned().collect();
    let (effort, can_be_list) = (space.effort, can_be_list(&space.slots[index].subject));
    let slot = &mut space.slots[index];
    let beyond = choose_listing(slot);
    freed.extend(beyond.iter().map(|leaf| (index, *leaf)));
    let mut freed_here: BTreeSet<usize> = beyond.into_iter().collect();
    let candidates = candidates(slot, effort, &mut freed_here);
    freed.extend(
        freed_here
            .iter()
            .map(|leaf| (index, *leaf))
            .filter(|key| !freed.contains(key))
            .collect::<Vec<_>>(),
    );
    slot.classes = classes(slot, &freed_here, candidates);
    if slot.related {
        enrich(slot, &freed_here, &pool);
    }
    enrich(slot, &freed_here, &ordinary(&slot.subject));
    let class_count = slot.classes.len();
    let members = member_literals(slot, &freed_here);
    let is_payload = is_in_payload(&slot.subject);
    let by_member = can_be_list && slot.listing == Listing::ByMember && !members.is_empty();
    space.slots[index].main = space.coordinate(Coordinate::Main(index), class_count);
    if !by_member {
        return;
    }
    if is_payload {
        space.slots[index].junk = Some(space.coordinate(Coordinate::Junk(index), 2));
    }
    for (member, literal) in members.into_iter().enumerate() {
        let coordinate = space.coordinate(
            Coordinate::Member {
                slot: index,
                member,
            },
            2,
        );
        space.slots[index].members.push((literal, coordinate));
    }
}

/// Decides how lists are told apart; gives the leaves that this leaves beyond the procedure.
fn choose_listing(slot: &mut Slot) -> Vec<usize> {
    if !can_be_list(&slot.subject) {
        return Vec::new();
    }
    let asks = |leaf: &Leaf| leaf.needs.members.is_some() || leaf.needs.whole_list;
    let literals: BTreeSet<&Literal> = slot
        .leaves
        .iter()
        .filter_map(|leaf| leaf.needs.members.as_ref())
        .flat_map(Members::literals)
        .collect();
    let is_simple = |leaf: &Leaf| {
        let members = leaf.needs.members.iter().flat_map(Members::literals);
        let texts = members
            .into_iter()
            .all(|literal| matches!(literal, Literal::Text(_)));
        texts && !leaf.needs.whole_list
    };
    if slot.leaves.iter().filter(|leaf| asks(leaf)).all(is_simple) {
        slot.listing = Listing::ByMember;
        return Vec::new();
    }
    let item_count = literals.len() + other_items(slot, &[]).len();
    let length_count = length_max(slot) + 2;
    if item_count < usize::BITS as usize && length_count << item_count <= WHOLE_COUNT_MAX {
        slot.listing = Listing::Whole;
        return Vec::new();
    }
    slot.listing = Listing::ByMember;
    let leaves = slot.leaves.iter().enumerate();
    leaves
        .filter(|(_, leaf)| asks(leaf) && !is_simple(leaf))
        .map(|(index, _)| index)
        .collect()
}

fn member_literals(slot: &Slot, freed: &BTreeSet<usize>) -> Vec<Literal> {
    let mut literals: Vec<Literal> = Vec::new();
    for (index, leaf) in slot.leaves.iter().enumerate() {
        if freed.contains(&index) {
            continue;
        }
        for literal in leaf.needs.members.iter().flat_map(Members::literals) {
            if !literals.contains(literal) {
                literals.push(literal.clone());
            }
        }
    }
    literals
}

fn is_in_payload(subject: &Subject) -> bool {
    match subject {
        Subject::Term(Expression::Variable(variable)) => *variable == Variable::Payload,
        Subject::Term(term) => matches!(term, Expression::Field(..) | Expression::Index(..)),
        Subject::Entry(_) => false,
    }
}

/// Witnesses by state: those of one group answer alike.
type Candidates = Vec<Vec<Option<Value>>>;

fn candidates(slot: &Slot, effort: Effort, freed: &mut BTreeSet<usize>) -> Candidates {
    let one = |value: Value| vec![Some(value)];
    match &slot.subject {
        Subject::Entry(_) => vec![one(Value::Map(Map::new())), vec![None]],
        Subject::Term(Expression::Trust(_, TrustField::Level)) => {
            numbers::searched(slot, i128::from(i64::MIN), i128::from(i64::MAX), freed)
        }
        Subject::Term(Expression::Trust(_, TrustField::Groups)) => lists(slot),
        Subject::Term(Expression::Variable(variable)) => match variable {
            Variable::Intent => {
                let words = Intent::ALL.map(|intent| Text::from_ascii(intent.as_str()));
                words.into_iter().map(Value::Text).map(one).collect()
            }
            Variable::Epoch => {
                let mut found = numbers::searched(slot, 0, i128::from(u64::MAX), freed);
                found.push(vec![None]);
                found
            }
            Variable::Caps | Variable::Labels => {
                let mut found = lists(slot);
                found.push(vec![None]);
                found
            }
            Variable::Payload => anything(slot, effort, freed),
            _ => {
                let mut found = texts(slot, effort, freed);
                found.push(vec![None]);
                found
            }
        },
        Subject::Term(_) => anything(slot, effort, freed),
    }
}

/// Whatever a payload may hold, or nothing.
fn anything(slot: &Slot, effort: Effort, freed: &mut BTreeSet<usize>) -> Candidates {
    let simple = [
        Some(Value::Map(Map::new())),
        Some(Value::Bool(true)),
        Some(Value::Bool(false)),
        Some(Value::Null),
        Some(Value::Bytes(Vec::new())),
        None,
    ];
    let mut found = numbers::all(slot);
    found.extend(texts(slot, effort, freed));
    found.extend(lists(slot));
    found.extend(simple.map(|value| vec![value]));
    found
}

/// Texts and addresses. Which addresses a text test takes is not known but for whole texts.
fn texts(slot: &Slot, effort: Effort, freed: &mut BTreeSet<usize>) -> Candidates {
    let kept = |freed: &BTreeSet<usize>| {
        let leaves = slot.leaves.iter().enumerate();
        let kept = leaves.filter(|(index, _)| !freed.contains(index));
        kept.map(|(index, leaf)| (index, leaf.clone()))
            .collect::<Vec<_>>()
    };
    let mut tests: BTreeSet<(Fold, TextTest)> = BTreeSet::new();
    for (_, leaf) in kept(freed) {
        tests.extend(leaf.needs.tests.iter().cloned());
    }
    let states = witnesses(&tests, effort.text_step_count_max).unwrap_or_else(|| {
        let tested = kept(freed).into_iter();
        freed.extend(
            tested
                .filter(|(_, leaf)| !leaf.needs.tests.is_empty())
                .map(|(index, _)| index),
        );
        tests.clear();
        vec![vec![String::from("x")]]
    });
    let networks: Vec<_> = slot
        .leaves
        .iter()
        .flat_map(|leaf| leaf.needs.networks.iter().copied())
        .collect();
    let whole =
        |(fold, test): &(Fold, TextTest)| *fold == Fold::Exact && matches!(test, TextTest::Is(_));
    let mut found: Vec<Vec<String>> = states;
    if !networks.is_empty() {
        let named: Vec<&str> = tests
            .iter()
            .filter_map(|(_, test)| match test {
                TextTest::Is(text) => Some(text.as_str()),
                _ => None,
            })
            .collect();
        found.extend(
            addresses::witnesses(&networks, &named)
                .into_iter()
                .map(|text| vec![text]),
        );
        if !tests.iter().all(whole) {
            let leaves = kept(freed).into_iter();
            freed.extend(
                leaves
                    .filter(|(_, leaf)| !leaf.needs.networks.is_empty())
                    .map(|(index, _)| index),
            );
        }
    }
    let value = |text: String| {
        Text::new(&text)
            .ok()
            .filter(|normal| *normal.as_str() == *text)
    };
    found
        .into_iter()
        .map(|texts| {
            let values = texts.into_iter().filter_map(value);
            values.map(|text| Some(Value::Text(text))).collect()
        })
        .collect()
}

/// Lists: one that stands for all where they are told apart by member, else every one that atoms tell apart.
fn lists(slot: &Slot) -> Candidates {
    if slot.listing == Listing::ByMember {
        return vec![vec![Some(Value::List(Vec::new()))]];
    }
    let mut items: Vec<Value> = member_literals(slot, &BTreeSet::new())
        .iter()
        .map(literal_value)
        .collect();
    items.extend(other_items(slot, &items));
    let length_max = length_max(slot) + 1;
    let mut found = Candidates::new();
    for chosen in 0..1_usize << items.len() {
        let numbered = items.iter().enumerate();
        let subset = numbered.filter(|(index, _)| chosen >> index & 1 == 1);
        let subset: Vec<Value> = subset.map(|(_, item)| item.clone()).collect();
        found.push(vec![Some(Value::List(subset.clone()))]);
        for length in subset.len() + 1..=length_max {
            found.extend(padded(slot, &subset, length).map(|list| vec![Some(Value::List(list))]));
        }
    }
    found
}

/// The same items in a longer list. Groups are a set, so there other names fill up.
fn padded(slot: &Slot, items: &[Value], length: usize) -> Option<Vec<Value>> {
    let mut list = items.to_vec();
    let last = items.last()?.clone();
    if !matches!(slot.subject, Subject::Term(Expression::Trust(..))) {
        list.resize(length, last);
        return Some(list);
    }
    let named: Vec<Value> = member_literals(slot, &BTreeSet::new())
        .iter()
        .map(literal_value)
        .collect();
    if named.contains(&last) {
        return None;
    }
    list.extend(
        fresh_texts(&named)
            .filter(|text| *text != last)
            .take(length - items.len()),
    );
    Some(list)
}

/// The longest list that lines tell from longer ones.
fn length_max(slot: &Slot) -> usize {
    let lengths = slot.leaves.iter().map(|leaf| leaf.needs.length_max);
    lengths.max().unwrap_or(0)
}

/// Items that no line names, one of each sort that a list may hold. The text is the last.
fn other_items(slot: &Slot, named: &[Value]) -> Vec<Value> {
    let mut items = Vec::new();
    if is_in_payload(&slot.subject) {
        let numbers = (7..).map(Value::Integer);
        items.extend(
            numbers
                .take(named.len() + 1)
                .find(|number| !named.contains(number)),
        );
        let others = [
            Value::Null,
            Value::Bool(false),
            Value::Bool(true),
            Value::Map(Map::new()),
        ];
        items.extend(others.into_iter().filter(|other| !named.contains(other)));
    }
    items.extend(fresh_texts(named).next());
    items
}

/// Texts that are not among these.
fn fresh_texts(named: &[Value]) -> impl Iterator<Item = Value> {
    let texts = (0_u64..).filter_map(|number| Value::text(&alloc::format!("other-{number}")).ok());
    texts.filter(|text| !named.contains(text))
}

fn can_be_list(subject: &Subject) -> bool {
    match subject {
        Subject::Term(Expression::Variable(variable)) => matches!(
            variable,
            Variable::Caps | Variable::Labels | Variable::Payload
        ),
        Subject::Term(Expression::Trust(_, field)) => *field == TrustField::Groups,
        Subject::Term(_) => true,
        Subject::Entry(_) => false,
    }
}

pub fn literal_value(literal: &Literal) -> Value {
    match literal {
        Literal::Null => Value::Null,
        Literal::Bool(value) => Value::Bool(*value),
        Literal::Number(number) => Value::number(*number),
        Literal::Text(text) => Value::Text(text.clone()),
    }
}

/// Sorts witnesses by what the evaluator says.
fn classes(slot: &Slot, freed: &BTreeSet<usize>, candidates: Candidates) -> Vec<Class> {
    let mut classes: Vec<Class> = Vec::new();
    let mut numbers: BTreeMap<(Kind, Vec<Truth>), usize> = BTreeMap::new();
    for group in candidates {
        let Some(first) = group.first() else {
            continue;
        };
        let kind = Kind::of(first.as_ref());
        let answers = answers(slot, freed, first.as_ref());
        let key = (kind, answers.clone());
        if let Some(known) = numbers.get(&key) {
            let class = &mut classes[*known];
            let room = WITNESS_COUNT_MAX.saturating_sub(class.witnesses.len());
            class.witnesses.extend(group.into_iter().take(room));
            continue;
        }
        numbers.insert(key, classes.len());
        classes.push(Class {
            kind,
            witnesses: group,
            answers,
        });
    }
    for class in &mut classes {
        class.witnesses.sort_by_key(|witness| match witness {
            Some(Value::Text(text)) => text.as_str().is_empty(),
            _ => false,
        });
    }
    classes.sort_by_key(|class| match class.kind {
        Kind::Map if slot.has_parts => 0,
        Kind::Missing => 2,
        _ => 1,
    });
    classes
}

/// What the slot's atoms say of a value; freed ones, and those that other coordinates settle, say nothing.
fn answers(slot: &Slot, freed: &BTreeSet<usize>, value: Option<&Value>) -> Vec<Truth> {
    let Subject::Term(term) = &slot.subject else {
        return Vec::new();
    };
    let mut context = Context::new(Intent::Read);
    place(&mut context, term, value);
    let is_list = matches!(value, Some(Value::List(_)));
    let leaves = slot.leaves.iter().enumerate();
    leaves
        .map(|(index, leaf)| {
            let by_member = is_list
                && slot.listing == Listing::ByMember
                && (leaf.needs.members.is_some() || leaf.needs.whole_list);
            if freed.contains(&index) || by_member {
                return Truth::Unknown;
            }
            context.ask(|request| judge(&leaf.expression, request).0)
        })
        .collect()
}

/// What such a part often is: requests read better with it.
fn ordinary(subject: &Subject) -> Vec<Text> {
    let texts: &[&str] = match subject {
        Subject::Term(Expression::Variable(Variable::Actor)) => &["user:bob", "user:alice"],
        Subject::Term(Expression::Variable(Variable::Path)) => &["gatos/journal/notes/user:alice"],
        Subject::Term(Expression::Variable(Variable::Remote)) => &["internal", "none"],
        _ => &[],
    };
    texts.iter().map(|text| Text::from_ascii(text)).collect()
}

/// Gives each class of texts some of the texts that lines name, so that equalities between slots can be met.
fn enrich(slot: &mut Slot, freed: &BTreeSet<usize>, pool: &[Text]) {
    for text in pool.iter().take(64) {
        let value = Some(Value::Text(text.clone()));
        let answers = answers(slot, freed, value.as_ref());
        let class = slot
            .classes
            .iter_mut()
            .find(|class| class.kind == Kind::Text && class.answers == answers);
        if let Some(class) = class
            && !class.witnesses.contains(&value)
            && class.witnesses.len() < 2 * WITNESS_COUNT_MAX
        {
            class.witnesses.insert(0, value);
        }
    }
}

/// How many members, and items that are no texts, the counts tell apart.
fn quorum_classes(quorum: &Quorum) -> Vec<(u32, u32)> {
    let mut classes: Vec<((u32, u32), Vec<Truth>)> = Vec::new();
    let bounds: BTreeSet<u32> = core::iter::once(0)
        .chain(quorum.counts.iter().copied())
        .collect();
    for members in &bounds {
        for other in &bounds {
            // An item that is no text matters only where it may be the one that is wanting.
            for unclear in [0, 1, other.saturating_sub(*members)] {
                let answers: Vec<Truth> = quorum
                    .counts
                    .iter()
                    .map(|count| quorum_truth((*members, unclear), *count))
                    .collect();
                // Whether there are items that are no texts is another coordinate's to know as well.
                let same = |known: &((u32, u32), Vec<Truth>)| {
                    known.1 == answers && (known.0.1 == 0) == (unclear == 0)
                };
                if !classes.iter().any(same) {
                    classes.push(((*members, unclear), answers));
                }
            }
        }
    }
    classes.into_iter().map(|(class, _)| class).collect()
}

/// Whether so many of a group are among the actors.
pub const fn quorum_truth((members, unclear): (u32, u32), count: u32) -> Truth {
    if members >= count {
        Truth::True
    } else if members + unclear < count {
        Truth::False
    } else {
        Truth::Unknown
    }
}

/// The terms of an atom beyond the procedure.
pub fn free_terms(free: &Free) -> Vec<Expression> {
    let mut terms = Vec::new();
    match free {
        Free::Atom(expression) => {
            base_terms(expression, &mut terms);
        }
        Free::Comparison(left, right) => {
            base_terms(left, &mut terms);
            base_terms(right, &mut terms);
        }
    }
    terms
}

/// Every number a slot names.
pub fn named_numbers(slot: &Slot) -> BTreeSet<Number> {
    let needs = slot.leaves.iter().map(|leaf| &leaf.needs);
    needs
        .flat_map(|needs| needs.numbers.iter().copied())
        .collect()
}
