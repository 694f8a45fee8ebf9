//! One binary for everything that crosses rooms.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod backup;
mod books;
mod chaos;
mod clients;
mod conformance;
mod contract;
mod database_away;
mod dead;
mod described;
mod desk;
mod desk_checks;
mod desk_decide;
mod desk_finance;
mod desk_flow;
mod desk_harm;
mod desk_people;
mod desk_picture;
mod desk_work;
mod door;
mod erasing;
mod front_door;
mod fuzzed;
mod in_process;
mod inert;
mod killed;
mod malware;
mod mcp;
mod memory;
mod numbers;
mod operate;
mod operators;
mod pages;
mod read;
mod road;
mod scale_out;
mod scopes;
mod servers;
mod split;
mod talk;
mod unnamed;
mod versions;
mod way_back;
mod withheld;
mod world;
