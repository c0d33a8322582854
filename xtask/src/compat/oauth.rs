//! Clients of OAuth and OpenID Connect that others wrote, from discovery to the end of their tokens. Those that are crates are
//! tests of the server (`crates/server/tests/http/oauth/clients.rs`).

use anyhow::{Context, Result};

use super::demo::Demo;
use super::tools;
use crate::shell;

const PYTHON: [&str; 3] = ["authlib==1.9.9", "oauthlib==4.0.1", "requests==2.34.2"];
const NODE: [&str; 1] = ["openid-client@6.8.9"];

pub(super) fn run() -> Result<()> {
    let python = tools::python("oauth-python", &PYTHON)?.join("python");
    let node = tools::node("oauth-node", &NODE)?;
    let demo = Demo::start(&shell::server(&[])?)?;
    for script in ["authlib_client.py", "oauthlib_client.py"] {
        println!("\n==> {script}");
        let mut command = shell::program(&python);
        // Nothing is left beside the scripts.
        command.arg("-B").arg(shell::root().join("compat/oauth").join(script));
        shell::run(command.env("TENANTRY_DEMO", demo.whole())).with_context(|| script)?;
    }
    println!("\n==> openid_client.mjs");
    let script = tools::script(&node, "oauth/openid_client.mjs")?;
    shell::run(shell::program("node").arg(script).env("TENANTRY_DEMO", demo.whole()))?;
    println!("\nxtask: the clients are content");
    Ok(())
}
