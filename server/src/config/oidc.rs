//! Signing in at an identity provider: its settings, from their texts.

use acuse_storage::users::Role;
use clap::Args;
use url::Url;

use super::{ConfigError, Secret, parsed::given};
use crate::oidc::rules::Rules;

/// What was typed about the identity provider.
#[derive(Clone, Default, Args)]
pub struct OidcSettings {
    /// Identity provider (OpenID Connect) at which people may sign in, exactly as it names itself [default: none].
    #[arg(long = "oidc-issuer", env = "ACUSE_OIDC_ISSUER", global = true, value_name = "URL")]
    pub issuer: Option<String>,
    /// What the provider calls this installation.
    #[arg(long = "oidc-client-id", env = "ACUSE_OIDC_CLIENT_ID", global = true, value_name = "ID")]
    pub client_id: Option<String>,
    /// The secret that the provider gave for it.
    #[arg(
        long = "oidc-client-secret",
        env = "ACUSE_OIDC_CLIENT_SECRET",
        global = true,
        value_name = "SECRET",
        hide_env_values = true
    )]
    pub client_secret: Option<String>,
    /// File with that secret, in the place of the variable.
    #[arg(
        long = "oidc-client-secret-file",
        env = "ACUSE_OIDC_CLIENT_SECRET_FILE",
        global = true,
        value_name = "PATH"
    )]
    pub client_secret_file: Option<String>,
    /// What the button on the sign-in page says after "Sign in with" [default: the provider's host].
    #[arg(long = "oidc-label", env = "ACUSE_OIDC_LABEL", global = true, value_name = "NAME")]
    pub label: Option<String>,
    /// Where the provider sends people back to, as it is registered there
    /// [default: /login/oidc/callback at the address that the browser asked].
    #[arg(long = "oidc-redirect-url", env = "ACUSE_OIDC_REDIRECT_URL", global = true, value_name = "URL")]
    pub redirect_url: Option<String>,
    /// What the provider is asked for beside `openid`, comma separated [default: email].
    #[arg(long = "oidc-scopes", env = "ACUSE_OIDC_SCOPES", global = true, value_name = "SCOPES")]
    pub scopes: Option<String>,
    /// Domains of the proven e-mail addresses that may come in, comma separated [default: any].
    #[arg(
        long = "oidc-email-domains",
        env = "ACUSE_OIDC_EMAIL_DOMAINS",
        global = true,
        value_name = "DOMAINS"
    )]
    pub email_domains: Option<String>,
    /// `assumed`: an e-mail address of which the provider never says whether it is verified counts as if it were, because
    /// you yourselves give out the accounts there (Entra ID of your own house); one that it says is not verified never does
    /// [default: said].
    #[arg(
        long = "oidc-email-verified",
        env = "ACUSE_OIDC_EMAIL_VERIFIED",
        global = true,
        value_name = "said|assumed"
    )]
    pub email_verified: Option<String>,
    /// Claim that holds somebody's groups; a path with dots where no claim has that whole name [default: none].
    #[arg(long = "oidc-roles-claim", env = "ACUSE_OIDC_ROLES_CLAIM", global = true, value_name = "CLAIM")]
    pub roles_claim: Option<String>,
    /// Which group has which role, e.g. `acuse-admins=admin,clerks=reviewer`: the first that somebody is in counts at
    /// every sign-in, and whoever is in none stays outside [default: none; roles are given at the desk].
    #[arg(long = "oidc-roles", env = "ACUSE_OIDC_ROLES", global = true, value_name = "GROUP=ROLE,…")]
    pub roles: Option<String>,
    /// Role of people whom nobody added [default: none; they stay outside].
    #[arg(long = "oidc-new-role", env = "ACUSE_OIDC_NEW_ROLE", global = true, value_name = "ROLE")]
    pub new_role: Option<String>,
}

/// The identity provider, sound.
#[derive(Debug, Clone)]
pub struct Oidc {
    /// As it names itself.
    pub issuer: String,
    /// What it calls us.
    pub client_id: String,
    /// How we prove that.
    pub client_secret: Secret,
    /// What people call it.
    pub label: String,
    /// Where it sends people back to; none: to where they came from.
    pub redirect: Option<Url>,
    /// What it is asked for beside `openid`.
    pub scopes: Vec<String>,
    /// Who comes in, and as what.
    pub rules: Rules,
}

fn wrong(variable: &str, problem: impl Into<String>) -> ConfigError {
    ConfigError::new(format!("ACUSE_OIDC_{variable}"), problem)
}

/// The provider; none where none is named.
pub(super) fn oidc(s: &OidcSettings) -> Result<Option<Oidc>, ConfigError> {
    let Some(issuer) = given(s.issuer.as_deref()) else { return Ok(None) };
    let host = Url::parse(issuer).ok().filter(is_safe).and_then(|url| url.host_str().map(str::to_owned));
    let host = host
        .ok_or_else(|| wrong("ISSUER", "is no https URL; write e.g. https://login.example.com/realms/us"))?;
    let client_id = given(s.client_id.as_deref())
        .ok_or_else(|| wrong("CLIENT_ID", "is needed with ACUSE_OIDC_ISSUER; the provider says it"))?;
    let redirect = given(s.redirect_url.as_deref()).map(redirect).transpose()?;
    Ok(Some(Oidc {
        issuer: issuer.to_owned(),
        client_id: client_id.to_owned(),
        client_secret: client_secret(s)?,
        label: given(s.label.as_deref()).unwrap_or(&host).chars().take(60).collect(),
        redirect,
        scopes: given(s.scopes.as_deref()).map_or_else(|| vec!["email".to_owned()], list),
        rules: Rules { assumes_email: assumes_email(s, issuer)?, ..rules(s)? },
    }))
}

/// Of providers where anybody makes an account by themselves, under whatever address: Microsoft's for consumers.
const OF_ANYBODY: [&str; 1] = ["9188040d-6c67-4c5b-b112-36a304b66dad"];

/// Whether unsaid means verified; nobody vouches for a provider where anybody makes an account.
fn assumes_email(s: &OidcSettings, issuer: &str) -> Result<bool, ConfigError> {
    match given(s.email_verified.as_deref()) {
        None | Some("said") => Ok(false),
        Some("assumed") if OF_ANYBODY.iter().any(|tenant| issuer.contains(tenant)) => {
            Err(wrong("EMAIL_VERIFIED", "anybody makes an account at that provider, under any address"))
        }
        Some("assumed") => Ok(true),
        Some(other) => Err(wrong("EMAIL_VERIFIED", format!("{other:?} is neither said nor assumed"))),
    }
}

/// Passwords of a whole house go there: by https, or not beyond this machine.
pub(crate) fn is_safe(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let here = ["localhost", "127.0.0.1", "[::1]"].contains(&host);
    !host.is_empty() && (url.scheme() == "https" || (url.scheme() == "http" && here))
}

fn redirect(text: &str) -> Result<Url, ConfigError> {
    let url = Url::parse(text).ok().filter(|url| is_safe(url) && url.path() == crate::oidc::CALLBACK);
    url.ok_or_else(|| {
        wrong(
            "REDIRECT_URL",
            format!("write the desk's own address, e.g. https://acuse.example.com{}", crate::oidc::CALLBACK),
        )
    })
}

fn client_secret(s: &OidcSettings) -> Result<Secret, ConfigError> {
    let told = given(s.client_secret.as_deref()).map(Secret::new);
    let kept = given(s.client_secret_file.as_deref()).map(|path| {
        std::fs::read_to_string(path)
            .map(|text| Secret::new(&text))
            .map_err(|e| wrong("CLIENT_SECRET_FILE", format!("cannot read {path}: {e}")))
    });
    let secret = told.map(Ok).or(kept).transpose()?.filter(|secret| !secret.expose().is_empty());
    secret.ok_or_else(|| {
        wrong("CLIENT_SECRET", "is needed with ACUSE_OIDC_ISSUER; or ACUSE_OIDC_CLIENT_SECRET_FILE")
    })
}

fn list(text: &str) -> Vec<String> {
    text.split([',', ' ']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn rules(s: &OidcSettings) -> Result<Rules, ConfigError> {
    let role = |variable, word: &str| {
        word.trim().parse::<Role>().map_err(|_| {
            wrong(variable, format!("{word:?} is no role: reviewer, finance, supervisor, auditor or admin"))
        })
    };
    let pairs =
        given(s.roles.as_deref()).unwrap_or_default().split(',').filter(|pair| !pair.trim().is_empty());
    let roles = pairs.map(|pair| {
        // A group may have a `=` of its own, as a distinguished name has.
        let (group, word) =
            pair.rsplit_once('=').ok_or_else(|| wrong("ROLES", "write GROUP=ROLE,GROUP=ROLE"))?;
        Ok((group.trim().to_owned(), role("ROLES", word)?))
    });
    let roles = roles.collect::<Result<Vec<_>, ConfigError>>()?;
    let claim = given(s.roles_claim.as_deref()).map(str::to_owned);
    if claim.is_some() == roles.is_empty() {
        return Err(wrong("ROLES", "ACUSE_OIDC_ROLES and ACUSE_OIDC_ROLES_CLAIM go together"));
    }
    let domains = given(s.email_domains.as_deref()).map(list).unwrap_or_default().into_iter();
    let domains: Vec<String> = domains.map(|d| d.trim_start_matches('@').to_lowercase()).collect();
    let new_role = given(s.new_role.as_deref()).map(|word| role("NEW_ROLE", word)).transpose()?;
    if new_role == Some(Role::Admin) {
        return Err(wrong(
            "NEW_ROLE",
            "nobody becomes an admin unasked: add them, or give a group that role",
        ));
    }
    if new_role.is_some() && domains.is_empty() && roles.is_empty() {
        let problem = "everybody with an account at the provider would come in: say ACUSE_OIDC_EMAIL_DOMAINS or ACUSE_OIDC_ROLES too";
        return Err(wrong("NEW_ROLE", problem));
    }
    Ok(Rules { claim, roles, domains, new_role, assumes_email: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(change: impl FnOnce(&mut OidcSettings)) -> Result<Option<Oidc>, ConfigError> {
        let mut settings = OidcSettings {
            issuer: Some("https://login.example.com/".into()),
            client_id: Some("acuse".into()),
            client_secret: Some("hush".into()),
            ..OidcSettings::default()
        };
        change(&mut settings);
        oidc(&settings)
    }

    #[test]
    fn a_provider_is_named_as_it_names_itself() {
        let oidc = with(|_| {}).unwrap().expect("configured");
        assert_eq!(
            (oidc.issuer.as_str(), oidc.label.as_str()),
            ("https://login.example.com/", "login.example.com")
        );
        assert!(!format!("{oidc:?}").contains("hush"));
        assert!(with(|s| s.issuer = Some(" ".into())).unwrap().is_none());
        assert!(with(|s| s.issuer = Some("http://127.0.0.1:5556/dex".into())).unwrap().is_some());
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, "hush\n").unwrap();
        let kept = with(|s| {
            s.client_secret = None;
            s.client_secret_file = Some(file.display().to_string());
        });
        assert_eq!(kept.unwrap().expect("configured").client_secret, Secret::new("hush"));
    }

    #[test]
    fn what_would_let_too_many_in_is_refused() {
        let wrong = [
            with(|s| s.issuer = Some("http://login.example.com".into())),
            with(|s| s.client_id = None),
            with(|s| s.client_secret = None),
            with(|s| s.redirect_url = Some("https://acuse.example.com/elsewhere".into())),
            with(|s| s.roles = Some("clerks=reviewer".into())),
            with(|s| s.roles_claim = Some("groups".into())),
            with(|s| s.new_role = Some("reviewer".into())),
            with(|s| {
                s.new_role = Some("admin".into());
                s.email_domains = Some("example.org".into());
            }),
            with(|s| s.email_verified = Some("yes".into())),
            with(|s| {
                s.issuer = Some(format!("https://login.microsoftonline.com/{}/v2.0", OF_ANYBODY[0]));
                s.email_verified = Some("assumed".into());
            }),
        ];
        let names: Vec<_> = wrong.iter().map(|w| w.as_ref().unwrap_err().variable.as_str()).collect();
        let expected = [
            "ISSUER",
            "CLIENT_ID",
            "CLIENT_SECRET",
            "REDIRECT_URL",
            "ROLES",
            "ROLES",
            "NEW_ROLE",
            "NEW_ROLE",
            "EMAIL_VERIFIED",
            "EMAIL_VERIFIED",
        ];
        assert_eq!(names, expected.map(|name| format!("ACUSE_OIDC_{name}")));
    }

    #[test]
    fn an_address_is_taken_for_verified_only_where_somebody_says_so() {
        let assumes = |word: Option<&str>| {
            let oidc = with(|s| s.email_verified = word.map(str::to_owned)).unwrap();
            oidc.expect("configured").rules.assumes_email
        };
        assert!(!assumes(None) && !assumes(Some("said")) && assumes(Some("assumed")));
    }

    #[test]
    fn a_group_may_be_a_distinguished_name() {
        let oidc = with(|s| {
            s.roles_claim = Some("groups".into());
            s.roles = Some("cn=admins=admin, clerks=reviewer".into());
            s.email_domains = Some("@Example.org, other.org".into());
            s.new_role = Some("finance".into());
        });
        let rules = oidc.unwrap().expect("configured").rules;
        assert_eq!(
            rules.roles,
            [("cn=admins".to_owned(), Role::Admin), ("clerks".to_owned(), Role::Reviewer)]
        );
        assert_eq!(rules.domains, ["example.org", "other.org"]);
    }
}
