//! The node on real repositories in temporary folders, judged by stock `git`, `ssh-keygen` and slow twins.

mod append;
mod audit;
mod demo;
mod doctor;
mod epochs;
mod folding;
mod gate;
mod governance;
mod governed;
mod import;
mod init;
mod keys;
mod log;
mod profile;
mod programs;
mod push_gate;
mod recovery;
mod replay;
mod state;
mod status;
mod sync;
mod trust;
mod verify;
mod world;
