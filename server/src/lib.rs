//! HTTP and the `acuse` binary, which wires everything.
//!
//! [`cli`] reads what was typed, [`config`] and [`limits`] what was set; [`services`] opens the catalog, the objects, the sandbox and
//! the Graph client; [`serve`] runs the web side and the workers on them. A request goes by the [`router`], with the [`state`] that all see, to
//! [`http`] (webhook, API, health) or [`desk`] (pages for people; those who sign in elsewhere by [`oidc`]), and an assistant's through [`mcp`].
//! Both ask [`access`] who it is and what they may see, have their share of the [`budget`] by their [`client_address`], and look through
//! what is handed in as the command line does ([`checked`]); a person's decision from either is checked and carried out by [`review`]; why
//! something is not done is a [`problem`].

pub mod access;
pub mod buckets;
pub mod budget;
pub mod checked;
pub mod cli;
pub mod client_address;
pub mod config;
pub mod desk;
pub mod export;
pub mod http;
pub mod limits;
pub mod live;
pub mod mcp;
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
