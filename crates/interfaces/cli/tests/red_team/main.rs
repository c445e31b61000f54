//! A malicious pusher against the push gate, with real `git push` over a file, over ssh and over HTTP.
//!
//! [`attacks`] lists what is tried (docs/red-team.md is the same list for people, and a test compares them). Each
//! attack must be refused with its code on the pusher's terminal, be recorded or counted where the list says so,
//! and leave refs and reachable objects of the repository as they were. Transports: [`transports`]; what
//! each needs and does not find is said, and only that part is skipped.
#![forbid(unsafe_code)]

mod attacks;
mod craft;
mod http;
mod judge;
mod page;
mod scene;
mod transports;

use scene::Scene;
use transports::Transport;

#[test]
fn every_attack_over_a_file_is_refused_and_kept() {
    judge::all(&Scene::new(Transport::file()));
}

#[test]
fn each_class_over_ssh_is_refused_and_kept() {
    match Transport::ssh() {
        Ok(transport) => judge::one_of_each_class(&Scene::new(transport)),
        Err(missing) => eprintln!("SKIPPED: pushes over ssh: {missing}"),
    }
}

#[test]
fn each_class_over_http_is_refused_and_kept() {
    match Transport::http() {
        Ok(transport) => judge::one_of_each_class(&Scene::new(transport)),
        Err(missing) => eprintln!("SKIPPED: pushes over HTTP: {missing}"),
    }
}
