//! Promises of what is answered before anything is read.

use acuse_conversation::{language::Language, wording::Telling};
use uuid::Uuid;

use super::{message, says};
use crate::{
    Catalog,
    conformance::door::Sample,
    inbound::{Identity, InboundMessage},
};

/// Whoever writes under a name has no number, but their user id says of which country they are: they are answered in its
/// language at once, too.
pub(in crate::conformance) async fn who_has_no_number_is_answered_in_the_language_of_their_country(
    catalog: &Catalog,
) {
    for (country, language) in [("BR", Language::Pt), ("US", Language::En), ("MX", Language::Es)] {
        for (kind, telling) in [
            ("video", Telling::NotAFile),
            ("sticker", Telling::Sticker),
            ("unsupported", Telling::SendNormally),
        ] {
            let user = format!("{country}.{}", Uuid::now_v7().simple());
            let identity = Identity { bsuid: Some(user.clone()), ..Identity::default() };
            let came = message(&Sample::new(), kind, "");
            says(catalog, InboundMessage { identity, answer: Some(telling), body: None, ..came }).await;
            let mut tx = catalog.reading().await.unwrap();
            let sql = "SELECT o.body, o.language FROM outbox o JOIN contact_aliases a ON a.contact_id = o.contact_id \
                 WHERE a.kind = 'bsuid' AND a.value = $1";
            let said = all!(tx, (String, String), sql, user.as_str()).unwrap();
            let answer = (telling.text(language), language.as_str().to_owned());
            assert_eq!(said, [answer], "{country} {kind}");
        }
    }
}
