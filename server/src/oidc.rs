//! Signing in at an identity provider by OpenID Connect: the authorization code flow with PKCE, without pages.
//!
//! A [`ticket`] goes with the browser and proves, when it is back, that the sign-in began there; the [`provider`] turns the
//! code it brings into somebody whom it vouches for; [`rules`] say who comes in, and as what. What the catalog knows of them
//! is `acuse_storage::users::identities`, and the pages are `desk::oidc`.

pub mod provider;
pub mod rules;
mod speak;
pub mod ticket;

/// Where a provider sends people back to.
pub const CALLBACK: &str = "/login/oidc/callback";
