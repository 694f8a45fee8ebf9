//! HTTP and the `acuse` binary, which wires everything.
//!
//! [`cli`] reads what was typed, [`config`] and [`limits`] what was set; [`services`] opens the catalog, the objects, the sandbox and
//! the Graph client; [`serve`] runs the web side and the workers on them. A request goes by the [`router`], with the [`state`] that all see, to
//! [`http`] (webhook, API, health) or [`desk`] (pages for people; those who sign in elsewhere by [`oidc`]), and an assistant's through [`mcp`].
//! `http` and `desk` are leaves: the router alone names them, and a test of it holds them to that. What both do stands here, by its
//! noun ([`cases`], [`contacts`], [`content`], [`customers`], [`documents`], [`export`], [`obligations`]).
//!
//! Connections come in by the [`front`], and what is asked is parsed by [`extract`]. All ask [`access`] who it is and what they may
//! see, have their share of the [`budget`] by their [`client_address`], and look through what is handed in as the command line does
//! ([`checked`]); a person's decision from any of them is checked and carried out by [`review`]; a list is a page ([`listing`]), what
//! has not changed is known by its tag ([`etag`]), and why something is not done is a [`problem`].

pub mod access;
pub mod buckets;
pub mod budget;
pub mod cases;
pub mod checked;
pub mod cli;
pub mod client_address;
pub mod config;
pub mod contacts;
pub mod content;
pub mod customers;
pub mod desk;
pub mod documents;
pub mod etag;
pub mod export;
pub mod extract;
pub mod front;
pub mod http;
pub mod limits;
pub mod listing;
pub mod live;
pub mod mcp;
pub mod obligations;
pub mod oidc;
pub mod pauses;
pub mod problem;
pub mod review;
pub mod router;
pub mod serve;
pub mod services;
pub mod state;
pub mod telemetry;
pub mod tongue;
