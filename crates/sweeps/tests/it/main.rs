//! Tests of the sweeps: golden digests, the dice, what topics reach, the command line.

mod command;
mod dice;
mod golden;
mod reach;
