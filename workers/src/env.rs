//! What a job needs besides its document: the parts it composes, and the policy it follows.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use acuse_storage::{
    Catalog, Objects,
    erasure::{Keep, Retention},
};
use acuse_whatsapp::Graph;
use time::OffsetDateTime;

use crate::{outgoing::Outgoing, sandbox::Sandbox, scan::Scanner, watch::Watch};

/// The token of `ACUSE_WHATSAPP_ACCESS_TOKEN`.
pub const DEFAULT_TOKEN: &str = "default";

/// When to try again, and when to stop trying.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Longest wait between two attempts to fetch; a media id lives for days.
    pub fetch_ceiling: Duration,
    /// Longest wait between two attempts at anything else.
    pub ceiling: Duration,
    /// Attempts at a stage before a person must look; fetching goes on until the media id dies.
    pub attempts: u32,
    /// Longest wait between two attempts at sending one message; it is tried as long as it is worth sending.
    pub reply_ceiling: Duration,
    /// How long a paused channel rests before it is probed, and before what waits for it looks again.
    pub probe_every: Duration,
    /// Longest time of one job; longer is a hang. More than a download (290 s) and more than a read.
    pub job_timeout: Duration,
    /// How long the channel's own rows live: raw deliveries, statuses and messages.
    pub channel_kept: Duration,
    /// When the time of documents is over; none: never.
    pub retention: Retention,
    /// What stays of a bill whose time is over.
    pub erasure_keeps: Keep,
    /// How long a message in hand is kept from other workers. More than its turn (2 s) and a call to Meta (30 s).
    pub reply_lease: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            fetch_ceiling: Duration::from_secs(3_600),
            ceiling: Duration::from_secs(300),
            attempts: 6,
            reply_ceiling: Duration::from_secs(900),
            probe_every: Duration::from_secs(60),
            job_timeout: Duration::from_secs(600),
            channel_kept: Duration::from_secs(90 * 24 * 3_600),
            retention: Retention::default(),
            erasure_keeps: Keep::Amounts,
            reply_lease: Duration::from_secs(45),
        }
    }
}

/// Everything a job works with.
pub struct Env {
    /// Rows and tasks.
    pub catalog: Catalog,
    /// Files.
    pub objects: Objects,
    /// Where strangers' files are opened.
    pub sandbox: Sandbox,
    /// The channel; `None` without an access token: what needs it waits, and says so.
    pub graph: Option<Graph>,
    /// The channel by other tokens, by their references.
    pub graphs: BTreeMap<String, Graph>,
    /// The malware scanner that every original must pass before it is opened; `None` where none is configured.
    pub scanner: Option<Scanner>,
    /// What leaves for somebody's server: alerts and webhooks; `None`: nothing does.
    pub outgoing: Option<Arc<Outgoing>>,
    /// What is watched every minute.
    pub watch: Watch,
    /// When to try again.
    pub policy: Policy,
    /// What time it is; tests bring their own.
    pub clock: fn() -> OffsetDateTime,
    /// Since when the watch has not reached the database; nobody else could write it down.
    pub(crate) database_away: Mutex<Option<OffsetDateTime>>,
}

impl Env {
    /// With the default policy and the real clock.
    #[must_use]
    pub fn new(catalog: Catalog, objects: Objects, sandbox: Sandbox, graph: Option<Graph>) -> Self {
        #[cfg(debug_assertions)]
        acuse_storage::cases::on_effect(crate::jobs::boundary::pass);
        Self {
            catalog,
            objects,
            sandbox,
            graph,
            graphs: BTreeMap::new(),
            scanner: None,
            outgoing: None,
            watch: Watch::default(),
            policy: Policy::default(),
            clock: acuse_storage::names::now,
            database_away: Mutex::default(),
        }
    }

    /// The channel by the token that a reference names.
    pub(crate) fn graph_of(&self, token_ref: &str) -> Option<&Graph> {
        self.graphs.get(token_ref).or_else(|| self.graph.as_ref().filter(|_| token_ref == DEFAULT_TOKEN))
    }

    /// By this clock, the catalog too.
    #[must_use]
    pub fn with_clock(mut self, clock: fn() -> OffsetDateTime) -> Self {
        self.catalog = self.catalog.with_clock(clock);
        self.clock = clock;
        self
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        (self.clock)()
    }

    /// The moment `wait` from now.
    pub(crate) fn after(&self, wait: Duration) -> OffsetDateTime {
        self.now().saturating_add(time::Duration::try_from(wait).unwrap_or(time::Duration::WEEK))
    }
}
