//! `acuse mcp`: lets an assistant read, over the pipes of a process or over HTTP.

use std::{net::SocketAddr, process::ExitCode};

use anyhow::Context;
use clap::Args;
use tokio_util::sync::CancellationToken;

use crate::{
    config::Config,
    mcp::listen::{self, Door},
    serve,
};

/// How an assistant comes in.
#[derive(Args)]
pub struct Mcp {
    /// Answer over HTTP at this address instead of stdin and stdout; each request brings its key.
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, default_missing_value = "127.0.0.1:8090")]
    http: Option<SocketAddr>,
    /// A name under which it is reached, where the address is not loopback.
    #[arg(long = "host", value_name = "HOST", requires = "http")]
    hosts: Vec<String>,
    /// A page that may ask, e.g. https://app.example.com; by default none may.
    #[arg(long = "origin", value_name = "ORIGIN", requires = "http")]
    origins: Vec<String>,
}

impl Mcp {
    pub async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let (app, _parts) = serve::for_assistants(config).await?;
        match self.http {
            Some(at) => {
                let stop = CancellationToken::new();
                let stopped = stop.clone();
                tokio::spawn(async move {
                    serve::signal().await;
                    stopped.cancel();
                });
                listen::over_http(app, Door { at, hosts: self.hosts, origins: self.origins }, stop).await?;
            }
            None => {
                let key = std::env::var("ACUSE_MCP_KEY").ok().filter(|k| !k.trim().is_empty());
                let key =
                    key.context("set ACUSE_MCP_KEY to an API key: the assistant reads what it reads")?;
                listen::over_pipes(app, &key).await?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
