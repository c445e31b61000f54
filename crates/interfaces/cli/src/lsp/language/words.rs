//! What hovers say about the words of the languages.
//!
//! TWIN: words, intents — docs/formats/rgs.md. TWIN: kinds — docs/guide/folds.md. A word without its line here does not
//! compile, or fails a test. Tests: `tests.rs`.

use gatos_policy::language::syntax::{Function, Relation};
use gatos_policy::language::{Intent, Variable};

/// A word inside a line of a policy.
pub(super) fn of_line(word: &str) -> Option<&'static str> {
    let operator = match word {
        "and" => "`a and b`: Kleene's and. False and unknown is false.",
        "or" => "`a or b`: Kleene's or. True or unknown is true.",
        "not" => "`not a`: Kleene's not. Unknown stays unknown.",
        "trust" => {
            "`trust[actor].level`, a number, and `trust[actor].groups`, a list of texts, for any actor."
        }
        "level" => "`trust[actor].level`: the actor's level, a number.",
        "groups" => "`trust[actor].groups`: the actor's groups, a list of texts.",
        _ => "",
    };
    let found = (!operator.is_empty()).then_some(operator);
    found
        .or_else(|| Variable::parse(word).map(variable))
        .or_else(|| Relation::parse(word).map(relation))
        .or_else(|| Function::parse(word).map(function))
}

fn variable(variable: Variable) -> &'static str {
    match variable {
        Variable::Intent => "`intent`, a text: what is asked for, one of the seven intents.",
        Variable::Actor => "`actor`, a text: who asks, such as `user:alice`.",
        Variable::Caps => "`caps`, a list of texts: capabilities that are granted and claimed.",
        Variable::Labels => "`labels`, a list of texts: labels of the data; they only restrict.",
        Variable::Remote => "`remote`, a text: `none`, `internal`, or the name of the other side.",
        Variable::RemoteAddr => {
            "`remote_addr`, a text: the IPv4 or IPv6 address of the other side."
        }
        Variable::Epoch => "`epoch`, a number: the event's epoch, never a clock.",
        Variable::Path => {
            "`path`, a text: the target, such as `gatos/journal/finance/user:alice/0011223344556677`."
        }
        Variable::Resource => "`resource`, a text: `gatos://<repository>/<namespace>/<path>`.",
        Variable::Payload => {
            "`payload`, anything: members by `payload.a` or `payload['a b']`, items by `payload.list[0]`."
        }
    }
}

fn relation(relation: Relation) -> &'static str {
    match relation {
        Relation::Includes => "`list includes item`: some item equals it.",
        Relation::Contains => "`a contains b`: the text has the part, or the list has the item.",
        Relation::In => "`item in list`: some item equals it.",
        Relation::StartsWith => "`text starts_with text`, by bytes.",
        Relation::EndsWith => "`text ends_with text`, by bytes.",
        Relation::MatchesGlob => {
            "`text matches_glob 'pattern'`: `*` within a segment, `**` over segments, `/` between them. The pattern is constant."
        }
        Relation::InCidr => {
            "`address in_cidr 'network'`: IPv4 in IPv4, IPv6 in IPv6 networks. The network is constant."
        }
        Relation::AnyOf => "`list any_of list`: the first has some item of the second.",
        Relation::AllOf => "`list all_of list`: the first has every item of the second.",
    }
}

fn function(function: Function) -> &'static str {
    match function {
        Function::HasCap => "`has_cap(c)`: short for `caps includes c`.",
        Function::BeforeEpoch => "`before_epoch(n)`: short for `epoch < n`.",
        Function::AfterEpoch => "`after_epoch(n)`: short for `epoch > n`.",
        Function::Len => "`len(x)`: items of a list, or bytes of a text.",
        Function::Lower => "`lower(text)`: ASCII letters only.",
        Function::Upper => "`upper(text)`: ASCII letters only.",
        Function::Quorum => {
            "`quorum(list, 'group', n)`: at least n different actors of the list are in the group."
        }
    }
}

/// An intent in `when`.
pub(super) fn intent(intent: Intent) -> &'static str {
    match intent {
        Intent::Read => "`read`: see state, events or messages.",
        Intent::Write => "`write`: append events.",
        Intent::Exec => "`exec`: run something.",
        Intent::Publish => "`publish`: put a message on the bus.",
        Intent::Subscribe => "`subscribe`: take messages from the bus.",
        Intent::Export => "`export`: carry data out of the repository.",
        Intent::Govern => "`govern`: change trust, policies or folds.",
    }
}

/// A key of a policy.
pub(super) fn policy_key(key: &str) -> Option<&'static str> {
    Some(match key {
        "version" => "`version: 1`, of the language.",
        "rules" => "The rules. Their order is nothing.",
        "when" => "Which requests the rule is about; what is left out matches every one.",
        "intent" => "One intent or a list of them.",
        "path" => "One pattern or a list of them: `*` within a segment, `**` over segments.",
        "allow_if" => {
            "Lines that must all be true for the rule to allow. A rule without them never allows."
        }
        "deny_if" => "Lines of which one that is true or unknown denies.",
        "audit" => "`true`: decisions the rule matches, or may match, are recorded.",
        "reason" => "1 to 256 bytes, shown to whom the rule denies.",
        _ => return None,
    })
}

/// A key of a fold.
pub(super) fn fold_key(key: &str) -> Option<&'static str> {
    Some(match key {
        "version" => "`version: 1`, of the language.",
        "inputs" => "Patterns over journals; without it, the namespace the fold is installed in.",
        "reducers" => "What is collected from the events; at most 256.",
        "emit" => "Which reducer goes to which state file; at most 256.",
        "privileged" => "`true` if checkpoints of this fold need a proof.",
        "kind" => "How the reducer joins what events say.",
        "name" => "The reducer's name; without it, the name is the kind.",
        "where" => "Conditions that an event must all meet to be the reducer's business.",
        "each" => "A query that names a list; the reducer runs once for each element, `@`.",
        "key" => "The query for the key: text, or an integer.",
        "value" => "What is stored: a query, an attribute such as `event.ulid`, or a map of them.",
        "from" => "The reducer that is emitted; needed where the fold has several.",
        "split" => "`key`: one file for each key, with `{key}` in the path.",
        "format" => "The form of the file.",
        "granularity" => "`field`: a register for each field of a key; `entry`: one for each key.",
        "delete" => "Events that leave a tombstone.",
        "inc" => "Events that count up.",
        "dec" => "Events that count down; tried first.",
        "add" => "Events that add.",
        "remove" => "Events that remove; tried first.",
        _ => return None,
    })
}

/// Every kind of reducer.
pub(super) const KINDS: [(&str, &str); 14] = [
    (
        "map-join-lww",
        "One last-writer register per key and field.",
    ),
    ("map-join", "Any other kind, once per key."),
    (
        "lww",
        "One last-writer register for all events; null until something is written.",
    ),
    (
        "max",
        "The greatest value: null, false, true, numbers by value, texts by bytes, lists, maps.",
    ),
    (
        "min",
        "The least value: null, false, true, numbers by value, texts by bytes, lists, maps.",
    ),
    (
        "counter-g",
        "A counter that only grows, by 1 or by `value`.",
    ),
    (
        "counter-pn",
        "A counter that moves both ways, by `inc` and `dec`.",
    ),
    ("count-by", "How many events have each key."),
    ("sum-by", "The sum of a number by key, exactly."),
    ("set-g", "A set that only grows."),
    (
        "set-2p",
        "A set whose removes are final, even before the add.",
    ),
    (
        "set-or",
        "A set whose removes name the adds they take away; adds unseen by them stay.",
    ),
    ("set-lww", "A set in which the last of add and remove wins."),
    (
        "list-append",
        "A list in canonical order. It alone is no join-semilattice.",
    ),
];
