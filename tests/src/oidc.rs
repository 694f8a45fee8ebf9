//! A throw-away identity provider: `oidc-provider`, which the OpenID Foundation certified, in a process of its own.

use std::{process::Command, time::Duration};

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::{process::Guarded, stack::wait};

/// The program around it.
const SCRIPT: &str = include_str!("oidc/provider.mjs");
/// What it calls the desk.
pub const CLIENT_ID: &str = "acuse";
/// With which secret.
pub const CLIENT_SECRET: &str = "a secret of the tests";

/// A running provider, on a port of its own.
#[derive(Debug)]
pub struct Provider {
    server: Option<Guarded>,
    folder: tempfile::TempDir,
    port: u16,
    redirect: String,
}

impl Provider {
    /// Starts one that sends people back to `redirect`, or says why this machine cannot and returns `None`.
    ///
    /// # Errors
    /// When it is here but does not start.
    pub async fn start(redirect: &str) -> Result<Option<Self>> {
        let home = crate::cache().join("oidc");
        if !home.join("node_modules/oidc-provider").is_dir()
            || Command::new("node").arg("--version").output().is_err()
        {
            crate::skip_or_fail("oidc-provider", "no node, or not brought from its registry");
            return Ok(None);
        }
        let folder = tempfile::Builder::new().prefix("acuse-oidc-").tempdir()?;
        std::fs::write(folder.path().join("provider.mjs"), SCRIPT)?;
        let (port, redirect) = (crate::free_port()?, redirect.to_owned());
        let mut this = Self { server: None, folder, port, redirect };
        this.restart().await?;
        Ok(Some(this))
    }

    /// Its name.
    #[must_use]
    pub fn issuer(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// Ends it.
    pub fn stop(&mut self) {
        self.server = None;
    }

    /// Starts it again, with other keys.
    ///
    /// # Errors
    /// When it is not ready in a minute.
    pub async fn restart(&mut self) -> Result<()> {
        self.stop();
        let mut command = Command::new("node");
        command.arg(self.folder.path().join("provider.mjs"));
        command.arg(crate::cache().join("oidc")).arg(self.port.to_string()).arg(&self.redirect);
        self.server = Some(Guarded::start("oidc-provider", &mut command, &self.folder.path().join("log"))?);
        let known = format!("{}/.well-known/openid-configuration", self.issuer());
        let asked = || async {
            Ok(reqwest::get(&known).await.is_ok_and(|answer| answer.status().is_success()).then_some(()))
        };
        wait("the identity provider to answer", Duration::from_secs(60), asked).await
    }

    /// Who is signed in there from now on, as the provider tells of them; null: nobody, who says no.
    ///
    /// # Errors
    /// When it is not there.
    pub async fn present(&self, person: &Value) -> Result<()> {
        let put = reqwest::Client::new().put(format!("{}/test/person", self.issuer())).json(person);
        ensure!(put.send().await?.status().is_success(), "the provider takes nobody");
        Ok(())
    }
}
