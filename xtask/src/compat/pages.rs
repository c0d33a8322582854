//! The pages for people, in a real browser.

use std::path::PathBuf;

use anyhow::Result;

use super::demo::Demo;
use super::tools;
use crate::shell;

const NODE: [&str; 2] = ["playwright-core@1.65.1", "axe-core@4.14.1"];

/// Where the browser is, and the directory of what drives it. Installs what is missing.
pub(crate) fn browser() -> Result<(PathBuf, PathBuf)> {
    Ok((tools::chromium()?, tools::node("pages-node", &NODE)?))
}

pub(crate) fn run() -> Result<()> {
    let (chromium, node) = browser()?;
    let demo = Demo::start(&shell::server(&[])?)?;
    let pictures = shell::tools().with_file_name("pages");
    let mut command = shell::program("node");
    command.arg(tools::script(&node, "pages/pages.mjs")?).arg(&pictures);
    shell::run(command.env("TENANTRY_DEMO", demo.whole()).env("CHROMIUM", chromium))?;
    println!("    pictures of the pages are in {}", pictures.display());
    Ok(())
}
