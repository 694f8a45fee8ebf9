//! The commands people type. Each is a file; what they answer is on stdout, how they get there on stderr.

mod alert;
mod audit;
mod backup;
mod bound;
mod customers;
mod demo;
mod doctor;
mod entities;
mod erase;
mod import;
mod keys;
mod learn;
mod mcp;
mod numbers;
mod obligations;
mod read;
mod rules;
mod templates;
mod users;

pub use customers::read as parse_customers;

use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};

use crate::{
    config::{Config, Settings},
    serve,
    services::Services,
    telemetry,
};

/// Takes in the documents that people send over WhatsApp, and accounts for every one of them.
#[derive(Parser)]
#[command(name = "acuse", version, arg_required_else_help = true, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Subcommand)]
enum Command {
    /// Send sample documents through the whole road, on embedded parts and a fake Graph API.
    Demo(demo::Demo),
    /// Web and workers in one process, on embedded parts unless told otherwise.
    Serve,
    /// The web side alone: webhook, API, review desk (needs a PostgreSQL and an S3 that workers share).
    Web,
    /// The workers alone; start as many as there is work.
    Work,
    /// Read files and say what they are. No server, no database.
    Read(read::Read),
    /// Take files in as documents.
    Import(import::Import),
    /// Check every part: what is wrong, and how to mend it.
    Doctor,
    /// Bring the catalog's tables up to date.
    Migrate,
    /// People who review.
    User {
        #[command(subcommand)]
        command: users::Users,
    },
    /// API keys.
    Key {
        #[command(subcommand)]
        command: keys::Keys,
    },
    /// Our numbers at Meta.
    Numbers {
        #[command(subcommand)]
        command: numbers::Numbers,
    },
    /// What is owed to us.
    Obligations {
        #[command(subcommand)]
        command: obligations::Obligations,
    },
    /// When we work, our teams, what is owed and approved by rule.
    Rules {
        #[command(subcommand)]
        command: rules::Rules,
    },
    /// Templates at Meta, which may go when free text may not.
    Templates {
        #[command(subcommand)]
        command: templates::Templates,
    },
    /// Copy the catalog and every file into a folder, while the server runs.
    Backup(backup::Backup),
    /// Put a backup back, into an empty place.
    Restore(backup::Restore),
    /// Erase a document, a contact or a customer for ever.
    Erase(erase::Erase),
    /// Keep something from being erased, or lift that.
    Hold(erase::Hold),
    /// Who is told when something is wrong.
    Alert {
        #[command(subcommand)]
        command: alert::Alert,
    },
    /// The audit trail.
    Audit {
        #[command(subcommand)]
        command: audit::Audit,
    },
    /// Let an assistant read (Model Context Protocol), over stdin and stdout or over HTTP.
    Mcp(mcp::Mcp),
    /// What was learnt at the desk.
    Learn {
        #[command(subcommand)]
        command: learn::Learn,
    },
    /// Who we are: the firms that documents come in for.
    Entities {
        #[command(subcommand)]
        command: entities::Entities,
    },
    /// Customers.
    Customers {
        #[command(subcommand)]
        command: customers::Customers,
    },
}

/// Runs the command that was typed.
#[must_use]
pub fn run() -> ExitCode {
    if let Err(error) = dotenvy::dotenv()
        && !error.not_found()
    {
        eprintln!("acuse: .env cannot be read: {error}");
        return ExitCode::from(2);
    }
    let cli = Cli::parse();
    let config = match Config::try_from(cli.settings) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("acuse: {error}");
            return ExitCode::from(2);
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let done = runtime.context("cannot start the runtime").and_then(|rt| {
        let done = rt.block_on(dispatch(cli.command, config));
        // What still runs in the background does not hold up the end of a command.
        rt.shutdown_timeout(std::time::Duration::from_secs(5));
        done
    });
    done.unwrap_or_else(|error| {
        eprintln!("acuse: {error:#}");
        ExitCode::FAILURE
    })
}

async fn dispatch(command: Command, config: Config) -> anyhow::Result<ExitCode> {
    let is_server = matches!(command, Command::Serve | Command::Web | Command::Work);
    let _telemetry =
        if is_server { telemetry::start(config.otlp_endpoint.as_ref())? } else { telemetry::quiet()? };
    match command {
        Command::Serve => serve::run(config, serve::Role::All).await,
        Command::Web => serve::run(config, serve::Role::Web).await,
        Command::Work => serve::run(config, serve::Role::Work).await,
        Command::Read(read) => read.run(&config).await,
        Command::Demo(demo) => demo.run(config).await,
        Command::Doctor => doctor::run(&config).await,
        Command::Import(import) => import.run(&config).await,
        Command::Migrate => {
            let catalog = Services::catalog(&config).await?;
            println!("the catalog ({}) is up to date", catalog.database());
            Ok(ExitCode::SUCCESS)
        }
        Command::User { command } => command.run(&config).await,
        Command::Key { command } => command.run(&config).await,
        Command::Numbers { command } => command.run(&config).await,
        Command::Obligations { command } => command.run(&config).await,
        Command::Rules { command } => command.run(&config).await,
        Command::Templates { command } => command.run(&config).await,
        Command::Learn { command } => command.run(&config).await,
        Command::Entities { command } => command.run(&config).await,
        Command::Backup(backup) => backup.run(&config).await,
        Command::Restore(restore) => restore.run(&config).await,
        Command::Erase(erase) => erase.run(&config).await,
        Command::Hold(hold) => hold.run(&config).await,
        Command::Alert { command } => command.run(&config).await,
        Command::Audit { command } => command.run(&config).await,
        Command::Customers { command } => command.run(&config).await,
        Command::Mcp(mcp) => mcp.run(&config).await,
    }
}
