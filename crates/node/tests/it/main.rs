//! The node on real repositories in temporary folders, judged by stock `git`, `ssh-keygen` and slow twins.

mod append;
mod demo;
mod doctor;
mod folding;
mod governance;
mod import;
mod init;
mod keys;
mod log;
mod recovery;
mod state;
mod status;
mod sync;
mod verify;
mod world;
