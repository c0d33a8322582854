//! The server as clients see it: the real router over HTTP, the demo's estate, on both engines. The tree of modules is the
//! tree of paths: one module a dialect, one file a resource.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod aip;
mod cli;
mod denied;
mod dreadnode;
mod evo;
mod harness;
mod hostile;
mod mail;
mod matrix;
mod oauth;
mod pages;
mod reference;
mod slow;
mod too_many;
mod zenml;
