"""A client of Acuse. Generated from the description of the API: `make clients`. Do not edit."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator
from typing import Any, Literal, Required, TypedDict, Union


class AcuseProblem(Exception):
    """Why a request was not done. `type` is stable; compare it."""

    def __init__(self, problem: dict[str, Any], retry_after_secs: int | None) -> None:
        super().__init__(f"{problem.get('type')}: {problem.get('detail')}")
        self.problem = problem
        self.type: str = problem.get("type", "")
        self.status: int = problem.get("status", 0)
        self.retry_after_secs = retry_after_secs


def _said(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


class Acuse:
    """Every method answers what the description says, or raises an AcuseProblem."""

    def __init__(self, base_url: str, key: str, timeout: float = 60.0) -> None:
        self._base = base_url.rstrip("/")
        self._key = key
        self._timeout = timeout

    def request(self, method: str, path: str, query: dict[str, Any] | None = None,
                headers: dict[str, str | None] | None = None, json_body: Any = None, body: bytes | None = None) -> Any:
        """A request; the open answer, once it is good. Close it, or read it in a `with`."""
        asked = urllib.parse.urlencode({k: _said(v) for k, v in (query or {}).items() if v is not None})
        sent = {k: v for k, v in (headers or {}).items() if v is not None}
        if json_body is not None:
            body = json.dumps(json_body).encode()
            sent["Content-Type"] = "application/json"
        url = self._base + path + ("?" + asked if asked else "")
        request = urllib.request.Request(url, data=body, headers=sent, method=method)
        # Not for where an answer leads: a link needs no key, and may be somebody else's.
        request.add_unredirected_header("Authorization", f"Bearer {self._key}")
        try:
            return urllib.request.urlopen(request, timeout=self._timeout)
        except urllib.error.HTTPError as error:
            with error:
                text = error.read()
                after = error.headers.get("Retry-After", "")
            try:
                problem = json.loads(text)
            except ValueError:
                problem = {"type": "urn:acuse:problem:internal", "status": error.code, "detail": text[:200].decode(errors="replace")}
            raise AcuseProblem(problem, int(after) if after.isdigit() else None) from None

    def _json(self, method: str, path: str, **rest: Any) -> Any:
        with self.request(method, path, **rest) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def follow(self, after: str, types: str | None = None) -> Iterator[Event]:
        """Every change from `after` on, for ever; keep each event's cursor once it is dealt with. What passes by itself
        (408, 429, 5xx, a connection that breaks) is tried again, ten times before it is raised."""
        failed = 0
        while True:
            try:
                page = self.list_events(after=after, wait=20, types=types)
            except (AcuseProblem, OSError, http.client.HTTPException) as error:
                failed += 1
                problem = error if isinstance(error, AcuseProblem) else None
                if failed > 10 or (problem and problem.status < 500 and problem.status not in (408, 429)):
                    raise
                time.sleep((problem and problem.retry_after_secs) or min(60, 2 ** (failed - 1)))
                continue
            failed = 0
            yield from page["data"]
            after = page["next"]

    def list_approvals(self, *, state: Literal["asked", "approved", "refused", "expired"] | None = None, document_id: str | None = None, after: str | None = None, limit: int | None = None) -> dict[str, Any]:
        """Decisions that were asked for, the first one first (messages:read)."""
        return self._json("GET", f"/v1/approvals", query={"state": state, "document_id": document_id, "after": after, "limit": limit})

    def list_approvals_all(self, **options: Any) -> Iterator[Any]:
        """The same, page after page to the end."""
        while True:
            page = self.list_approvals(**options)
            yield from page["data"]
            if page["next"] is None:
                return
            options["after"] = page["next"]

    def create_approval(self, body: dict[str, Any]) -> Approval:
        """Ask approvers in the chat, by buttons; one decision counts (reviews:write, messages:write)."""
        return self._json("POST", f"/v1/approvals", json_body=body)

    def get_approval(self, id: str) -> Approval:
        """A decision that was asked for (messages:read)."""
        return self._json("GET", f"/v1/approvals/{urllib.parse.quote(id, safe='')}")

    def cancel_approval(self, id: str) -> Approval:
        """Nobody is asked any more (reviews:write, messages:write)."""
        return self._json("POST", f"/v1/approvals/{urllib.parse.quote(id, safe='')}/cancel")

    def list_cases(self, *, state: ListedCaseState | None = None, kind: CaseKind | None = None, assignee: str | None = None, contact_id: str | None = None, team: str | None = None, late: bool | None = None, after: str | None = None, limit: int | None = None) -> dict[str, Any]:
        """Open matters with contacts, what is due first, then the oldest; those that a person has, unless a state is named (messages:read)."""
        return self._json("GET", f"/v1/cases", query={"state": state, "kind": kind, "assignee": assignee, "contact_id": contact_id, "team": team, "late": late, "after": after, "limit": limit})

    def list_cases_all(self, **options: Any) -> Iterator[Any]:
        """The same, page after page to the end."""
        while True:
            page = self.list_cases(**options)
            yield from page["data"]
            if page["next"] is None:
                return
            options["after"] = page["next"]

    def get_case(self, id: str) -> NotedCase:
        """A case, open or over, and what was noted on it (messages:read)."""
        return self._json("GET", f"/v1/cases/{urllib.parse.quote(id, safe='')}")

    def assign_case(self, id: str, body: dict[str, Any]) -> CaseVersion:
        """A person or a team has it; the machine is silent until it is returned (messages:write)."""
        return self._json("POST", f"/v1/cases/{urllib.parse.quote(id, safe='')}/assign", json_body=body)

    def close_case(self, id: str, body: dict[str, Any]) -> CaseVersion:
        """It is settled (messages:write)."""
        return self._json("POST", f"/v1/cases/{urllib.parse.quote(id, safe='')}/close", json_body=body)

    def decide_case(self, id: str, body: dict[str, Any]) -> CaseVersion:
        """Yes or no to what is to be approved and is of no document, where nobody is left who could be asked, or its time is over (reviews:write, messages:write)."""
        return self._json("POST", f"/v1/cases/{urllib.parse.quote(id, safe='')}/decide", json_body=body)

    def note_on_case(self, id: str, body: dict[str, Any]) -> CaseNote:
        """Note something on a case, open or over; it is never sent (messages:write)."""
        return self._json("POST", f"/v1/cases/{urllib.parse.quote(id, safe='')}/notes", json_body=body)

    def reply_to_case(self, id: str, body: dict[str, Any]) -> CaseVersion:
        """Write to the contact while the window is open, with a file beside the words or without; who writes holds the case (messages:write)."""
        return self._json("POST", f"/v1/cases/{urllib.parse.quote(id, safe='')}/reply", json_body=body)

    def return_case(self, id: str, body: dict[str, Any]) -> CaseVersion:
        """Hand it back to the machine (messages:write)."""
        return self._json("POST", f"/v1/cases/{urllib.parse.quote(id, safe='')}/return", json_body=body)

    def reply_to_case_by_template(self, id: str, body: dict[str, Any]) -> CaseVersion:
        """Write to the contact by a template, whether the window is open or not; who writes holds the case (messages:write)."""
        return self._json("POST", f"/v1/cases/{urllib.parse.quote(id, safe='')}/template", json_body=body)

    def list_contacts(self, *, q: str | None = None, after: str | None = None, limit: int | None = None) -> dict[str, Any]:
        """Who writes to us, the latest seen first (messages:read)."""
        return self._json("GET", f"/v1/contacts", query={"q": q, "after": after, "limit": limit})

    def list_contacts_all(self, **options: Any) -> Iterator[Any]:
        """The same, page after page to the end."""
        while True:
            page = self.list_contacts(**options)
            yield from page["data"]
            if page["next"] is None:
                return
            options["after"] = page["next"]

    def get_contact(self, id: str) -> Contact:
        """A contact, their windows and consents (messages:read)."""
        return self._json("GET", f"/v1/contacts/{urllib.parse.quote(id, safe='')}")

    def list_consents(self, id: str, *, format: Literal["json", "csv"] | None = None) -> Any:
        """What a contact agreed to, or no more, the oldest first (messages:read)."""
        return self.request("GET", f"/v1/contacts/{urllib.parse.quote(id, safe='')}/consents", query={"format": format})

    def create_consent(self, id: str, body: dict[str, Any]) -> None:
        """Write down what a contact said elsewhere; nothing is ever changed or deleted (messages:write)."""
        self.request("POST", f"/v1/contacts/{urllib.parse.quote(id, safe='')}/consents", json_body=body).close()

    def list_contact_messages(self, id: str, *, after: str | None = None, limit: int | None = None) -> dict[str, Any]:
        """What was said, both ways, the latest first (messages:read)."""
        return self._json("GET", f"/v1/contacts/{urllib.parse.quote(id, safe='')}/messages", query={"after": after, "limit": limit})

    def list_contact_messages_all(self, id: str, **options: Any) -> Iterator[Any]:
        """The same, page after page to the end."""
        while True:
            page = self.list_contact_messages(id, **options)
            yield from page["data"]
            if page["next"] is None:
                return
            options["after"] = page["next"]

    def list_customers(self, *, q: str | None = None, after: str | None = None, limit: int | None = None) -> dict[str, Any]:
        """Customers, newest first."""
        return self._json("GET", f"/v1/customers", query={"q": q, "after": after, "limit": limit})

    def list_customers_all(self, **options: Any) -> Iterator[Any]:
        """The same, page after page to the end."""
        while True:
            page = self.list_customers(**options)
            yield from page["data"]
            if page["next"] is None:
                return
            options["after"] = page["next"]

    def add_customer(self, body: NewCustomer, *, reassign: bool | None = None) -> Customer:
        """Add one, or bring one up to date."""
        return self._json("POST", f"/v1/customers", query={"reassign": reassign}, json_body=body)

    def put_customer(self, ref: str, body: NewCustomer, *, reassign: bool | None = None, if_match: str | None = None) -> Customer:
        """The customer of this external id is as the body says."""
        return self._json("PUT", f"/v1/customers/by-external-id/{urllib.parse.quote(ref, safe='')}", query={"reassign": reassign}, json_body=body, headers={"If-Match": if_match})

    def list_customer_conflicts(self, *, after: str | None = None, limit: int | None = None) -> dict[str, Any]:
        """Names that several customers have."""
        return self._json("GET", f"/v1/customers/conflicts", query={"after": after, "limit": limit})

    def list_customer_conflicts_all(self, **options: Any) -> Iterator[Any]:
        """The same, page after page to the end."""
        while True:
            page = self.list_customer_conflicts(**options)
            yield from page["data"]
            if page["next"] is None:
                return
            options["after"] = page["next"]

    def delete_customer(self, id: str, *, if_match: str | None = None) -> None:
        """Delete a customer to whom nothing belongs."""
        self.request("DELETE", f"/v1/customers/{urllib.parse.quote(id, safe='')}", headers={"If-Match": if_match}).close()

    def get_customer(self, id: str) -> Customer:
        """One customer."""
        return self._json("GET", f"/v1/customers/{urllib.parse.quote(id, safe='')}")

    def change_customer(self, id: str, body: CustomerPatch, *, reassign: bool | None = None, if_match: str | None = None) -> Customer:
        """Change what is named."""
        return self._json("PATCH", f"/v1/customers/{urllib.parse.quote(id, safe='')}", query={"reassign": reassign}, json_body=body, headers={"If-Match": if_match})

    def merge_customers(self, id: str, body: dict[str, Any]) -> Customer:
        """Make another customer part of this one."""
        return self._json("POST", f"/v1/customers/{urllib.parse.quote(id, safe='')}/merge", json_body=body)

    def list_documents(self, *, status: ListedStatus | None = None, kind: Kind | None = None, customer_id: str | None = None, entity_id: str | None = None, direction: Direction | None = None, contact_id: str | None = None, source: Source | None = None, part_of: str | None = None, from_: str | None = None, to: str | None = None, updated_from: str | None = None, updated_to: str | None = None, date_from: str | None = None, date_to: str | None = None, issuer: str | None = None, tax_id: str | None = None, number: str | None = None, amount_from: str | None = None, amount_to: str | None = None, currency: str | None = None, q: str | None = None, sort: Sort | None = None, after: str | None = None, limit: int | None = None, fields: str | None = None) -> dict[str, Any]:
        """Documents, newest first unless `sort` says otherwise."""
        return self._json("GET", f"/v1/documents", query={"status": status, "kind": kind, "customer_id": customer_id, "entity_id": entity_id, "direction": direction, "contact_id": contact_id, "source": source, "part_of": part_of, "from": from_, "to": to, "updated_from": updated_from, "updated_to": updated_to, "date_from": date_from, "date_to": date_to, "issuer": issuer, "tax_id": tax_id, "number": number, "amount_from": amount_from, "amount_to": amount_to, "currency": currency, "q": q, "sort": sort, "after": after, "limit": limit, "fields": fields})

    def list_documents_all(self, **options: Any) -> Iterator[Any]:
        """The same, page after page to the end."""
        while True:
            page = self.list_documents(**options)
            yield from page["data"]
            if page["next"] is None:
                return
            options["after"] = page["next"]

    def send_document(self, file: bytes, name: str, said: dict[str, str] | None = None, *, idempotency_key: str | None = None, prefer: str | None = None) -> Document:
        """Send a file."""
        edge = uuid.uuid4().hex
        media = f"multipart/form-data; boundary={edge}"
        parts = [f'--{edge}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in (said or {}).items()]
        safe = name.replace('"', "_").replace("\r", "_").replace("\n", "_")
        parts.append(f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{safe}"\r\n'
                     "Content-Type: application/octet-stream\r\n\r\n")
        form = "".join(parts).encode() + file + f"\r\n--{edge}--\r\n".encode()
        return self._json("POST", f"/v1/documents", headers={"Content-Type": media, "Idempotency-Key": idempotency_key, "Prefer": prefer}, body=form)

    def erase_document(self, id: str, *, keep: ErasureKeep | None = None, whole_file: bool | None = None, if_match: str | None = None) -> ErasureReceipt:
        """Erase a document for ever."""
        return self._json("DELETE", f"/v1/documents/{urllib.parse.quote(id, safe='')}", query={"keep": keep, "whole_file": whole_file}, headers={"If-Match": if_match})

    def get_document(self, id: str, *, fields: str | None = None) -> Document:
        """One document."""
        return self._json("GET", f"/v1/documents/{urllib.parse.quote(id, safe='')}", query={"fields": fields})

    def change_document(self, id: str, body: Change, *, if_match: str) -> Document:
        """Change what is said of it."""
        return self._json("PATCH", f"/v1/documents/{urllib.parse.quote(id, safe='')}", json_body=body, headers={"If-Match": if_match})

    def ask_about_document(self, id: str, body: dict[str, Any], *, if_match: str | None = None) -> Asked:
        """Ask whoever sent a document in review for a file, a side, a page, a password, words or a choice (reviews:write)."""
        return self._json("POST", f"/v1/documents/{urllib.parse.quote(id, safe='')}/ask", json_body=body, headers={"If-Match": if_match})

    def get_document_content(self, id: str, *, variant: ContentVariant | None = None, page: int | None = None, presign: bool | None = None) -> Any:
        """Its bytes."""
        return self.request("GET", f"/v1/documents/{urllib.parse.quote(id, safe='')}/content", query={"variant": variant, "page": page, "presign": presign})

    def get_document_timeline(self, id: str) -> dict[str, Any]:
        """What happened to it, oldest first."""
        return self._json("GET", f"/v1/documents/{urllib.parse.quote(id, safe='')}/timeline")

    def list_entities(self) -> dict[str, Any]:
        """Who we are: the firms that documents come in for."""
        return self._json("GET", f"/v1/entities")

    def save_entity(self, body: NewEntity) -> Entity:
        """Add a firm of ours, or say anew what it is; documents that are there are gone through again."""
        return self._json("POST", f"/v1/entities", json_body=body)

    def list_erasures(self, *, after: str | None = None, limit: int | None = None) -> dict[str, Any]:
        """Receipts of what was erased, the latest first."""
        return self._json("GET", f"/v1/erasures", query={"after": after, "limit": limit})

    def list_erasures_all(self, **options: Any) -> Iterator[Any]:
        """The same, page after page to the end."""
        while True:
            page = self.list_erasures(**options)
            yield from page["data"]
            if page["next"] is None:
                return
            options["after"] = page["next"]

    def erase(self, body: Erasure) -> ErasureReceipt:
        """Erase a document, a contact or a customer for ever."""
        return self._json("POST", f"/v1/erasures", json_body=body)

    def get_erasure(self, id: str) -> ErasureReceipt:
        """One receipt."""
        return self._json("GET", f"/v1/erasures/{urllib.parse.quote(id, safe='')}")

    def list_events(self, *, after: str | None = None, types: str | None = None, wait: int | None = None, limit: int | None = None) -> dict[str, Any]:
        """Change feed, oldest first."""
        return self._json("GET", f"/v1/events", query={"after": after, "types": types, "wait": wait, "limit": limit})

    def export_books(self, *, from_: str | None = None, to: str | None = None, by: ExportBy | None = None, period: str | None = None, part: PeriodPart | None = None, format: ExportFormat | None = None, mapped: bool | None = None) -> Any:
        """The books, for accounting."""
        return self.request("GET", f"/v1/export", query={"from": from_, "to": to, "by": by, "period": period, "part": part, "format": format, "mapped": mapped})

    def list_holds(self) -> dict[str, Any]:
        """Legal holds: what may neither be erased nor run out of time."""
        return self._json("GET", f"/v1/holds")

    def lift_hold(self, kind: str, id: str) -> None:
        """Lift a legal hold."""
        self.request("DELETE", f"/v1/holds/{urllib.parse.quote(kind, safe='')}/{urllib.parse.quote(id, safe='')}").close()

    def place_hold(self, kind: str, id: str, body: dict[str, Any]) -> None:
        """Place a legal hold."""
        self.request("PUT", f"/v1/holds/{urllib.parse.quote(kind, safe='')}/{urllib.parse.quote(id, safe='')}", json_body=body).close()

    def list_incident_routes(self) -> dict[str, Any]:
        """Where incidents are told."""
        return self._json("GET", f"/v1/incident-routes")

    def add_incident_route(self, body: NewIncidentRoute) -> dict[str, Any]:
        """Have incidents told somewhere."""
        return self._json("POST", f"/v1/incident-routes", json_body=body)

    def delete_incident_route(self, id: str, *, if_match: str | None = None) -> None:
        """Take a route away."""
        self.request("DELETE", f"/v1/incident-routes/{urllib.parse.quote(id, safe='')}", headers={"If-Match": if_match}).close()

    def get_incident_route(self, id: str) -> IncidentRoute:
        """A route."""
        return self._json("GET", f"/v1/incident-routes/{urllib.parse.quote(id, safe='')}")

    def change_incident_route(self, id: str, body: dict[str, Any], *, if_match: str | None = None) -> dict[str, Any]:
        """Silence a route, or have it told again."""
        return self._json("PATCH", f"/v1/incident-routes/{urllib.parse.quote(id, safe='')}", json_body=body, headers={"If-Match": if_match})

    def test_incident_route(self, id: str) -> dict[str, Any]:
        """Send a test message."""
        return self._json("POST", f"/v1/incident-routes/{urllib.parse.quote(id, safe='')}/test")

    def list_incidents(self, *, state: IncidentState | None = None, after: str | None = None, limit: int | None = None) -> dict[str, Any]:
        """What is wrong until it is not, the oldest first."""
        return self._json("GET", f"/v1/incidents", query={"state": state, "after": after, "limit": limit})

    def list_incidents_all(self, **options: Any) -> Iterator[Any]:
        """The same, page after page to the end."""
        while True:
            page = self.list_incidents(**options)
            yield from page["data"]
            if page["next"] is None:
                return
            options["after"] = page["next"]

    def acknowledge_incident(self, id: str) -> dict[str, Any]:
        """A person knows of it."""
        return self._json("POST", f"/v1/incidents/{urllib.parse.quote(id, safe='')}/acknowledge")

    def resolve_incident(self, id: str) -> dict[str, Any]:
        """A person says that it is over; the messages that only it told of are settled."""
        return self._json("POST", f"/v1/incidents/{urllib.parse.quote(id, safe='')}/resolve")

    def get_ledger(self, *, from_: str | None = None, to: str | None = None) -> Ledger:
        """Every document accounted for."""
        return self._json("GET", f"/v1/ledger", query={"from": from_, "to": to})

    def get_message_ledger(self) -> MessageLedger:
        """Every message of ours accounted for."""
        return self._json("GET", f"/v1/ledger/messages")

    def follow_link(self, link: str) -> Any:
        """The bytes that a link of five minutes leads to."""
        return self.request("GET", f"/v1/links/{urllib.parse.quote(link, safe='')}")

    def list_notices(self, *, batch: str | None = None, state: Literal["queued", "sent", "delivered", "read", "failed", "expired", "withdrawn"] | None = None, contact_id: str | None = None, after: str | None = None, limit: int | None = None) -> dict[str, Any]:
        """Notices, the first one first (messages:read)."""
        return self._json("GET", f"/v1/notices", query={"batch": batch, "state": state, "contact_id": contact_id, "after": after, "limit": limit})

    def list_notices_all(self, **options: Any) -> Iterator[Any]:
        """The same, page after page to the end."""
        while True:
            page = self.list_notices(**options)
            yield from page["data"]
            if page["next"] is None:
                return
            options["after"] = page["next"]

    def create_notice(self, body: dict[str, Any]) -> Notice:
        """Send news by a template to somebody who agreed to it (messages:write)."""
        return self._json("POST", f"/v1/notices", json_body=body)

    def create_notices(self, body: str) -> NoticesTaken:
        """A table (CSV) of notices, each taken or refused by itself (messages:write)."""
        return self._json("POST", f"/v1/notices/batches", headers={"Content-Type": "text/csv"}, body=body.encode())

    def get_notices_progress(self, id: str) -> NoticesProgress:
        """How many of a table stand where (messages:read)."""
        return self._json("GET", f"/v1/notices/batches/{urllib.parse.quote(id, safe='')}")

    def get_notice(self, id: str) -> Notice:
        """A notice and how it ended (messages:read)."""
        return self._json("GET", f"/v1/notices/{urllib.parse.quote(id, safe='')}")

    def list_obligations(self, *, customer_id: str | None = None, state: Literal["open", "held", "paid", "cancelled"] | None = None, after: str | None = None, limit: int | None = None) -> dict[str, Any]:
        """What is owed to us, the first one first (messages:read)."""
        return self._json("GET", f"/v1/obligations", query={"customer_id": customer_id, "state": state, "after": after, "limit": limit})

    def list_obligations_all(self, **options: Any) -> Iterator[Any]:
        """The same, page after page to the end."""
        while True:
            page = self.list_obligations(**options)
            yield from page["data"]
            if page["next"] is None:
                return
            options["after"] = page["next"]

    def create_obligation(self, body: dict[str, Any]) -> Obligation:
        """Something a customer owes: whoever of theirs agreed is reminded by stages (messages:write)."""
        return self._json("POST", f"/v1/obligations", json_body=body)

    def get_obligation(self, id: str) -> Obligation:
        """Something that is owed, with the receipts that pay it or may (messages:read)."""
        return self._json("GET", f"/v1/obligations/{urllib.parse.quote(id, safe='')}")

    def cancel_obligation(self, id: str, body: dict[str, Any]) -> Obligation:
        """It is owed no more (messages:write)."""
        return self._json("POST", f"/v1/obligations/{urllib.parse.quote(id, safe='')}/cancel", json_body=body)

    def confirm_receipt(self, id: str, body: dict[str, Any]) -> Obligation:
        """A person says that a receipt pays what it was proposed for, or so much of this obligation (messages:write; ids:read where the receipt is withheld)."""
        return self._json("POST", f"/v1/obligations/{urllib.parse.quote(id, safe='')}/confirm", json_body=body)

    def promise_obligation(self, id: str, body: dict[str, Any]) -> Obligation:
        """Until when its debtor promised to pay; nobody is reminded before (messages:write)."""
        return self._json("POST", f"/v1/obligations/{urllib.parse.quote(id, safe='')}/promise", json_body=body)

    def refuse_receipt(self, id: str, body: dict[str, Any]) -> Obligation:
        """A person says that a receipt does not pay it (messages:write; ids:read where the receipt is withheld)."""
        return self._json("POST", f"/v1/obligations/{urllib.parse.quote(id, safe='')}/refuse", json_body=body)

    def list_periods(self) -> dict[str, Any]:
        """Closed months, the latest first."""
        return self._json("GET", f"/v1/periods")

    def get_period(self, month: str) -> Period:
        """A closed month, and what came to it since."""
        return self._json("GET", f"/v1/periods/{urllib.parse.quote(month, safe='')}")

    def close_period(self, month: str, *, despite_missing: bool | None = None) -> Period:
        """Close a month: its lines are frozen and hashed."""
        return self._json("POST", f"/v1/periods/{urllib.parse.quote(month, safe='')}/close", query={"despite_missing": despite_missing})

    def list_reviews(self, *, reason: ReasonCode | None = None, kind: Kind | None = None, claimed_by: str | None = None, unclaimed: bool | None = None, after: str | None = None, limit: int | None = None) -> dict[str, Any]:
        """What waits for a person, oldest first."""
        return self._json("GET", f"/v1/reviews", query={"reason": reason, "kind": kind, "claimed_by": claimed_by, "unclaimed": unclaimed, "after": after, "limit": limit})

    def list_reviews_all(self, **options: Any) -> Iterator[Any]:
        """The same, page after page to the end."""
        while True:
            page = self.list_reviews(**options)
            yield from page["data"]
            if page["next"] is None:
                return
            options["after"] = page["next"]

    def claim_review(self, id: str) -> dict[str, Any]:
        """Take or renew the lease (15 minutes)."""
        return self._json("POST", f"/v1/reviews/{urllib.parse.quote(id, safe='')}/claim")

    def release_review(self, id: str) -> dict[str, Any]:
        """Give the lease back."""
        return self._json("POST", f"/v1/reviews/{urllib.parse.quote(id, safe='')}/release")

    def resolve_review(self, id: str, body: Decision, *, if_match: str | None = None) -> dict[str, Any]:
        """Decide."""
        return self._json("POST", f"/v1/reviews/{urllib.parse.quote(id, safe='')}/resolve", json_body=body, headers={"If-Match": if_match})

    def list_webhook_endpoints(self) -> dict[str, Any]:
        """The endpoints that this key made; an admin's key sees all."""
        return self._json("GET", f"/v1/webhook-endpoints")

    def add_webhook_endpoint(self, body: dict[str, Any]) -> dict[str, Any]:
        """Have every change told to a server of yours: signed (Standard Webhooks), in order per document, tried for three days."""
        return self._json("POST", f"/v1/webhook-endpoints", json_body=body)

    def delete_webhook_endpoint(self, id: str, *, if_match: str | None = None) -> None:
        """Take an endpoint away."""
        self.request("DELETE", f"/v1/webhook-endpoints/{urllib.parse.quote(id, safe='')}", headers={"If-Match": if_match}).close()

    def get_webhook_endpoint(self, id: str) -> WebhookEndpoint:
        """An endpoint."""
        return self._json("GET", f"/v1/webhook-endpoints/{urllib.parse.quote(id, safe='')}")

    def change_webhook_endpoint(self, id: str, body: WebhookEndpointChange, *, if_match: str | None = None) -> WebhookEndpoint:
        """Change what is named; enabled again, it goes on where it stood."""
        return self._json("PATCH", f"/v1/webhook-endpoints/{urllib.parse.quote(id, safe='')}", json_body=body, headers={"If-Match": if_match})

    def list_webhook_deliveries(self, id: str, *, state: DeliveryState | None = None, after: str | None = None, limit: int | None = None) -> dict[str, Any]:
        """What was sent and how that went, the latest first."""
        return self._json("GET", f"/v1/webhook-endpoints/{urllib.parse.quote(id, safe='')}/deliveries", query={"state": state, "after": after, "limit": limit})

    def list_webhook_deliveries_all(self, id: str, **options: Any) -> Iterator[Any]:
        """The same, page after page to the end."""
        while True:
            page = self.list_webhook_deliveries(id, **options)
            yield from page["data"]
            if page["next"] is None:
                return
            options["after"] = page["next"]

    def replay_webhook_events(self, id: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send one event again, or all since a time."""
        return self._json("POST", f"/v1/webhook-endpoints/{urllib.parse.quote(id, safe='')}/replay", json_body=body)

    def rotate_webhook_secret(self, id: str) -> dict[str, Any]:
        """A new secret; the old one signs too for a day."""
        return self._json("POST", f"/v1/webhook-endpoints/{urllib.parse.quote(id, safe='')}/rotate-secret")

    def test_webhook_endpoint(self, id: str) -> dict[str, Any]:
        """Send a webhook.test."""
        return self._json("POST", f"/v1/webhook-endpoints/{urllib.parse.quote(id, safe='')}/test")


AliasConflict = TypedDict("AliasConflict", {
    "customers": "Required[list[dict[str, Any]]]",
    "member": "Required[CustomerAlias]",
    "value": "Required[Union[str, None]]",
}, total=False)

Approval = TypedDict("Approval", {
    "approvers": "list[str]",
    "created_at": "str",
    "decided_at": "Union[str, None]",
    "decided_by": "Union[str, None]",
    "decided_by_person": "Union[str, None]",
    "document_id": "Union[str, None]",
    "due_at": "Union[str, None]",
    "id": "str",
    "left_at": "Union[str, None]",
    "mode": "str",
    "phone_number_id": "str",
    "question": "str",
    "state": "str",
}, total=False)

Arrivals = TypedDict("Arrivals", {
    "answers": "Required[int]",
    "balanced": "Required[bool]",
    "documents": "Required[int]",
    "files": "Required[int]",
    "lost": "Required[int]",
    "lost_files": "Required[list[LostFile]]",
    "not_documents": "Required[int]",
}, total=False)

Asked = TypedDict("Asked", {
    "case_id": "str",
}, total=False)

Case = TypedDict("Case", {
    "answer_by": "Union[str, None]",
    "assignee": "Union[str, None]",
    "contact_id": "str",
    "contact_name": "Union[str, None]",
    "created_at": "str",
    "documents": "list[str]",
    "due_at": "Union[str, None]",
    "escalated_at": "Union[str, None]",
    "expects": "Union[str, None]",
    "id": "str",
    "kind": "CaseKind",
    "phone_number_id": "str",
    "state": "str",
    "subject": "str",
    "team": "Union[str, None]",
    "updated_at": "str",
    "version": "int",
    "window_closes_at": "Union[str, None]",
}, total=False)

CaseKind = Literal["documents", "ask", "approval", "collection", "notice", "support"]

CaseNote = TypedDict("CaseNote", {
    "at": "str",
    "by": "str",
    "id": "str",
    "text": "Union[str, None]",
}, total=False)

CaseVersion = TypedDict("CaseVersion", {
    "id": "str",
    "version": "int",
}, total=False)

Change = TypedDict("Change", {
    "because": "Union[str, None]",
    "customer_id": "Union[str, None]",
    "fields": "dict[str, Any]",
    "kind": "Union[Kind, None]",
    "note": "Required[str]",
    "overrides": "Union[list[str], None]",
}, total=False)

Consent = TypedDict("Consent", {
    "at": "str",
    "category": "ConsentCategory",
    "contact_id": "str",
    "phone_number_id": "str",
    "said_by": "Union[str, None]",
    "source": "str",
    "state": "ConsentWord",
    "text_version": "Union[str, None]",
}, total=False)

ConsentCategory = Literal["marketing", "utility", "billing", "privacy"]

ConsentWord = Literal["granted", "withdrawn", "told"]

Contact = TypedDict("Contact", {
    "consents": "list[dict[str, Any]]",
    "created_at": "str",
    "customer_id": "Union[str, None]",
    "id": "str",
    "language": "Union[str, None]",
    "name": "Union[str, None]",
    "phone": "Union[str, None]",
    "unreachable_at": "Union[str, None]",
    "windows": "list[dict[str, Any]]",
}, total=False)

ContentVariant = Literal["original", "normalized", "received", "thumbnail", "text", "xml"]

Customer = TypedDict("Customer", {
    "created_at": "Required[str]",
    "disputed": "Required[list[CustomerAlias]]",
    "emails": "Required[list[str]]",
    "external_id": "Required[Union[str, None]]",
    "id": "Required[str]",
    "id_numbers": "Required[list[str]]",
    "name": "Required[str]",
    "phones": "Required[list[str]]",
    "tax_ids": "Required[list[str]]",
    "updated_at": "Required[str]",
}, total=False)

CustomerAlias = Literal["phone", "email", "tax_id", "id_number"]

CustomerPatch = TypedDict("CustomerPatch", {
    "emails": "Union[list[str], None]",
    "external_id": "Union[str, None]",
    "id_numbers": "Union[list[str], None]",
    "name": "Union[str, None]",
    "phones": "Union[list[str], None]",
    "tax_ids": "Union[list[str], None]",
}, total=False)

Decision = TypedDict("Decision", {
    "all": "bool",
    "because": "Union[str, None]",
    "customer_id": "Union[str, None]",
    "decision": "Required[Verdict]",
    "duplicate_of": "Union[str, None]",
    "fields": "dict[str, Any]",
    "hold_secs": "Union[int, None]",
    "kind": "Union[Kind, None]",
    "message": "Union[str, None]",
    "note": "Union[str, None]",
    "overrides": "Union[list[str], None]",
    "parts": "Union[list[dict[str, Any]], None]",
    "to": "Union[str, None]",
    "until": "Union[str, None]",
    "version": "Union[int, None]",
}, total=False)

DeliveryState = Literal["queued", "delivered", "undelivered", "withheld"]

Direction = Literal["payable", "receivable"]

Document = TypedDict("Document", {
    "caption": "Required[Union[str, None]]",
    "confidence": "Required[Union[float, None]]",
    "contact_id": "Required[Union[str, None]]",
    "customer_id": "Required[Union[str, None]]",
    "direction": "Required[Union[Direction, None]]",
    "duplicate_of": "Required[Union[str, None]]",
    "entity_id": "Required[Union[str, None]]",
    "erased_at": "Required[Union[str, None]]",
    "fields": "Required[Fields]",
    "filed_at": "Required[Union[str, None]]",
    "filename": "Required[Union[str, None]]",
    "id": "Required[str]",
    "is_duplicate": "Required[bool]",
    "kind": "Required[Union[Kind, None]]",
    "language": "Required[Union[str, None]]",
    "media_type": "Required[Union[str, None]]",
    "notes": "Required[list[str]]",
    "pages": "Required[Union[int, None]]",
    "part": "Required[Union[Part, None]]",
    "part_of": "Required[Union[str, None]]",
    "reasons": "Required[list[Reason]]",
    "received_at": "Required[str]",
    "sensitivity": "Required[Sensitivity]",
    "sent_at": "Required[str]",
    "sha256": "Required[Union[str, None]]",
    "size_bytes": "Required[Union[int, None]]",
    "source": "Required[Source]",
    "status": "Required[Status]",
    "updated_at": "Required[str]",
    "version": "Required[int]",
    "withheld": "Required[bool]",
}, total=False)

DocumentByUrl = TypedDict("DocumentByUrl", {
    "caption": "Union[str, None]",
    "customer_id": "Union[str, None]",
    "filename": "Union[str, None]",
    "sender": "Union[str, None]",
    "url": "Required[str]",
}, total=False)

DocumentMembers = dict[str, Any]

Entity = TypedDict("Entity", {
    "accounts": "Required[list[str]]",
    "created_at": "Required[str]",
    "id": "Required[str]",
    "name": "Required[str]",
    "phone_number_ids": "Required[list[str]]",
    "tax_ids": "Required[list[str]]",
    "updated_at": "Required[str]",
}, total=False)

Entry = TypedDict("Entry", {
    "amount": "str",
    "base": "str",
    "box": "list[float]",
    "description": "str",
    "page": "int",
    "quantity": "str",
    "rate": "str",
    "tax": "str",
    "type": "str",
    "unit_price": "str",
}, total=False)

ErasedKind = Literal["document", "contact", "customer"]

Erasure = TypedDict("Erasure", {
    "id": "Required[str]",
    "keep": "Union[ErasureKeep, None]",
    "kind": "Required[ErasedKind]",
    "whole_file": "bool",
}, total=False)

ErasureKeep = Literal["amounts", "nothing"]

ErasureReceipt = TypedDict("ErasureReceipt", {
    "at": "Required[str]",
    "cause": "Required[Literal['request', 'retention', 'restore']]",
    "counts": "Required[dict[str, Any]]",
    "erased_by": "Required[str]",
    "finished_at": "Required[Union[str, None]]",
    "id": "Required[str]",
    "kind": "Required[ErasedKind]",
    "subject": "Required[str]",
}, total=False)

Event = TypedDict("Event", {
    "at": "Required[str]",
    "changed": "Required[list[str]]",
    "cursor": "Required[str]",
    "customer_id": "Required[Union[str, None]]",
    "data": "Required[dict[str, Any]]",
    "document_id": "Required[Union[str, None]]",
    "document_kind": "Required[Union[Kind, None]]",
    "kind": "Required[EventKind]",
    "version": "Required[Union[int, None]]",
}, total=False)

EventKind = Literal["document.received", "document.processing", "document.filed", "document.in_review", "document.rejected", "document.corrected", "document.amended", "document.duplicate", "document.asked_again", "document.split", "document.erased", "customer.created", "customer.updated", "customer.merged", "customer.deleted", "notice.delivered", "notice.read", "notice.failed", "notice.expired", "notice.withdrawn", "approval.approved", "approval.refused", "approval.expired", "obligation.held", "obligation.paid", "obligation.opened", "case.opened", "case.closed"]

ExportBy = Literal["issue_date", "received"]

ExportFormat = Literal["csv", "xlsx", "jsonl", "totals", "ubl"]

ExportLine = TypedDict("ExportLine", {
    "amount_due": "str",
    "currency": "str",
    "customer_id": "Union[str, None]",
    "direction": "Literal['payable', 'receivable', None]",
    "discount": "str",
    "document_id": "str",
    "due_date": "str",
    "entity_id": "Union[str, None]",
    "entry": "PeriodEntry",
    "entry_at": "str",
    "erased_sha256": "str",
    "filed_at": "Union[str, None]",
    "iban": "str",
    "issue_date": "str",
    "issuer_name": "str",
    "issuer_tax_id": "str",
    "kind": "Literal['invoice', 'receipt']",
    "number": "str",
    "order_number": "str",
    "paid": "str",
    "payment_method": "str",
    "payment_reference": "str",
    "received_at": "str",
    "recipient_name": "str",
    "recipient_tax_id": "str",
    "rounding": "str",
    "source": "Source",
    "subtotal": "str",
    "tax": "str",
    "taxes": "list[dict[str, Any]]",
    "tip": "str",
    "total": "str",
    "type": "str",
    "version": "int",
    "withheld": "str",
}, total=False)

Field = TypedDict("Field", {
    "box": "list[float]",
    "confidence": "Required[float]",
    "corrected_at": "str",
    "corrected_by": "str",
    "corrected_from": "Union[str, list[Entry]]",
    "engine_version": "str",
    "page": "int",
    "printed": "str",
    "rule": "str",
    "source": "Required[FieldSource]",
    "value": "Required[Union[str, list[Entry]]]",
}, total=False)

FieldName = Literal["type", "issuer_name", "issuer_legal_name", "issuer_tax_id", "recipient_name", "recipient_tax_id", "merchant_name", "merchant_legal_name", "merchant_tax_id", "merchant_address", "number", "order_number", "issue_date", "due_date", "date", "time", "currency", "subtotal", "discount", "tip", "tax", "taxes", "withheld", "rounding", "total", "paid", "amount_due", "payment_method", "payment_terms", "payment_reference", "iban", "line_items", "document_type", "document_number", "support_number", "issuing_country", "nationality", "surname", "given_names", "birth_date", "sex", "expiry_date"]

FieldSource = Literal["xml", "text", "ocr", "barcode", "mrz", "reviewer"]

Fields = Union["InvoiceFields", "ReceiptFields", "IdFields"]

IdFields = TypedDict("IdFields", {
    "birth_date": "dict[str, Any]",
    "document_number": "dict[str, Any]",
    "document_type": "dict[str, Any]",
    "expiry_date": "dict[str, Any]",
    "given_names": "dict[str, Any]",
    "issuing_country": "dict[str, Any]",
    "nationality": "dict[str, Any]",
    "sex": "dict[str, Any]",
    "support_number": "dict[str, Any]",
    "surname": "dict[str, Any]",
}, total=False)

Incident = TypedDict("Incident", {
    "acked_at": "Union[str, None]",
    "acked_by": "Union[str, None]",
    "count": "int",
    "detail": "dict[str, Any]",
    "id": "str",
    "kind": "str",
    "last_seen_at": "str",
    "messages": "list[str]",
    "opened_at": "str",
    "resolved_at": "Union[str, None]",
    "severity": "Severity",
    "state": "IncidentState",
    "subject": "str",
}, total=False)

IncidentRoute = TypedDict("IncidentRoute", {
    "again_after_secs": "int",
    "enabled": "bool",
    "failures": "int",
    "id": "str",
    "kinds": "list[str]",
    "last_error": "Union[str, None]",
    "medium": "Medium",
    "min_severity": "Severity",
    "name": "str",
    "place": "str",
    "secret_ref": "Union[str, None]",
}, total=False)

IncidentState = Literal["open", "acknowledged", "resolved"]

InvoiceFields = TypedDict("InvoiceFields", {
    "amount_due": "dict[str, Any]",
    "currency": "dict[str, Any]",
    "discount": "dict[str, Any]",
    "due_date": "dict[str, Any]",
    "iban": "dict[str, Any]",
    "issue_date": "dict[str, Any]",
    "issuer_legal_name": "dict[str, Any]",
    "issuer_name": "dict[str, Any]",
    "issuer_tax_id": "dict[str, Any]",
    "line_items": "dict[str, Any]",
    "number": "dict[str, Any]",
    "order_number": "dict[str, Any]",
    "paid": "dict[str, Any]",
    "payment_reference": "dict[str, Any]",
    "payment_terms": "dict[str, Any]",
    "recipient_name": "dict[str, Any]",
    "recipient_tax_id": "dict[str, Any]",
    "rounding": "dict[str, Any]",
    "subtotal": "dict[str, Any]",
    "tax": "dict[str, Any]",
    "taxes": "dict[str, Any]",
    "total": "dict[str, Any]",
    "type": "dict[str, Any]",
    "withheld": "dict[str, Any]",
}, total=False)

Kind = Literal["invoice", "receipt", "id", "other"]

Ledger = TypedDict("Ledger", {
    "arrivals": "Required[Union[Arrivals, None]]",
    "balanced": "Required[bool]",
    "duplicate": "Required[int]",
    "filed": "Required[int]",
    "in_review": "Required[int]",
    "processing": "Required[int]",
    "received": "Required[int]",
    "rejected": "Required[int]",
}, total=False)

LegalHold = TypedDict("LegalHold", {
    "at": "Required[str]",
    "kind": "Required[ErasedKind]",
    "placed_by": "Required[str]",
    "reason": "Required[str]",
    "subject": "Required[str]",
}, total=False)

ListedCaseState = Literal["open", "any", "gathering", "working", "waiting", "human", "done", "expired", "stopped"]

ListedContact = TypedDict("ListedContact", {
    "created_at": "str",
    "customer_id": "Union[str, None]",
    "id": "str",
    "last_message_at": "Union[str, None]",
    "name": "Union[str, None]",
    "phone": "Union[str, None]",
}, total=False)

ListedStatus = Literal["received", "processing", "filed", "in_review", "rejected", "duplicate"]

LostFile = TypedDict("LostFile", {
    "at": "Required[str]",
    "contact_id": "Required[Union[str, None]]",
    "document_id": "Required[Union[str, None]]",
    "kind": "Required[str]",
    "message_id": "Required[Union[str, None]]",
    "source": "Required[Source]",
}, total=False)

Medium = Literal["webhook", "email", "slack"]

Message = TypedDict("Message", {
    "at": "str",
    "document": "Union[dict[str, Any], None]",
    "error": "Union[str, None]",
    "file": "Union[dict[str, Any], None]",
    "id": "str",
    "phone_number_id": "Union[str, None]",
    "state": "Union[str, None]",
    "text": "Union[str, None]",
    "type": "str",
    "way": "Way",
}, total=False)

MessageLedger = TypedDict("MessageLedger", {
    "balanced": "Required[bool]",
    "delivered": "Required[int]",
    "on_its_way": "Required[int]",
    "queued": "Required[int]",
    "told": "Required[int]",
    "withdrawn": "Required[int]",
}, total=False)

Missing = TypedDict("Missing", {
    "filed_undated": "Required[int]",
    "held": "Required[int]",
    "undated": "Required[int]",
    "waiting": "Required[int]",
    "withheld": "Required[int]",
}, total=False)

NewCustomer = TypedDict("NewCustomer", {
    "emails": "list[str]",
    "external_id": "Union[str, None]",
    "id_numbers": "list[str]",
    "name": "Required[str]",
    "phones": "list[str]",
    "tax_ids": "list[str]",
}, total=False)

NewEntity = TypedDict("NewEntity", {
    "accounts": "list[str]",
    "id": "Union[str, None]",
    "name": "Required[str]",
    "phone_number_ids": "list[str]",
    "tax_ids": "list[str]",
}, total=False)

NewEntry = TypedDict("NewEntry", {
    "amount": "Union[str, None]",
    "base": "Union[str, None]",
    "box": "Union[list[float], None]",
    "description": "Union[str, None]",
    "page": "Union[int, None]",
    "quantity": "Union[str, None]",
    "rate": "Union[str, None]",
    "tax": "Union[str, None]",
    "type": "Union[str, None]",
    "unit_price": "Union[str, None]",
}, total=False)

NewIncidentRoute = TypedDict("NewIncidentRoute", {
    "again_after_secs": "Union[int, None]",
    "kinds": "list[str]",
    "medium": "Required[Medium]",
    "min_severity": "Union[Severity, None]",
    "name": "Required[str]",
    "secret_ref": "Union[str, None]",
    "target": "Required[str]",
}, total=False)

NotedCase = TypedDict("NotedCase", {
    "answer_by": "Union[str, None]",
    "assignee": "Union[str, None]",
    "contact_id": "str",
    "contact_name": "Union[str, None]",
    "created_at": "str",
    "documents": "list[str]",
    "due_at": "Union[str, None]",
    "escalated_at": "Union[str, None]",
    "expects": "Union[str, None]",
    "id": "str",
    "kind": "CaseKind",
    "notes": "list[CaseNote]",
    "phone_number_id": "str",
    "state": "str",
    "subject": "str",
    "team": "Union[str, None]",
    "updated_at": "str",
    "version": "int",
    "window_closes_at": "Union[str, None]",
}, total=False)

Notice = TypedDict("Notice", {
    "batch": "Union[str, None]",
    "buttons": "list[str]",
    "category": "ConsentCategory",
    "contact_id": "str",
    "created_at": "str",
    "error": "Union[str, None]",
    "expires_at": "str",
    "header": "Union[str, None]",
    "id": "str",
    "idempotency_key": "str",
    "language": "str",
    "not_before": "Union[str, None]",
    "params": "list[str]",
    "phone_number_id": "str",
    "state": "str",
    "template": "str",
    "waits_for": "Union[str, None]",
    "waits_until": "Union[str, None]",
}, total=False)

NoticesProgress = TypedDict("NoticesProgress", {
    "batch": "str",
    "states": "dict[str, Any]",
    "total": "int",
    "waits": "dict[str, Any]",
}, total=False)

NoticesTaken = TypedDict("NoticesTaken", {
    "batch": "str",
    "before": "int",
    "queued": "int",
    "refused": "list[dict[str, Any]]",
}, total=False)

Obligation = TypedDict("Obligation", {
    "amount": "Union[str, None]",
    "contact_id": "Union[str, None]",
    "created_at": "str",
    "currency": "Union[str, None]",
    "customer_id": "str",
    "document_id": "Union[str, None]",
    "due": "Union[str, None]",
    "id": "str",
    "number": "Union[str, None]",
    "paid": "Union[str, None]",
    "payments": "list[dict[str, Any]]",
    "promised_for": "Union[str, None]",
    "reminders": "int",
    "state": "str",
    "withheld": "bool",
}, total=False)

Part = TypedDict("Part", {
    "as_it_came": "bool",
    "box": "list[float]",
    "first_page": "Required[int]",
    "last_page": "Required[int]",
}, total=False)

Period = TypedDict("Period", {
    "adjustments": "Sums",
    "closed_at": "Required[str]",
    "closed_by": "Required[str]",
    "id": "Required[str]",
    "late": "Sums",
    "lines_sha256": "str",
    "missing": "Missing",
    "month": "Required[str]",
    "sha256": "str",
    "totals": "Totals",
    "zone": "str",
}, total=False)

PeriodEntry = Literal["late", "reversal", "restated"]

PeriodPart = Literal["rows", "late", "adjustments"]

Problem = TypedDict("Problem", {
    "conflicts": "list[dict[str, Any]]",
    "detail": "Required[str]",
    "help": "Required[str]",
    "id": "str",
    "status": "Required[int]",
    "title": "Required[str]",
    "type": "Required[ProblemType]",
    "warnings": "list[dict[str, Any]]",
}, total=False)

ProblemType = Literal["urn:acuse:problem:unauthorized", "urn:acuse:problem:bad_signature", "urn:acuse:problem:forbidden", "urn:acuse:problem:withheld", "urn:acuse:problem:bound", "urn:acuse:problem:not_found", "urn:acuse:problem:bad_request", "urn:acuse:problem:unprocessable", "urn:acuse:problem:conflict", "urn:acuse:problem:precondition_required", "urn:acuse:problem:stale", "urn:acuse:problem:range_not_satisfiable", "urn:acuse:problem:taken", "urn:acuse:problem:foreign_cursor", "urn:acuse:problem:unproven", "urn:acuse:problem:too_large", "urn:acuse:problem:unsupported_media_type", "urn:acuse:problem:method_not_allowed", "urn:acuse:problem:not_fetched", "urn:acuse:problem:timeout", "urn:acuse:problem:too_many_requests", "urn:acuse:problem:rate_limited", "urn:acuse:problem:busy", "urn:acuse:problem:query_timeout", "urn:acuse:problem:unavailable", "urn:acuse:problem:internal"]

Ready = TypedDict("Ready", {
    "parts": "Required[list[dict[str, Any]]]",
    "ready": "Required[bool]",
}, total=False)

Reason = TypedDict("Reason", {
    "code": "Required[ReasonCode]",
    "detail": "Required[dict[str, Any]]",
    "message": "Required[str]",
}, total=False)

ReasonCode = Literal["unsupported_type", "type_mismatch", "corrupt", "encrypted", "too_large", "decompression_bomb", "active_content", "malware", "unreadable", "low_confidence", "not_a_document", "multiple_documents", "missing_fields", "checks_failed", "expired", "unknown_customer", "ambiguous_customer", "possible_duplicate", "media_unavailable", "retries_exhausted"]

ReceiptFields = TypedDict("ReceiptFields", {
    "currency": "dict[str, Any]",
    "date": "dict[str, Any]",
    "discount": "dict[str, Any]",
    "line_items": "dict[str, Any]",
    "merchant_address": "dict[str, Any]",
    "merchant_legal_name": "dict[str, Any]",
    "merchant_name": "dict[str, Any]",
    "merchant_tax_id": "dict[str, Any]",
    "number": "dict[str, Any]",
    "payment_method": "dict[str, Any]",
    "rounding": "dict[str, Any]",
    "subtotal": "dict[str, Any]",
    "tax": "dict[str, Any]",
    "taxes": "dict[str, Any]",
    "time": "dict[str, Any]",
    "tip": "dict[str, Any]",
    "total": "dict[str, Any]",
    "type": "dict[str, Any]",
}, total=False)

Review = TypedDict("Review", {
    "claim_expires_at": "Required[Union[str, None]]",
    "claimed_by": "Required[Union[str, None]]",
    "document": "Required[Document]",
    "document_id": "Required[str]",
    "id": "Required[str]",
    "opened_at": "Required[str]",
    "reasons": "Required[list[Reason]]",
}, total=False)

Scope = Literal["documents:read", "documents:write", "ids:read", "reviews:write", "reviews:mcp", "messages:read", "messages:write", "customers:write", "sandbox", "erasure", "admin"]

Sensitivity = Literal["open", "id", "unknown"]

Severity = Literal["info", "warning", "critical"]

Sort = Literal["received", "-received", "updated", "-updated", "document_date", "-document_date", "amount", "-amount"]

Source = Literal["whatsapp", "api", "import"]

Status = Literal["received", "processing", "filed", "in_review", "rejected"]

Sums = TypedDict("Sums", {
    "currencies": "Required[dict[str, Any]]",
    "rows": "Required[int]",
    "without_total": "Required[int]",
}, total=False)

TimelineEntry = TypedDict("TimelineEntry", {
    "at": "Required[str]",
    "detail": "Required[dict[str, Any]]",
    "event": "Required[str]",
    "stage": "Required[Union[str, None]]",
}, total=False)

Totals = TypedDict("Totals", {
    "complete": "Required[bool]",
    "currencies": "Required[dict[str, Any]]",
    "filed_undated": "Required[int]",
    "held": "Required[int]",
    "rows": "Required[int]",
    "undated": "Required[int]",
    "waiting": "Required[int]",
    "withheld": "Required[int]",
    "without_total": "Required[int]",
}, total=False)

Verdict = Literal["approve", "correct", "reject", "ask_again", "split", "reopen", "undo", "retry", "duplicate", "postpone", "assign"]

Way = Literal["in", "out", "echo"]

WebhookDelivery = TypedDict("WebhookDelivery", {
    "about": "Union[str, None]",
    "attempts": "int",
    "created_at": "str",
    "id": "str",
    "last_attempt_at": "Union[str, None]",
    "last_error": "Union[str, None]",
    "last_status": "Union[int, None]",
    "next_attempt_at": "Union[str, None]",
    "state": "DeliveryState",
    "type": "str",
}, total=False)

WebhookEndpoint = TypedDict("WebhookEndpoint", {
    "created_at": "str",
    "customers": "list[str]",
    "description": "str",
    "disabled_reason": "Union[str, None]",
    "document_kinds": "list[Kind]",
    "enabled": "bool",
    "failing_since": "Union[str, None]",
    "id": "str",
    "types": "list[str]",
    "url": "str",
}, total=False)

WebhookEndpointChange = TypedDict("WebhookEndpointChange", {
    "customers": "Union[list[str], None]",
    "description": "Union[str, None]",
    "document_kinds": "Union[list[Kind], None]",
    "enabled": "Union[bool, None]",
    "types": "Union[list[EventKind], None]",
    "url": "Union[str, None]",
}, total=False)
