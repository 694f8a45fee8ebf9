//! Each setting, from its text to a value that is known to be sound.

use std::{net::SocketAddr, path::PathBuf};

use acuse_conversation::{Policies, Privacy};
use acuse_pipeline::document::Kind;
use acuse_storage::{access::Rule, fair::Quota};
use acuse_workers::watch::Expected;
use ipnet::IpNet;
use url::Url;

use super::{
    ConfigError, Database, Objects, Outgoing, ReadSettings, RemoteObjects, Secret, Settings, Whatsapp,
};

pub(super) fn undo(value: Option<&str>) -> Result<std::time::Duration, ConfigError> {
    let secs: u64 = match given(value) {
        None => 10,
        Some(text) => text.parse().ok().filter(|secs| *secs <= 3_600).ok_or_else(|| {
            ConfigError::new("ACUSE_UNDO_SECS", "must be from 0 (no taking back) to 3600 seconds")
        })?,
    };
    Ok(std::time::Duration::from_secs(secs))
}

pub(super) fn sender_quota(value: Option<&str>) -> Result<Quota, ConfigError> {
    let Some(value) = given(value) else { return Ok(Quota::default()) };
    let files_per_hour = value.parse().map_err(|_| {
        ConfigError::new("ACUSE_SENDER_QUOTA", "write how many files an hour, e.g. 200; 0 for no quota")
    })?;
    Ok(Quota { files_per_hour })
}

/// How conversations are led; `None` where every file is answered by itself.
pub(super) fn policies(
    value: Option<&str>,
    notice: Option<&str>,
    desk_url: Option<&str>,
) -> Result<Option<Policies>, ConfigError> {
    let desk = desk(desk_url)?;
    let wrong = |problem: String| ConfigError::new("ACUSE_POLICIES", problem);
    let led = match given(value) {
        Some("off") => return Ok(None),
        None => Policies::ours().map_err(|e| wrong(e.to_string()))?,
        Some(path) => {
            let text =
                std::fs::read_to_string(path).map_err(|e| wrong(format!("cannot read {path}: {e}")))?;
            Policies::read(&text).map_err(|e| wrong(e.to_string()))?
        }
    };
    Ok(Some(led.with_privacy(privacy(notice)?).with_desk(desk)))
}

/// Longest address of the desk, characters: a document's fits into a message with it.
const DESK_CHARS: usize = 100;

/// Where people open the desk, without a last slash.
fn desk(value: Option<&str>) -> Result<Option<String>, ConfigError> {
    let Some(text) = given(value) else { return Ok(None) };
    let is_web = Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && (url.username(), url.password(), url.query(), url.fragment()) == ("", None, None, None)
    });
    if !is_web || text.chars().count() > DESK_CHARS {
        let why = "write the address at which people open the desk, e.g. https://desk.example.com";
        return Err(ConfigError::new("ACUSE_DESK_URL", why));
    }
    Ok(Some(text.trim_end_matches('/').to_owned()))
}

/// What whoever writes for the first time is told.
fn privacy(value: Option<&str>) -> Result<Option<Privacy>, ConfigError> {
    let wrong = |problem: String| ConfigError::new("ACUSE_PRIVACY_NOTICE", problem);
    let Some(path) = given(value) else { return Ok(None) };
    let text = std::fs::read_to_string(path).map_err(|e| wrong(format!("cannot read {path}: {e}")))?;
    Privacy::read(&text).map(Some).map_err(|e| wrong(e.to_string()))
}

/// Longer than the week for which Meta sends a webhook again: its rows tell that it came before.
pub(super) fn channel_kept(value: Option<&str>) -> Result<std::time::Duration, ConfigError> {
    let days: u64 = given(value).map_or(Ok(90), |text| {
        text.parse().ok().filter(|days| (8..=36_500).contains(days)).ok_or_else(|| {
            ConfigError::new("ACUSE_KEEP_CHANNEL_DAYS", format!("{text:?} is not a number from 8 to 36500"))
        })
    })?;
    Ok(std::time::Duration::from_secs(days * 24 * 3_600))
}

/// No longer than Meta goes on trying: 30 days.
pub(super) fn confirm(value: Option<&str>) -> Result<std::time::Duration, ConfigError> {
    let hours: u64 = given(value).map_or(Ok(72), |text| {
        text.parse().ok().filter(|hours| (1..=720).contains(hours)).ok_or_else(|| {
            ConfigError::new(
                "ACUSE_CONFIRM_HOURS",
                format!("{text:?} is not a number of hours from 1 to 720"),
            )
        })
    })?;
    Ok(std::time::Duration::from_secs(hours * 3_600))
}

/// What leaves for other people's servers.
pub(super) fn outgoing(s: &Settings) -> Result<Outgoing, ConfigError> {
    let networks = given(s.outgoing_networks.as_deref()).unwrap_or_default().split(',').map(str::trim);
    let networks = networks.filter(|n| !n.is_empty()).map(|text| {
        let net = text.parse::<IpNet>().or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from));
        net.map_err(|_| {
            let problem = format!("{text:?} is no network; write e.g. 10.0.0.0/8,192.168.1.5");
            ConfigError::new("ACUSE_OUTGOING_NETWORKS", problem)
        })
    });
    let beat = given(s.beat_url.as_deref()).map(|v| http_url("ACUSE_BEAT_URL", v)).transpose()?;
    let expect = given(s.expect_webhooks.as_deref())
        .map(|v| v.parse::<Expected>().map_err(|e| ConfigError::new("ACUSE_EXPECT_WEBHOOKS", e.to_string())));
    Ok(Outgoing {
        networks: networks.collect::<Result<_, _>>()?,
        smtp_url: secret(s.smtp_url.as_ref()),
        smtp_from: given(s.smtp_from.as_deref()).map(str::to_owned),
        beat_url: beat.map(|url| Secret::new(url.as_str())),
        expect_webhooks: expect.transpose()?,
    })
}

/// When a document is open that nobody decided on.
pub(super) fn open_rule(s: &Settings) -> Result<Rule, ConfigError> {
    let mut rule = Rule::default();
    if let Some(text) = given(s.open_kinds.as_deref()) {
        let kinds = text.split(',').map(str::trim).filter(|k| !k.is_empty()).map(str::parse::<Kind>);
        let kinds: Vec<Kind> = kinds
            .collect::<Result<_, _>>()
            .map_err(|e| ConfigError::new("ACUSE_OPEN_KINDS", format!("{e}; write invoice,receipt")))?;
        if kinds.contains(&Kind::Id) {
            return Err(ConfigError::new("ACUSE_OPEN_KINDS", "an ID is never open".to_owned()));
        }
        rule.kinds = kinds;
    }
    if let Some(text) = given(s.open_id_probability.as_deref()) {
        let sound = text.parse::<f64>().ok().filter(|p| (0.0..=1.0).contains(p));
        rule.most_id_probability = sound.ok_or_else(|| {
            ConfigError::new("ACUSE_OPEN_ID_PROBABILITY", format!("{text:?} is no number from 0 to 1"))
        })?;
    }
    Ok(rule)
}

/// An empty variable is an unset one: compose files write `X=` for "nothing".
pub(super) fn given(value: Option<&str>) -> Option<&str> {
    value.map(str::trim).filter(|v| !v.is_empty())
}

pub(super) fn secret(value: Option<&String>) -> Option<Secret> {
    given(value.map(String::as_str)).map(Secret::new)
}

pub(super) fn address(variable: &'static str, value: &str) -> Result<SocketAddr, ConfigError> {
    value.parse().map_err(|_| {
        ConfigError::new(variable, format!("{value:?} is not an address; write e.g. 127.0.0.1:8080"))
    })
}

pub(super) fn http_url(variable: &'static str, value: &str) -> Result<Url, ConfigError> {
    match Url::parse(value) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.host().is_some() => Ok(url),
        _ => Err(ConfigError::new(variable, "is not an http or https URL; write e.g. http://127.0.0.1:9000")),
    }
}

pub(super) fn database(value: Option<&str>, data_dir: &std::path::Path) -> Result<Database, ConfigError> {
    let Some(value) = given(value) else { return Ok(Database::Sqlite(data_dir.join("acuse.db"))) };
    if value.starts_with("postgres://") || value.starts_with("postgresql://") {
        return Ok(Database::Postgres(Secret::new(value)));
    }
    // The value may hold a password even when its scheme is wrong, so it is not repeated.
    let path =
        value.strip_prefix("sqlite://").or_else(|| value.strip_prefix("sqlite:")).ok_or_else(|| {
            ConfigError::new(
                "ACUSE_DATABASE_URL",
                "must start with postgres:// or sqlite: (or be unset for the data folder)",
            )
        })?;
    let path = path.split('?').next().unwrap_or_default();
    if path.is_empty() || path == ":memory:" {
        return Err(ConfigError::new(
            "ACUSE_DATABASE_URL",
            "names no file; the catalog must outlive the process",
        ));
    }
    Ok(Database::Sqlite(PathBuf::from(path)))
}

pub(super) fn objects(s: &Settings, data_dir: &std::path::Path) -> Result<Objects, ConfigError> {
    let Some(endpoint) = given(s.s3_endpoint.as_deref()) else {
        return Ok(Objects::Embedded(data_dir.join("objects")));
    };
    let needed = |variable, value: Option<&String>| {
        secret(value).ok_or_else(|| ConfigError::new(variable, "is needed with ACUSE_S3_ENDPOINT"))
    };
    Ok(Objects::Remote(RemoteObjects {
        endpoint: http_url("ACUSE_S3_ENDPOINT", endpoint)?,
        bucket: given(s.s3_bucket.as_deref()).unwrap_or("acuse").to_owned(),
        region: given(s.s3_region.as_deref()).unwrap_or("us-east-1").to_owned(),
        access_key_id: needed("AWS_ACCESS_KEY_ID", s.aws_access_key_id.as_ref())?,
        secret_access_key: needed("AWS_SECRET_ACCESS_KEY", s.aws_secret_access_key.as_ref())?,
        session_token: secret(s.aws_session_token.as_ref()),
    }))
}

pub(super) fn whatsapp(s: &Settings) -> Result<Whatsapp, ConfigError> {
    let list = |v: &Option<String>| -> Vec<String> {
        let text = v.as_deref().unwrap_or_default();
        text.split(',').map(str::trim).filter(|v| !v.is_empty()).map(str::to_owned).collect()
    };
    let mut secrets = list(&s.whatsapp_app_secret);
    secrets.extend(list(&s.whatsapp_app_secret_previous));
    let hosts = list(&s.media_hosts);
    if let Some(bad) = hosts.iter().find(|h| h.contains('/') || h.contains('*') || h.contains(' ')) {
        let problem = format!("{bad:?} is not a host; write e.g. lookaside.fbsbx.com or .fbcdn.net");
        return Err(ConfigError::new("ACUSE_MEDIA_HOSTS", problem));
    }
    Ok(Whatsapp {
        app_secrets: secrets.iter().map(|v| Secret::new(v)).collect(),
        verify_token: secret(s.whatsapp_verify_token.as_ref()),
        access_token: secret(s.whatsapp_access_token.as_ref()),
        graph_url: given(s.graph_url.as_deref()).map(|v| http_url("ACUSE_GRAPH_URL", v)).transpose()?,
        media_hosts: (!hosts.is_empty()).then_some(hosts),
    })
}

pub(super) fn reading(s: &Settings) -> Result<ReadSettings, ConfigError> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let concurrency = match given(s.read_concurrency.as_deref()) {
        None => cores,
        Some(v) => v.parse().ok().filter(|n| (1..=256).contains(n)).ok_or_else(|| {
            ConfigError::new("ACUSE_READ_CONCURRENCY", format!("{v:?} is not a number from 1 to 256"))
        })?,
    };
    let sandbox_required = match given(s.sandbox.as_deref()) {
        None | Some("best-effort") => false,
        Some("required") => true,
        Some(v) => {
            return Err(ConfigError::new(
                "ACUSE_SANDBOX",
                format!("{v:?} is neither required nor best-effort"),
            ));
        }
    };
    Ok(ReadSettings {
        concurrency,
        models_dir: s.models_dir.clone().unwrap_or_else(default_models_dir),
        sandbox_required,
        limits: crate::limits::parse(&s.limits)?,
        clamd: given(s.clamd.as_deref())
            .map(|v| v.parse().map_err(|e| ConfigError::new("ACUSE_CLAMD", format!("{v:?} {e}"))))
            .transpose()?,
    })
}

/// `$XDG_DATA_HOME/acuse/models`, where `make models` puts them (XDG Base Directory Specification 0.8).
fn default_models_dir() -> PathBuf {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    absolute("XDG_DATA_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/share")))
        .unwrap_or_else(|| PathBuf::from("."))
        .join("acuse/models")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_desk_is_at_an_address_that_fits_into_a_message() {
        assert_eq!(desk(Some(" https://desk.example/ ")).unwrap().as_deref(), Some("https://desk.example"));
        assert_eq!(
            desk(Some("http://10.0.0.7:8080/acuse")).unwrap().as_deref(),
            Some("http://10.0.0.7:8080/acuse")
        );
        assert_eq!((desk(None).unwrap(), desk(Some(" ")).unwrap()), (None, None));
        let long = format!("https://desk.example/{}", "x".repeat(100));
        for wrong in [
            "desk.example",
            "ftp://desk.example",
            "https://u:p@desk.example",
            "https://d.example/?q=1",
            &long,
        ] {
            assert!(desk(Some(wrong)).is_err(), "{wrong}");
        }
    }
}
