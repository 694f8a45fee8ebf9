//! `acuse templates`: hands templates in to Meta, and says how they stand.

mod file;

use std::{path::PathBuf, process::ExitCode};

use acuse_pipeline::document::Sha256;
use acuse_storage::{
    Catalog, ObjectKey, Objects, accounts::Template, attachments::NewFile, names::AttachmentId,
};
use acuse_whatsapp::{
    Graph,
    graph::{ExampleFile, NewTemplate, TemplateInfo},
};
use acuse_workers::env::DEFAULT_TOKEN;
use anyhow::{Context, bail};
use clap::Subcommand;
use serde_json::json;
use time::format_description::well_known::Rfc3339;

use crate::{
    config::Config,
    services::{self, Services},
};

#[derive(Subcommand)]
pub enum Templates {
    /// Hand in what Meta does not have, or has in another text, to every account of ours.
    Push {
        /// Folder of LANGUAGE/NAME.toml [default: those that come with Acuse].
        #[arg(long, value_name = "DIR")]
        folder: Option<PathBuf>,
        /// Only to this account (WABA).
        #[arg(long, value_name = "WABA")]
        account: Option<String>,
        /// Say what would be handed in, and hand nothing in.
        #[arg(long)]
        dry_run: bool,
    },
    /// How each template stands with Meta, asked now.
    Status,
}

/// What is to be done about a template.
#[derive(Debug, PartialEq, Eq)]
enum Due {
    /// Meta has it as it is.
    Nothing,
    /// Meta does not have it.
    Create,
    /// Meta has another text under this id.
    Edit(String),
}

fn due(new: &NewTemplate, known: &[TemplateInfo]) -> Due {
    let same = known.iter().find(|t| t.name == new.name && t.language == new.language);
    match same {
        None => Due::Create,
        Some(known) if known.outline == new.outline() => Due::Nothing,
        Some(TemplateInfo { id: Some(id), .. }) => Due::Edit(id.clone()),
        Some(_) => Due::Nothing,
    }
}

impl Templates {
    pub async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let catalog = Services::catalog(config).await?;
        match self {
            Self::Push { folder, account, dry_run } => {
                let wanted = match folder {
                    Some(folder) => file::of_folder(&folder)?,
                    None => file::ours()?,
                };
                // The files beside templates are kept with everything else that is sent.
                let has_files = !dry_run && wanted.iter().any(|new| new.example().is_some());
                let services = if has_files { Some(Services::start(config).await?) } else { None };
                let store = services.as_ref().map(|services| &services.objects);
                let mut refused = 0;
                for (waba, graph) in accounts(&catalog, config, account.as_deref()).await? {
                    refused += push(&catalog, &graph, &waba, &wanted, (store, dry_run)).await?;
                }
                Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
            }
            Self::Status => {
                for (waba, graph) in accounts(&catalog, config, None).await? {
                    sync(&catalog, &graph, &waba).await?;
                }
                for t in catalog.templates().await? {
                    let paused = t.paused_until.and_then(|at| at.format(&Rfc3339).ok());
                    let more = [
                        t.quality.map(|q| format!("quality {q}")),
                        t.rejected_reason.map(|why| format!("because {why}")),
                        paused.map(|until| format!("paused until {until}")),
                    ];
                    let more: Vec<String> = more.into_iter().flatten().collect();
                    let line = format!(
                        "{}  {}  {}  {}  {}  {}",
                        t.account,
                        t.name,
                        t.language,
                        t.category,
                        t.status,
                        more.join(", ")
                    );
                    println!("{}", line.trim_end());
                }
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

/// Our accounts, with what asks Meta about each.
async fn accounts(
    catalog: &Catalog,
    config: &Config,
    only: Option<&str>,
) -> anyhow::Result<Vec<(String, Graph)>> {
    let (default, others) = (services::graph(&config.whatsapp)?, services::graphs(&config.whatsapp)?);
    let mut found: Vec<(String, Graph)> = Vec::new();
    for number in catalog.numbers().await? {
        let Some(waba) = number.waba_id.filter(|waba| only.is_none_or(|only| only == waba)) else { continue };
        if found.iter().any(|(known, _)| *known == waba) {
            continue;
        }
        let graph =
            if number.token_ref == DEFAULT_TOKEN { default.as_ref() } else { others.get(&number.token_ref) };
        let graph = graph
            .cloned()
            .with_context(|| format!("no access token with the reference {} is set", number.token_ref))?;
        found.push((waba, graph));
    }
    if found.is_empty() {
        bail!("no account of ours is known yet: it is named by the first webhook of one of its numbers");
    }
    Ok(found)
}

/// Hands in what is due; how many Meta refused.
async fn push(
    catalog: &Catalog,
    graph: &Graph,
    waba: &str,
    wanted: &[NewTemplate],
    (store, dry_run): (Option<&Objects>, bool),
) -> anyhow::Result<usize> {
    let known = graph.templates(waba).await.context("Meta does not tell of the account's templates")?;
    let mut refused = 0;
    for new in wanted {
        let (name, language) = (&new.name, &new.language);
        if let (Some(store), Some(file)) = (store, new.example()) {
            keep(catalog, store, (waba, new), file).await?;
        }
        let done = match due(new, &known) {
            Due::Nothing => continue,
            _ if dry_run => Ok("would be handed in".to_owned()),
            Due::Create => hand_in(graph, waba, new, None).await,
            Due::Edit(id) => hand_in(graph, waba, new, Some(&id)).await,
        };
        match done {
            Ok(what) => println!("{waba}  {name}  {language}  {what}"),
            Err(error) => {
                refused += 1;
                println!("{waba}  {name}  {language}  refused: {error:#}");
            }
        }
    }
    if !dry_run {
        sync(catalog, graph, waba).await?;
        catalog
            .audit("cli", "templates_pushed", None, &json!({ "account": waba, "refused": refused }))
            .await?;
    }
    Ok(refused)
}

/// Hands a template in, or another text for the one of that id. A file beside it is uploaded first, as its example.
async fn hand_in(graph: &Graph, waba: &str, new: &NewTemplate, id: Option<&str>) -> anyhow::Result<String> {
    let handed = match new.example() {
        None => new.clone(),
        Some(file) => {
            let app = graph.token().await?.app_id.context("Meta does not say of which app the token is")?;
            let handle = graph.upload_example(&app, file).await;
            new.with_handle(handle.with_context(|| format!("uploading {}", file.name()))?)
        }
    };
    match id {
        None => Ok(format!("handed in, {}", graph.create_template(waba, &handed).await?)),
        Some(id) => {
            graph.edit_template(id, &handed).await?;
            Ok("handed in anew".to_owned())
        }
    }
}

/// Keeps the file beside a template, unless it is kept: messages by that template bring it where they name no other. A video
/// is an example alone.
async fn keep(
    catalog: &Catalog,
    store: &Objects,
    (waba, new): (&str, &NewTemplate),
    file: &ExampleFile,
) -> anyhow::Result<()> {
    let Some(file_type) = file.file_type() else { return Ok(()) };
    let (hash, which) = (Sha256::of(file.bytes()), (new.name.as_str(), new.language.as_str()));
    if catalog.template_file(waba, which).await? == Some(hash) {
        return Ok(());
    }
    let id = AttachmentId::generate();
    let key = ObjectKey::original(NewFile::folder(id), &hash);
    let stored = store.put_bytes(&key, file.bytes().clone(), file_type.mime()).await?;
    let kept = NewFile { id, stored, file_type, filename: file.name().to_owned() };
    Ok(catalog.keep_template_file(waba, which, &kept).await?)
}

/// Keeps how the templates stand now.
async fn sync(catalog: &Catalog, graph: &Graph, waba: &str) -> anyhow::Result<()> {
    let all = graph.templates(waba).await.context("Meta does not tell of the account's templates")?;
    let kept: Vec<Template> = all
        .into_iter()
        .map(|t| Template {
            body: t.body(),
            takes: t.takes,
            name: t.name,
            language: t.language,
            category: t.category,
            status: t.status,
            quality: t.quality,
            rejected_reason: t.rejected_reason,
            body_sha256: t.body_sha256,
        })
        .collect();
    Ok(catalog.keep_templates(waba, &kept).await?)
}

#[cfg(test)]
mod tests {
    use acuse_whatsapp::graph::NewButton;

    use super::*;

    #[test]
    fn only_what_differs_is_handed_in() {
        let new = file::ours().unwrap().remove(0);
        let known = |as_is: &NewTemplate, id: Option<&str>| TemplateInfo {
            name: new.name.clone(),
            language: new.language.clone(),
            category: "UTILITY".into(),
            status: "APPROVED".into(),
            quality: None,
            rejected_reason: None,
            body_sha256: [0; 32],
            id: id.map(str::to_owned),
            takes: Some(as_is.takes()),
            outline: as_is.outline(),
        };
        assert_eq!(due(&new, &[]), Due::Create);
        assert_eq!(due(&new, &[known(&new, Some("1"))]), Due::Nothing);
        let another = NewTemplate { body: "another".into(), ..new.clone() };
        let more = NewTemplate { buttons: vec![NewButton::Reply("Ok".into()); 3], ..new.clone() };
        for other in [another, more] {
            assert_eq!(due(&new, &[known(&other, Some("1"))]), Due::Edit("1".into()));
        }
        let other = TemplateInfo { language: "fr".into(), ..known(&new, Some("1")) };
        assert_eq!(due(&new, &[other]), Due::Create);
    }
}
