//! What a person is offered beside the fields: a question to the sender, reasons to reject, a new customer, colleagues.

use acuse_pipeline::{document::Kind, fields::FieldName};
use acuse_storage::{Access, Document, reviews::Decision, users::User};

use super::{
    super::{labels, session::Person, typed::Typed},
    exception::MALWARE,
};
use crate::{access::rights, problem::Problem, review::carried, state::App};

/// The other people who could decide it; of those who are bound to something it is asked once it is handed to them.
pub(super) async fn colleagues(
    app: &App,
    person: &Person,
    document: &Document,
) -> Result<Vec<String>, Problem> {
    let users = app.catalog.users().await?;
    let sees = |user: &User| !Access::new(user.sees_ids).withholds(document.sensitivity);
    let others = users.into_iter().filter(|user| rights::decides(user) && sees(user));
    Ok(others.map(|u| u.name).filter(|name| *name != person.user.name).collect())
}

/// What is needed to file it, in a line.
pub(super) fn summary(document: &Document, kind: Option<Kind>) -> Vec<(FieldName, String, String)> {
    let Some(kind) = kind else { return Vec::new() };
    let read = carried(kind, &document.fields);
    let one = |name: &FieldName| {
        let value = read.get(name)?.value.to_string();
        Some((*name, labels::label(name.as_str()), value))
    };
    FieldName::required(kind).iter().filter_map(one).collect()
}

/// What the sender is asked.
#[derive(Default)]
pub(super) struct Question {
    /// Whether there is somebody to ask.
    pub(super) can_ask: bool,
    /// In their language.
    pub(super) sentence: String,
    /// As it is to be sent.
    pub(super) text: String,
    pub(super) language: String,
}

pub(super) async fn question(
    app: &App,
    document: &Document,
    typed: &Typed,
    can_decide: bool,
) -> Result<Question, Problem> {
    if !can_decide {
        return Ok(Question::default());
    }
    let ask = Decision::AskAgain { note: String::new() };
    let Some(reply) = app.reply_to_decision(document, &ask).await? else { return Ok(Question::default()) };
    let text = typed.get("ask_text").filter(|t| !t.is_empty()).unwrap_or(&reply.body).to_owned();
    Ok(Question { can_ask: true, sentence: reply.body, text, language: reply.language })
}

/// Why a document is rejected: code and words, one for each digit key.
pub(in crate::desk) fn rejections() -> Vec<(&'static str, &'static str)> {
    include_str!("../data/reject_reasons.tsv").lines().filter_map(|line| line.split_once('\t')).collect()
}

/// The words of a reason to reject, by its code: one of the list, or of a card.
pub(in crate::desk) fn why_rejected(code: &str) -> Option<&'static str> {
    let mut all = rejections().into_iter().chain([MALWARE]);
    all.find(|(known, _)| *known == code).map(|(_, why)| why)
}

/// One thing of a customer that is to be added: as the sender and the paper say, and as somebody typed it.
pub(super) struct Offered {
    pub(super) known: String,
    pub(super) said: String,
}

/// A customer that is to be added.
pub(super) struct NewParty {
    pub(super) name: Offered,
    pub(super) phone: Offered,
    pub(super) tax_id: Offered,
}

pub(super) async fn new_party(app: &App, document: &Document, typed: &Typed) -> Result<NewParty, Problem> {
    use FieldName::{GivenNames, RecipientName, RecipientTaxId, Surname};
    let value = |name| document.fields.get(&name).map(|f| f.value.to_string());
    let parties = app.catalog.parties_of(&[document.id]).await?;
    let party = parties.get(&document.id).cloned().unwrap_or_default();
    let holder = [value(GivenNames), value(Surname)].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let holder = Some(holder).filter(|name| !name.is_empty());
    let or = |name: &str, known: Option<String>| {
        let known = known.unwrap_or_default();
        let said = typed.get(name).filter(|v| !v.is_empty()).unwrap_or(&known).to_owned();
        Offered { known, said }
    };
    Ok(NewParty {
        name: or("new_name", value(RecipientName).or(holder).or(party.sender)),
        phone: or("new_phone", party.phone.map(|phone| format!("+{phone}"))),
        tax_id: or("new_tax_id", value(RecipientTaxId)),
    })
}
