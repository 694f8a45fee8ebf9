//! `acuse alert`: who is told of incidents, and whether they hear. Works while `serve` runs.

use std::process::ExitCode;

use acuse_storage::{
    Catalog,
    incidents::{
        Severity,
        routes::{Medium, NewRoute, Route},
    },
};
use acuse_workers::outgoing::{Outgoing, alerts};
use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::json;

use crate::{checked, config::Config, services, services::Services};

#[derive(Subcommand)]
pub enum Alert {
    /// Send a test by one route, or by all of them; the exit status is 1 when one does not take it.
    Test {
        /// The route's name; all without it.
        name: Option<String>,
    },
    /// Have incidents told to somebody.
    Add(Add),
    /// Show all routes.
    List,
    /// Tell this route nothing any more.
    Remove {
        /// Its name.
        name: String,
    },
}

#[derive(Args)]
pub struct Add {
    /// A name to know it by.
    name: String,
    /// How it speaks: webhook, email or slack.
    #[arg(long, value_name = "MEDIUM")]
    medium: String,
    /// Its URL, or addresses of mailboxes, comma separated.
    #[arg(long, value_name = "URL|ADDRESSES")]
    to: String,
    /// What signs a webhook: the REF of ACUSE_ALERT_SECRET_{REF} [default: default].
    #[arg(long, value_name = "REF")]
    secret_ref: Option<String>,
    /// Only these kinds, comma separated; all without it.
    #[arg(long, value_name = "KINDS", value_delimiter = ',')]
    kinds: Vec<String>,
    /// Nothing less grave: info, warning or critical.
    #[arg(long, value_name = "SEVERITY", default_value = "warning")]
    min_severity: String,
    /// Minutes after which it is told again while nobody acknowledged it; 0: never.
    #[arg(long, value_name = "MINUTES", default_value_t = 30)]
    again_after: u64,
}

impl Alert {
    pub async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let catalog = Services::catalog(config).await?;
        let outgoing = services::outgoing(&config.outgoing)?;
        match self {
            Self::Test { name } => return test(&catalog, &outgoing, name.as_deref()).await,
            Self::Add(add) => add.run(&catalog, &outgoing).await?,
            Self::List => {
                for route in catalog.incident_routes().await? {
                    let state = if !route.enabled {
                        "silenced".to_owned()
                    } else if route.failures > 0 {
                        format!("fails: {}", route.last_error.as_deref().unwrap_or_default())
                    } else {
                        "good".to_owned()
                    };
                    let (medium, least) = (route.medium, route.min_severity);
                    println!("{}\t{medium}\t{}\t{least} and graver\t{state}", route.name, route.place());
                }
            }
            Self::Remove { name } => {
                let route = find(&catalog, &name).await?;
                catalog.remove_incident_route((route.id, None)).await?;
                catalog.audit("cli", "incident_route_removed", None, &json!({ "route": route.id })).await?;
                eprintln!("the route {name:?} is gone");
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Add {
    async fn run(self, catalog: &Catalog, outgoing: &Outgoing) -> anyhow::Result<()> {
        let new = NewRoute {
            name: self.name.trim().to_owned(),
            medium: self.medium.parse::<Medium>()?,
            target: self.to.trim().to_owned(),
            secret_ref: self.secret_ref.map(|r| r.to_ascii_lowercase()),
            kinds: self.kinds,
            min_severity: self.min_severity.parse::<Severity>()?,
            again_after_secs: self.again_after.saturating_mul(60),
        };
        checked::route(outgoing, &new).map_err(anyhow::Error::msg)?;
        let Some(id) = catalog.add_incident_route(&new).await? else {
            bail!("there is a route named {:?} already", new.name)
        };
        catalog.audit("cli", "incident_route_made", None, &json!({ "route": id })).await?;
        eprintln!(
            "incidents are told to {:?} from now on; try it: acuse alert test {:?}",
            new.name, new.name
        );
        Ok(())
    }
}

async fn find(catalog: &Catalog, name: &str) -> anyhow::Result<Route> {
    let all = catalog.incident_routes().await?;
    all.into_iter().find(|r| r.name == name).with_context(|| format!("there is no route named {name:?}"))
}

async fn test(catalog: &Catalog, outgoing: &Outgoing, name: Option<&str>) -> anyhow::Result<ExitCode> {
    let routes = match name {
        Some(name) => vec![find(catalog, name).await?],
        None => catalog.incident_routes().await?,
    };
    if routes.is_empty() {
        bail!("there is no route: nobody is told of incidents. Add one with `acuse alert add`");
    }
    let mut heard = true;
    for route in &routes {
        let sent = alerts::test(catalog, outgoing, route, "cli", catalog.now()).await?;
        match sent {
            Ok(()) => println!("ok\t{}\t{}", route.name, route.place()),
            Err(why) => {
                heard = false;
                println!("FAILED\t{}\t{why}", route.name);
            }
        }
    }
    Ok(if heard { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
