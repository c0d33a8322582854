//! The routes of a dialect, in a table that can be read again: what a router serves, tests must cover, and the document
//! of the API tells.

use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodFilter, on};
use axum::{Extension, Router};

use crate::Served;
use crate::openapi::{Described, Operations};

/// Routes on their way into a router.
#[derive(Default)]
pub struct Routes {
    router: Router<Served>,
    table: Vec<(Method, &'static str)>,
    operations: Vec<Described>,
}

impl Routes {
    /// Adds the handler of one method of one path, such as `/workspaces/{workspace}`, with what is to be known of it.
    ///
    /// # Panics
    /// When a router cannot have the route: a method that HTTP has not, or the same route twice. Routes are constants, so
    /// the first start of the program tells.
    pub fn route<H, T>(
        mut self,
        method: Method,
        path: &'static str,
        handler: H,
        operations: impl Into<Operations>,
    ) -> Self
    where
        H: Handler<T, Served>,
        T: 'static,
    {
        let filter = MethodFilter::try_from(method.clone()).expect("a method of HTTP");
        let operations = operations.into();
        let served = on(filter, handler).route_layer(Extension(operations.taken()));
        self.router = self.router.route(path, served);
        self.operations.extend(operations.at(&method, path));
        self.table.push((method, path));
        self
    }

    /// Every route, in the order of adding.
    pub fn table(&self) -> &[(Method, &'static str)] {
        &self.table
    }

    /// The router.
    pub fn into_router(self) -> Router<Served> {
        self.router
    }

    /// Every operation, in the order of its route.
    pub(crate) fn into_operations(self) -> Vec<Described> {
        self.operations
    }
}
