//! What the API promises. [`shape`] reads off each handler's signature what it takes, [`routes`] builds the router and the
//! list of what it answers in one, [`description`] joins the words of `openapi.json` with what only the code knows (closed
//! lists, fields by kind, problems), and [`docs`] shows all of it to people.
//!
//! The words are written by hand; tests hold them to the shapes, both ways, so that neither is changed without the other.

pub mod description;
pub mod docs;
pub mod lists;
pub mod routes;
pub mod shape;

#[cfg(test)]
mod clients;
