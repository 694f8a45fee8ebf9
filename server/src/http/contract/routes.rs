//! The router of the API and the list of what it answers, made by the same calls.

use axum::{
    Extension, Router,
    extract::DefaultBodyLimit,
    handler::Handler,
    http::Method,
    middleware,
    routing::{MethodFilter, MethodRouter, on},
};

use super::shape::{Shape, Takes};
use crate::{extract::Cap, http::sandbox, state::App};

/// One method of one address.
#[derive(Debug, Clone)]
pub struct Operation {
    /// With which method.
    pub method: Method,
    /// At which address.
    pub path: &'static str,
    /// What its handler takes.
    pub shape: Shape,
}

/// Addresses and what answers there.
#[derive(Default)]
pub struct Routes {
    router: Router<App>,
    operations: Vec<Operation>,
}

impl Routes {
    /// One more address.
    #[must_use]
    pub fn route(mut self, path: &'static str, ways: Ways) -> Self {
        let of_path = ways.shapes.into_iter().map(|(method, shape)| Operation { method, path, shape });
        self.operations.extend(of_path);
        self.router = Router::route(self.router, path, ways.answers);
        self
    }

    /// All that the router answers.
    #[must_use]
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The router itself.
    pub fn router(self) -> Router<App> {
        self.router
    }
}

/// The methods of one address.
#[derive(Default)]
pub struct Ways {
    answers: MethodRouter<App>,
    shapes: Vec<(Method, Shape)>,
}

macro_rules! methods {
    ($($name:ident $filter:ident),+) => {
        $(#[doc = concat!("An address that takes ", stringify!($filter), ".")]
        pub fn $name<H: Handler<T, App>, T: Takes + 'static>(handler: H) -> Ways {
            Ways::default().$name(handler)
        })+

        impl Ways {
            $(#[doc = concat!("Takes ", stringify!($filter), " too.")]
            #[must_use]
            pub fn $name<H: Handler<T, App>, T: Takes + 'static>(self, handler: H) -> Self {
                self.with(Method::$filter, MethodFilter::$filter, handler)
            })+
        }
    };
}
methods!(get GET, post POST, put PUT, patch PATCH, delete DELETE);

impl Ways {
    fn with<H: Handler<T, App>, T: Takes + 'static>(
        mut self,
        method: Method,
        filter: MethodFilter,
        handler: H,
    ) -> Self {
        let mut shape = Shape::default();
        T::told(&mut shape);
        self.shapes.push((method, shape));
        let tried = middleware::from_fn(sandbox::tried::<T>);
        self.answers = self.answers.merge(on(filter, handler).route_layer(tried));
        self
    }

    /// With bodies of at most so many bytes, instead of the router's cap.
    #[must_use]
    pub fn cap(mut self, bytes: usize) -> Self {
        self.answers = self.answers.layer(DefaultBodyLimit::max(bytes));
        self.answers = self.answers.layer(Extension(Cap(bytes)));
        self
    }
}
