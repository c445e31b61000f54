//! The node on real repositories in temporary folders, judged by stock `git`, `ssh-keygen` and slow twins.

mod append;
mod folding;
mod governance;
mod recovery;
mod sync;
mod verify;
mod world;
