//! The way back and trouble of ours: one message through every code of Meta's, as a refused call and as a failed
//! status, to its exact end; through the death of its worker at every step; and outages of the parts that documents
//! need. By a clock of the test's own: nothing sleeps. On SQLite, or on PostgreSQL where `ACUSE_TEST_POSTGRES` names a
//! cluster.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
// A whole document on its road is one deep future.
#![recursion_limit = "256"]

#[path = "way_back/alerts.rs"]
mod alerts;
#[path = "way_back/channel.rs"]
mod channel;
#[path = "way_back/codes.rs"]
mod codes;
#[path = "way_back/db.rs"]
mod db;
#[path = "way_back/effects.rs"]
mod effects;
#[path = "way_back/files.rs"]
mod files;
#[path = "way_back/lines.rs"]
mod lines;
#[path = "way_back/matters.rs"]
mod matters;
#[path = "way_back/outages.rs"]
mod outages;
#[path = "way_back/owed.rs"]
mod owed;
#[path = "way_back/receiver.rs"]
mod receiver;
#[path = "way_back/said.rs"]
mod said;
#[path = "way_back/scanner.rs"]
mod scanner;
#[path = "way_back/statuses.rs"]
mod statuses;
#[path = "way_back/talk.rs"]
mod talk;
#[path = "way_back/watch.rs"]
mod watch;
#[path = "way_back/way.rs"]
mod way;
#[path = "way_back/webhooks.rs"]
mod webhooks;
#[path = "way_back/world.rs"]
mod world;
