//! Every route there is, and what the walk does with it.

use std::{collections::BTreeSet, path::Path};

/// What the walk does with a route.
pub enum Walk {
    /// Asked with these queries, of every secret document and review.
    Get(&'static [&'static str]),
    /// Asked, and posted to.
    GetAndPost(&'static [&'static str]),
    /// Posted to.
    Post,
    /// Not asked, and why.
    Not(&'static str),
}

/// Every route there is.
pub const ROUTES: &[(&str, Walk)] = &[
    (
        "/v1/documents",
        Walk::GetAndPost(&[
            "",
            "?kind=id",
            "?q=zeed",
            "?q=zeedlemann",
            "?q=quil",
            "?q=secret",
            "?limit=200",
            "?number=x9182736455",
            "?date_from=1991-02-03",
            "?sort=-document_date",
            "?sort=amount",
            "?sort=updated&limit=1",
            "?status=duplicate",
        ]),
    ),
    ("/v1/documents/{id}", Walk::Get(&["", "?fields=fields,notes,filename,caption,reasons"])),
    (
        "/v1/documents/{id}/content",
        Walk::Get(&[
            "",
            "?presign=true",
            "?variant=normalized&page=1",
            "?variant=received&page=1",
            "?variant=thumbnail",
            "?variant=thumbnail&presign=true",
            "?variant=text",
            "?variant=xml",
        ]),
    ),
    ("/v1/documents/{id}/timeline", Walk::Get(&[""])),
    ("/v1/documents/{id}/ask", Walk::Post),
    ("/v1/reviews", Walk::Get(&["", "?kind=id", "?limit=200"])),
    ("/v1/reviews/{id}/claim", Walk::Post),
    ("/v1/reviews/{id}/release", Walk::Post),
    ("/v1/reviews/{id}/resolve", Walk::Post),
    ("/v1/customers", Walk::Get(&["", "?q=zeed"])),
    ("/v1/customers/conflicts", Walk::Get(&[""])),
    ("/v1/customers/{id}", Walk::Get(&[""])),
    ("/v1/customers/{id}/merge", Walk::Post),
    ("/v1/customers/by-external-id/{ref}", Walk::Not("writes a customer, and answers with that")),
    ("/v1/contacts", Walk::Get(&["", "?q=zeed", "?limit=200"])),
    ("/v1/contacts/{id}", Walk::Get(&[""])),
    ("/v1/contacts/{id}/messages", Walk::Get(&["", "?limit=200"])),
    ("/v1/contacts/{id}/consents", Walk::GetAndPost(&["", "?format=csv"])),
    ("/v1/cases", Walk::Get(&["", "?limit=200"])),
    ("/v1/cases/{id}", Walk::Get(&[""])),
    ("/v1/cases/{id}/assign", Walk::Post),
    ("/v1/cases/{id}/close", Walk::Post),
    ("/v1/cases/{id}/decide", Walk::Post),
    ("/v1/cases/{id}/notes", Walk::Post),
    ("/v1/cases/{id}/reply", Walk::Post),
    ("/v1/cases/{id}/return", Walk::Post),
    ("/v1/cases/{id}/template", Walk::Post),
    ("/v1/notices", Walk::GetAndPost(&["", "?limit=200"])),
    ("/v1/notices/{id}", Walk::Get(&[""])),
    ("/v1/notices/batches", Walk::Post),
    ("/v1/notices/batches/{id}", Walk::Get(&[""])),
    ("/v1/obligations", Walk::GetAndPost(&["", "?limit=200"])),
    ("/v1/obligations/{id}", Walk::Get(&[""])),
    ("/v1/obligations/{id}/confirm", Walk::Post),
    ("/v1/obligations/{id}/refuse", Walk::Post),
    ("/v1/obligations/{id}/promise", Walk::Post),
    ("/v1/obligations/{id}/cancel", Walk::Post),
    ("/v1/approvals", Walk::GetAndPost(&["", "?limit=200"])),
    ("/v1/approvals/{id}", Walk::Get(&[""])),
    ("/v1/approvals/{id}/cancel", Walk::Post),
    ("/v1/entities", Walk::GetAndPost(&[""])),
    ("/v1/ledger", Walk::Get(&[""])),
    ("/v1/ledger/messages", Walk::Get(&[""])),
    ("/v1/incidents", Walk::Get(&["", "?state=resolved"])),
    ("/v1/incidents/{id}/acknowledge", Walk::Post),
    ("/v1/incidents/{id}/resolve", Walk::Post),
    ("/v1/incident-routes", Walk::GetAndPost(&[""])),
    ("/v1/incident-routes/{id}", Walk::Get(&[""])),
    ("/v1/incident-routes/{id}/test", Walk::Post),
    ("/v1/webhook-endpoints", Walk::GetAndPost(&[""])),
    ("/v1/webhook-endpoints/{id}", Walk::Get(&[""])),
    ("/v1/webhook-endpoints/{id}/rotate-secret", Walk::Post),
    ("/v1/webhook-endpoints/{id}/test", Walk::Post),
    ("/v1/webhook-endpoints/{id}/replay", Walk::Post),
    ("/v1/webhook-endpoints/{id}/deliveries", Walk::Get(&[""])),
    ("/v1/erasures", Walk::GetAndPost(&[""])),
    ("/v1/erasures/{id}", Walk::Get(&[""])),
    ("/v1/holds", Walk::Get(&[""])),
    ("/v1/holds/{kind}/{id}", Walk::Not("answers nothing")),
    ("/v1/links/{link}", Walk::Not("is followed as it is signed, with no key; see the test of links")),
    ("/v1/events", Walk::Get(&["", "?limit=200"])),
    (
        "/v1/export",
        Walk::Get(&[
            "",
            "?format=jsonl",
            "?format=totals",
            "?format=xlsx",
            "?format=ubl",
            "?by=received&format=jsonl",
            "?period=2020-01",
            "?period=2020-01&format=xlsx",
            "?period=2020-01&part=rows&format=jsonl",
            "?period=2020-01&part=rows&format=totals",
            "?period=2020-01&part=late&format=jsonl",
            "?period=2020-01&part=late&format=csv",
            "?period=2020-01&part=adjustments&format=jsonl",
            "?period=2020-01&part=adjustments&format=csv",
        ]),
    ),
    ("/v1/periods", Walk::Get(&[""])),
    ("/v1/periods/{month}", Walk::Get(&[""])),
    ("/v1/periods/{month}/close", Walk::Post),
    (
        "/export",
        Walk::Get(&[
            "",
            "?format=jsonl",
            "?by=received",
            "?period=2020-01&format=jsonl",
            "?period=2020-01&part=late&format=jsonl",
            "?period=2020-01&part=adjustments&format=jsonl",
        ]),
    ),
    ("/openapi.json", Walk::Get(&[""])),
    ("/docs", Walk::Get(&[""])),
    ("/problems", Walk::Get(&[""])),
    ("/problems/{name}", Walk::Not("a page of the binary")),
    ("/healthz", Walk::Get(&[""])),
    ("/readyz", Walk::Get(&[""])),
    ("/metrics", Walk::Get(&[""])),
    ("/", Walk::Get(&["", "?reason=unknown_customer"])),
    ("/documents", Walk::Get(&["", "?q=zeed", "?q=quillon", "?kind=id"])),
    ("/documents/{id}", Walk::Get(&[""])),
    ("/documents/{id}/words", Walk::Get(&[""])),
    ("/documents/{id}/sender", Walk::Get(&[""])),
    ("/pictures/{id}", Walk::Get(&["", "?presign=true", "?variant=normalized&page=1", "?variant=thumbnail"])),
    ("/pictures/{id}/received", Walk::Get(&["", "?page=1"])),
    ("/review/{id}", Walk::Post),
    ("/review/{id}/beat", Walk::Post),
    ("/review/{id}/draft", Walk::Post),
    ("/review/{id}/undo", Walk::Post),
    ("/review/{id}/ahead", Walk::Post),
    ("/reviews/{id}/take-back", Walk::Post),
    ("/work", Walk::GetAndPost(&[""])),
    ("/bulk", Walk::GetAndPost(&["", "?reason=unknown_customer", "?reason=expired"])),
    ("/bulk/{id}/undo", Walk::Post),
    ("/views", Walk::Post),
    ("/views/{id}/drop", Walk::Post),
    ("/checks", Walk::Get(&[""])),
    ("/checks/{id}", Walk::GetAndPost(&[""])),
    ("/checks/next", Walk::Post),
    ("/checks/threshold", Walk::Post),
    ("/checks/threshold/{id}/undo", Walk::Post),
    ("/finance", Walk::Get(&["", "?q=zeed", "?q=x9182736455", "?kind=id"])),
    ("/finance/export", Walk::Get(&["", "?q=zeed", "?format=csv"])),
    ("/four-eyes", Walk::GetAndPost(&[""])),
    ("/four-eyes/{id}/end", Walk::Post),
    ("/people", Walk::GetAndPost(&[""])),
    ("/people/{id}", Walk::Post),
    ("/people/{id}/unlink", Walk::Post),
    ("/sessions/{id}/end", Walk::Post),
    ("/audit", Walk::Get(&["", "?q=zeed"])),
    ("/audit/export", Walk::Get(&["", "?q=zeed"])),
    ("/numbers", Walk::Get(&[""])),
    ("/live", Walk::Not("a stream without an end, of two counts")),
    ("/contacts", Walk::Get(&["", "?q=zeed"])),
    ("/contacts/{id}", Walk::Get(&[""])),
    ("/inbox", Walk::Get(&[""])),
    ("/flow", Walk::Get(&[""])),
    ("/inbox/{id}", Walk::GetAndPost(&[""])),
    ("/inbox/{id}/notes", Walk::Post),
    ("/inbox/{id}/files", Walk::Post),
    ("/files/{id}", Walk::Get(&[""])),
    ("/inbox/receipts/{id}", Walk::Post),
    ("/customers", Walk::GetAndPost(&["", "?q=zeed", "?q=x9182736455"])),
    ("/customers/new", Walk::Get(&[""])),
    ("/customers/{id}", Walk::GetAndPost(&["", "?merge=x9182736455"])),
    ("/customers/found", Walk::Get(&["", "?q=zeed", "?q=x9182736455"])),
    ("/language", Walk::Not("keeps a language in the browser, and says nothing")),
    ("/ledger", Walk::Get(&[""])),
    (
        "/ledger/counted",
        Walk::Get(&[
            "?stage=read&from=2020-01-01&to=2099-01-01",
            "?stage=review&from=2020-01-01&to=2099-01-01",
            "?reason=unknown_customer&from=2020-01-01&to=2099-01-01",
        ]),
    ),
    ("/ledger/files", Walk::Get(&["", "?place=documents", "?place=answers", "?place=lost"])),
    ("/ledger/messages", Walk::Get(&["", "?place=delivered", "?place=on_its_way", "?place=told"])),
    ("/alerts", Walk::Get(&[""])),
    ("/incidents", Walk::Get(&[""])),
    ("/incidents/{id}", Walk::Post),
    ("/incidents/routes/{id}/test", Walk::Post),
    ("/login", Walk::Get(&[""])),
    ("/login/resume", Walk::Post),
    ("/login/oidc", Walk::Get(&[""])),
    ("/login/oidc/callback", Walk::Get(&["", "?code=zeed&state=zeed"])),
    ("/setup", Walk::Get(&[""])),
    ("/logout", Walk::Not("ends the session that walks")),
    ("/assets/{name}", Walk::Not("files of the binary")),
    ("/webhooks/whatsapp", Walk::Not("answers Meta, which is told nothing")),
    ("/mcp", Walk::Not("of `acuse mcp`, whose tools are walked in mcp.rs")),
    ("/board", Walk::Not("needs admin; pushes tasks that name ids")),
    ("/board/", Walk::Not("the same")),
    ("/board/{*path}", Walk::Not("the same")),
    ("/board/api/v1", Walk::Not("the same")),
];

/// The addresses that the router's sources name.
pub fn routed() -> BTreeSet<String> {
    fn read(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                read(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                for call in [".route(", "nest_service(", ".nest(", "route_service("] {
                    for after in text.split(call).skip(1) {
                        let named = after.trim_start().strip_prefix('"').and_then(|t| t.split('"').next());
                        let shown: String = after.chars().take(60).collect();
                        found.insert(
                            named.unwrap_or_else(|| panic!("a route without a literal: {shown}")).to_owned(),
                        );
                    }
                }
            }
        }
    }
    let mut found = BTreeSet::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/src"), &mut found);
    found
}
