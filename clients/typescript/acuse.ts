// Generated from the description of the API: `make clients`. Do not edit.

/** Why a request was not done. `type` is stable; compare it. */
export class AcuseProblem extends Error {
  constructor(readonly problem: Problem, readonly retryAfterSecs: number | null) {
    super(`${problem.type}: ${problem.detail}`);
  }
}

export interface Options { baseUrl: string; key: string; fetch?: typeof fetch }

type Query = Record<string, string | number | boolean | undefined>;
interface Request { query?: Query; headers?: Record<string, string | undefined>; json?: unknown; text?: string; form?: FormData }

/** A client of Acuse. Every method answers what the description says, or throws an AcuseProblem. */
export class Acuse {
  private readonly base: string;
  private readonly fetcher: typeof fetch;
  constructor(private readonly options: Options) {
    this.base = options.baseUrl.replace(/\/+$/, "");
    this.fetcher = options.fetch ?? fetch;
  }

  /** A request; the answer as it is, once it is good. */
  async request(method: string, path: string, r: Request = {}): Promise<Response> {
    const url = new URL(this.base + path);
    for (const [name, value] of Object.entries(r.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const headers: Record<string, string> = { authorization: `Bearer ${this.options.key}` };
    for (const [name, value] of Object.entries(r.headers ?? {})) if (value !== undefined) headers[name] = value;
    if (r.json !== undefined) headers["content-type"] = "application/json";
    const body = r.form ?? r.text ?? (r.json === undefined ? undefined : JSON.stringify(r.json));
    const answer = await this.fetcher(url, { method, headers, ...(body === undefined ? {} : { body }) });
    if (answer.ok) return answer;
    const after = Number(answer.headers.get("retry-after") ?? "");
    const text = await answer.text();
    let problem: Problem;
    try { problem = JSON.parse(text) as Problem; } catch {
      problem = { type: "urn:acuse:problem:internal", title: "Not from Acuse", status: answer.status, detail: text.slice(0, 200), help: "" };
    }
    throw new AcuseProblem(problem, after > 0 ? after : null);
  }

  /** Decisions that were asked for, the first one first (messages:read). */
  async listApprovals(options: { "state"?: "asked" | "approved" | "refused" | "expired"; "document_id"?: string; "after"?: string; "limit"?: number } = {}): Promise<{ "data": Array<Approval>; "next": string | null }> {
    return (await this.request("GET", `/v1/approvals`, { query: { "state": options["state"], "document_id": options["document_id"], "after": options["after"], "limit": options["limit"] } })).json() as Promise<{ "data": Array<Approval>; "next": string | null }>;
  }

  /** The same, page after page to the end. */
  async *listApprovalsAll(options: { "state"?: "asked" | "approved" | "refused" | "expired"; "document_id"?: string; "after"?: string; "limit"?: number } = {}): AsyncGenerator<({ "data": Array<Approval>; "next": string | null })["data"][number]> {
    for (let after = options.after; ;) {
      const page = await this.listApprovals({ ...options, ...(after === undefined ? {} : { after }) });
      yield* page.data;
      if (page.next === null) return;
      after = page.next;
    }
  }

  /** Ask approvers in the chat, by buttons; one decision counts (reviews:write, messages:write). */
  async createApproval(body: { "approvers": Array<string>; "document_id"?: string | null; "due_at"?: string | null; "mode"?: "order" | "any" | null; "phone_number_id": string; "question"?: string | null }): Promise<Approval> {
    return (await this.request("POST", `/v1/approvals`, { json: body })).json() as Promise<Approval>;
  }

  /** A decision that was asked for (messages:read). */
  async getApproval(id: string): Promise<Approval> {
    return (await this.request("GET", `/v1/approvals/${encodeURIComponent(id)}`, {  })).json() as Promise<Approval>;
  }

  /** Nobody is asked any more (reviews:write, messages:write). */
  async cancelApproval(id: string): Promise<Approval> {
    return (await this.request("POST", `/v1/approvals/${encodeURIComponent(id)}/cancel`, {  })).json() as Promise<Approval>;
  }

  /** Open matters with contacts, what is due first, then the oldest; those that a person has, unless a state is named (messages:read). */
  async listCases(options: { "state"?: ListedCaseState; "kind"?: CaseKind; "assignee"?: string; "contact_id"?: string; "team"?: string; "late"?: boolean; "after"?: string; "limit"?: number } = {}): Promise<{ "data": Array<Case>; "next": string | null }> {
    return (await this.request("GET", `/v1/cases`, { query: { "state": options["state"], "kind": options["kind"], "assignee": options["assignee"], "contact_id": options["contact_id"], "team": options["team"], "late": options["late"], "after": options["after"], "limit": options["limit"] } })).json() as Promise<{ "data": Array<Case>; "next": string | null }>;
  }

  /** The same, page after page to the end. */
  async *listCasesAll(options: { "state"?: ListedCaseState; "kind"?: CaseKind; "assignee"?: string; "contact_id"?: string; "team"?: string; "late"?: boolean; "after"?: string; "limit"?: number } = {}): AsyncGenerator<({ "data": Array<Case>; "next": string | null })["data"][number]> {
    for (let after = options.after; ;) {
      const page = await this.listCases({ ...options, ...(after === undefined ? {} : { after }) });
      yield* page.data;
      if (page.next === null) return;
      after = page.next;
    }
  }

  /** A case, open or over, and what was noted on it (messages:read). */
  async getCase(id: string): Promise<NotedCase> {
    return (await this.request("GET", `/v1/cases/${encodeURIComponent(id)}`, {  })).json() as Promise<NotedCase>;
  }

  /** A person or a team has it; the machine is silent until it is returned (messages:write). */
  async assignCase(id: string, body: { "assignee"?: string | null; "team"?: string | null; "version": number }): Promise<CaseVersion> {
    return (await this.request("POST", `/v1/cases/${encodeURIComponent(id)}/assign`, { json: body })).json() as Promise<CaseVersion>;
  }

  /** It is settled (messages:write). */
  async closeCase(id: string, body: { "version": number }): Promise<CaseVersion> {
    return (await this.request("POST", `/v1/cases/${encodeURIComponent(id)}/close`, { json: body })).json() as Promise<CaseVersion>;
  }

  /** Yes or no to what is to be approved and is of no document, where nobody is left who could be asked, or its time is over (reviews:write, messages:write). */
  async decideCase(id: string, body: { "approves": boolean; "version": number }): Promise<CaseVersion> {
    return (await this.request("POST", `/v1/cases/${encodeURIComponent(id)}/decide`, { json: body })).json() as Promise<CaseVersion>;
  }

  /** Note something on a case, open or over; it is never sent (messages:write). */
  async noteOnCase(id: string, body: { "text": string }): Promise<CaseNote> {
    return (await this.request("POST", `/v1/cases/${encodeURIComponent(id)}/notes`, { json: body })).json() as Promise<CaseNote>;
  }

  /** Write to the contact while the window is open, with a file beside the words or without; who writes holds the case (messages:write). */
  async replyToCase(id: string, body: { "file"?: { "content": string; "name": string } | null; "text": string; "version": number }): Promise<CaseVersion> {
    return (await this.request("POST", `/v1/cases/${encodeURIComponent(id)}/reply`, { json: body })).json() as Promise<CaseVersion>;
  }

  /** Hand it back to the machine (messages:write). */
  async returnCase(id: string, body: { "version": number }): Promise<CaseVersion> {
    return (await this.request("POST", `/v1/cases/${encodeURIComponent(id)}/return`, { json: body })).json() as Promise<CaseVersion>;
  }

  /** Write to the contact by a template, whether the window is open or not; who writes holds the case (messages:write). */
  async replyToCaseByTemplate(id: string, body: { "buttons"?: Array<string> | null; "header"?: string | null; "language"?: string | null; "params"?: Array<string> | null; "template": string; "version": number }): Promise<CaseVersion> {
    return (await this.request("POST", `/v1/cases/${encodeURIComponent(id)}/template`, { json: body })).json() as Promise<CaseVersion>;
  }

  /** Who writes to us, the latest seen first (messages:read). */
  async listContacts(options: { "q"?: string; "after"?: string; "limit"?: number } = {}): Promise<{ "data": Array<ListedContact>; "next": string | null }> {
    return (await this.request("GET", `/v1/contacts`, { query: { "q": options["q"], "after": options["after"], "limit": options["limit"] } })).json() as Promise<{ "data": Array<ListedContact>; "next": string | null }>;
  }

  /** The same, page after page to the end. */
  async *listContactsAll(options: { "q"?: string; "after"?: string; "limit"?: number } = {}): AsyncGenerator<({ "data": Array<ListedContact>; "next": string | null })["data"][number]> {
    for (let after = options.after; ;) {
      const page = await this.listContacts({ ...options, ...(after === undefined ? {} : { after }) });
      yield* page.data;
      if (page.next === null) return;
      after = page.next;
    }
  }

  /** A contact, their windows and consents (messages:read). */
  async getContact(id: string): Promise<Contact> {
    return (await this.request("GET", `/v1/contacts/${encodeURIComponent(id)}`, {  })).json() as Promise<Contact>;
  }

  /** What a contact agreed to, or no more, the oldest first (messages:read). */
  async listConsents(id: string, options: { "format"?: "json" | "csv" } = {}): Promise<Response> {
    return this.request("GET", `/v1/contacts/${encodeURIComponent(id)}/consents`, { query: { "format": options["format"] } });
  }

  /** Write down what a contact said elsewhere; nothing is ever changed or deleted (messages:write). */
  async createConsent(id: string, body: { "at"?: string | null; "category": ConsentCategory; "phone_number_id": string; "source": string; "state": ConsentWord; "text_version"?: string | null }): Promise<void> {
    await this.request("POST", `/v1/contacts/${encodeURIComponent(id)}/consents`, { json: body });
  }

  /** What was said, both ways, the latest first (messages:read). */
  async listContactMessages(id: string, options: { "after"?: string; "limit"?: number } = {}): Promise<{ "data": Array<Message>; "next": string | null }> {
    return (await this.request("GET", `/v1/contacts/${encodeURIComponent(id)}/messages`, { query: { "after": options["after"], "limit": options["limit"] } })).json() as Promise<{ "data": Array<Message>; "next": string | null }>;
  }

  /** The same, page after page to the end. */
  async *listContactMessagesAll(id: string, options: { "after"?: string; "limit"?: number } = {}): AsyncGenerator<({ "data": Array<Message>; "next": string | null })["data"][number]> {
    for (let after = options.after; ;) {
      const page = await this.listContactMessages(id, { ...options, ...(after === undefined ? {} : { after }) });
      yield* page.data;
      if (page.next === null) return;
      after = page.next;
    }
  }

  /** Customers, newest first. */
  async listCustomers(options: { "q"?: string; "after"?: string; "limit"?: number } = {}): Promise<{ "data": Array<Customer>; "next": string | null }> {
    return (await this.request("GET", `/v1/customers`, { query: { "q": options["q"], "after": options["after"], "limit": options["limit"] } })).json() as Promise<{ "data": Array<Customer>; "next": string | null }>;
  }

  /** The same, page after page to the end. */
  async *listCustomersAll(options: { "q"?: string; "after"?: string; "limit"?: number } = {}): AsyncGenerator<({ "data": Array<Customer>; "next": string | null })["data"][number]> {
    for (let after = options.after; ;) {
      const page = await this.listCustomers({ ...options, ...(after === undefined ? {} : { after }) });
      yield* page.data;
      if (page.next === null) return;
      after = page.next;
    }
  }

  /** Add one, or bring one up to date. */
  async addCustomer(body: NewCustomer, options: { "reassign"?: boolean } = {}): Promise<Customer> {
    return (await this.request("POST", `/v1/customers`, { query: { "reassign": options["reassign"] }, json: body })).json() as Promise<Customer>;
  }

  /** The customer of this external id is as the body says. */
  async putCustomer(ref: string, body: NewCustomer, options: { "reassign"?: boolean; "If-Match"?: string } = {}): Promise<Customer> {
    return (await this.request("PUT", `/v1/customers/by-external-id/${encodeURIComponent(ref)}`, { query: { "reassign": options["reassign"] }, headers: { "If-Match": options["If-Match"] }, json: body })).json() as Promise<Customer>;
  }

  /** Names that several customers have. */
  async listCustomerConflicts(options: { "after"?: string; "limit"?: number } = {}): Promise<{ "data": Array<AliasConflict>; "next": string | null }> {
    return (await this.request("GET", `/v1/customers/conflicts`, { query: { "after": options["after"], "limit": options["limit"] } })).json() as Promise<{ "data": Array<AliasConflict>; "next": string | null }>;
  }

  /** The same, page after page to the end. */
  async *listCustomerConflictsAll(options: { "after"?: string; "limit"?: number } = {}): AsyncGenerator<({ "data": Array<AliasConflict>; "next": string | null })["data"][number]> {
    for (let after = options.after; ;) {
      const page = await this.listCustomerConflicts({ ...options, ...(after === undefined ? {} : { after }) });
      yield* page.data;
      if (page.next === null) return;
      after = page.next;
    }
  }

  /** Delete a customer to whom nothing belongs. */
  async deleteCustomer(id: string, options: { "If-Match"?: string } = {}): Promise<void> {
    await this.request("DELETE", `/v1/customers/${encodeURIComponent(id)}`, { headers: { "If-Match": options["If-Match"] } });
  }

  /** One customer. */
  async getCustomer(id: string): Promise<Customer> {
    return (await this.request("GET", `/v1/customers/${encodeURIComponent(id)}`, {  })).json() as Promise<Customer>;
  }

  /** Change what is named. */
  async changeCustomer(id: string, body: CustomerPatch, options: { "reassign"?: boolean; "If-Match"?: string } = {}): Promise<Customer> {
    return (await this.request("PATCH", `/v1/customers/${encodeURIComponent(id)}`, { query: { "reassign": options["reassign"] }, headers: { "If-Match": options["If-Match"] }, json: body })).json() as Promise<Customer>;
  }

  /** Make another customer part of this one. */
  async mergeCustomers(id: string, body: { "from": string }): Promise<Customer> {
    return (await this.request("POST", `/v1/customers/${encodeURIComponent(id)}/merge`, { json: body })).json() as Promise<Customer>;
  }

  /** Documents, newest first unless `sort` says otherwise. */
  async listDocuments(options: { "status"?: ListedStatus; "kind"?: Kind; "customer_id"?: string; "entity_id"?: string; "direction"?: Direction; "contact_id"?: string; "source"?: Source; "part_of"?: string; "from"?: (string); "to"?: (string); "updated_from"?: (string); "updated_to"?: (string); "date_from"?: string; "date_to"?: string; "issuer"?: string; "tax_id"?: string; "number"?: string; "amount_from"?: string; "amount_to"?: string; "currency"?: string; "q"?: string; "sort"?: Sort; "after"?: string; "limit"?: number; "fields"?: string } = {}): Promise<{ "data": Array<(Document)>; "next": string | null }> {
    return (await this.request("GET", `/v1/documents`, { query: { "status": options["status"], "kind": options["kind"], "customer_id": options["customer_id"], "entity_id": options["entity_id"], "direction": options["direction"], "contact_id": options["contact_id"], "source": options["source"], "part_of": options["part_of"], "from": options["from"], "to": options["to"], "updated_from": options["updated_from"], "updated_to": options["updated_to"], "date_from": options["date_from"], "date_to": options["date_to"], "issuer": options["issuer"], "tax_id": options["tax_id"], "number": options["number"], "amount_from": options["amount_from"], "amount_to": options["amount_to"], "currency": options["currency"], "q": options["q"], "sort": options["sort"], "after": options["after"], "limit": options["limit"], "fields": options["fields"] } })).json() as Promise<{ "data": Array<(Document)>; "next": string | null }>;
  }

  /** The same, page after page to the end. */
  async *listDocumentsAll(options: { "status"?: ListedStatus; "kind"?: Kind; "customer_id"?: string; "entity_id"?: string; "direction"?: Direction; "contact_id"?: string; "source"?: Source; "part_of"?: string; "from"?: (string); "to"?: (string); "updated_from"?: (string); "updated_to"?: (string); "date_from"?: string; "date_to"?: string; "issuer"?: string; "tax_id"?: string; "number"?: string; "amount_from"?: string; "amount_to"?: string; "currency"?: string; "q"?: string; "sort"?: Sort; "after"?: string; "limit"?: number; "fields"?: string } = {}): AsyncGenerator<({ "data": Array<(Document)>; "next": string | null })["data"][number]> {
    for (let after = options.after; ;) {
      const page = await this.listDocuments({ ...options, ...(after === undefined ? {} : { after }) });
      yield* page.data;
      if (page.next === null) return;
      after = page.next;
    }
  }

  /** Send a file. */
  async sendDocument(file: Blob, name: string, said: { sender?: string; customer_id?: string; caption?: string } = {}, options: { "Idempotency-Key"?: string; "Prefer"?: string } = {}): Promise<Document> {
    const form = new FormData();
    for (const [part, text] of Object.entries(said)) if (text !== undefined) form.set(part, text);
    form.set("file", file, name);
    return (await this.request("POST", `/v1/documents`, { headers: { "Idempotency-Key": options["Idempotency-Key"], "Prefer": options["Prefer"] }, form })).json() as Promise<Document>;
  }

  /** Erase a document for ever. */
  async eraseDocument(id: string, options: { "keep"?: ErasureKeep; "whole_file"?: boolean; "If-Match"?: string } = {}): Promise<ErasureReceipt> {
    return (await this.request("DELETE", `/v1/documents/${encodeURIComponent(id)}`, { query: { "keep": options["keep"], "whole_file": options["whole_file"] }, headers: { "If-Match": options["If-Match"] } })).json() as Promise<ErasureReceipt>;
  }

  /** One document. */
  async getDocument(id: string, options: { "fields"?: string } = {}): Promise<(Document)> {
    return (await this.request("GET", `/v1/documents/${encodeURIComponent(id)}`, { query: { "fields": options["fields"] } })).json() as Promise<(Document)>;
  }

  /** Change what is said of it. */
  async changeDocument(id: string, body: Change, options: { "If-Match": string }): Promise<Document> {
    return (await this.request("PATCH", `/v1/documents/${encodeURIComponent(id)}`, { headers: { "If-Match": options["If-Match"] }, json: body })).json() as Promise<Document>;
  }

  /** Ask whoever sent a document in review for a file, a side, a page, a password, words or a choice (reviews:write). */
  async askAboutDocument(id: string, body: { "choices"?: Array<string> | null; "expects": "file" | "side" | "page" | "password" | "words" | "choice"; "text"?: string | null; "version"?: number | null }, options: { "If-Match"?: string } = {}): Promise<Asked> {
    return (await this.request("POST", `/v1/documents/${encodeURIComponent(id)}/ask`, { headers: { "If-Match": options["If-Match"] }, json: body })).json() as Promise<Asked>;
  }

  /** Its bytes. */
  async getDocumentContent(id: string, options: { "variant"?: ContentVariant; "page"?: number; "presign"?: boolean } = {}): Promise<Response> {
    return this.request("GET", `/v1/documents/${encodeURIComponent(id)}/content`, { query: { "variant": options["variant"], "page": options["page"], "presign": options["presign"] } });
  }

  /** What happened to it, oldest first. */
  async getDocumentTimeline(id: string): Promise<{ "data": Array<TimelineEntry>; "next": string | null }> {
    return (await this.request("GET", `/v1/documents/${encodeURIComponent(id)}/timeline`, {  })).json() as Promise<{ "data": Array<TimelineEntry>; "next": string | null }>;
  }

  /** Who we are: the firms that documents come in for. */
  async listEntities(): Promise<{ "data": Array<Entity>; "next": string | null }> {
    return (await this.request("GET", `/v1/entities`, {  })).json() as Promise<{ "data": Array<Entity>; "next": string | null }>;
  }

  /** Add a firm of ours, or say anew what it is; documents that are there are gone through again. */
  async saveEntity(body: NewEntity): Promise<Entity> {
    return (await this.request("POST", `/v1/entities`, { json: body })).json() as Promise<Entity>;
  }

  /** Receipts of what was erased, the latest first. */
  async listErasures(options: { "after"?: string; "limit"?: number } = {}): Promise<{ "data": Array<ErasureReceipt>; "next": string | null }> {
    return (await this.request("GET", `/v1/erasures`, { query: { "after": options["after"], "limit": options["limit"] } })).json() as Promise<{ "data": Array<ErasureReceipt>; "next": string | null }>;
  }

  /** The same, page after page to the end. */
  async *listErasuresAll(options: { "after"?: string; "limit"?: number } = {}): AsyncGenerator<({ "data": Array<ErasureReceipt>; "next": string | null })["data"][number]> {
    for (let after = options.after; ;) {
      const page = await this.listErasures({ ...options, ...(after === undefined ? {} : { after }) });
      yield* page.data;
      if (page.next === null) return;
      after = page.next;
    }
  }

  /** Erase a document, a contact or a customer for ever. */
  async erase(body: Erasure): Promise<ErasureReceipt> {
    return (await this.request("POST", `/v1/erasures`, { json: body })).json() as Promise<ErasureReceipt>;
  }

  /** One receipt. */
  async getErasure(id: string): Promise<ErasureReceipt> {
    return (await this.request("GET", `/v1/erasures/${encodeURIComponent(id)}`, {  })).json() as Promise<ErasureReceipt>;
  }

  /** Change feed, oldest first. */
  async listEvents(options: { "after"?: string; "types"?: string; "wait"?: number; "limit"?: number } = {}): Promise<{ "data": Array<Event>; "next": string }> {
    return (await this.request("GET", `/v1/events`, { query: { "after": options["after"], "types": options["types"], "wait": options["wait"], "limit": options["limit"] } })).json() as Promise<{ "data": Array<Event>; "next": string }>;
  }

  /** The books, for accounting. */
  async exportBooks(options: { "from"?: string; "to"?: string; "by"?: ExportBy; "period"?: string; "part"?: PeriodPart; "format"?: ExportFormat; "mapped"?: boolean } = {}): Promise<Response> {
    return this.request("GET", `/v1/export`, { query: { "from": options["from"], "to": options["to"], "by": options["by"], "period": options["period"], "part": options["part"], "format": options["format"], "mapped": options["mapped"] } });
  }

  /** Legal holds: what may neither be erased nor run out of time. */
  async listHolds(): Promise<{ "data": Array<LegalHold>; "next": string | null }> {
    return (await this.request("GET", `/v1/holds`, {  })).json() as Promise<{ "data": Array<LegalHold>; "next": string | null }>;
  }

  /** Lift a legal hold. */
  async liftHold(kind: string, id: string): Promise<void> {
    await this.request("DELETE", `/v1/holds/${encodeURIComponent(kind)}/${encodeURIComponent(id)}`, {  });
  }

  /** Place a legal hold. */
  async placeHold(kind: string, id: string, body: { "reason": string }): Promise<void> {
    await this.request("PUT", `/v1/holds/${encodeURIComponent(kind)}/${encodeURIComponent(id)}`, { json: body });
  }

  /** Where incidents are told. */
  async listIncidentRoutes(): Promise<{ "data": Array<IncidentRoute>; "next": string | null }> {
    return (await this.request("GET", `/v1/incident-routes`, {  })).json() as Promise<{ "data": Array<IncidentRoute>; "next": string | null }>;
  }

  /** Have incidents told somewhere. */
  async addIncidentRoute(body: NewIncidentRoute): Promise<{ "id"?: string; "name"?: string }> {
    return (await this.request("POST", `/v1/incident-routes`, { json: body })).json() as Promise<{ "id"?: string; "name"?: string }>;
  }

  /** Take a route away. */
  async deleteIncidentRoute(id: string, options: { "If-Match"?: string } = {}): Promise<void> {
    await this.request("DELETE", `/v1/incident-routes/${encodeURIComponent(id)}`, { headers: { "If-Match": options["If-Match"] } });
  }

  /** A route. */
  async getIncidentRoute(id: string): Promise<IncidentRoute> {
    return (await this.request("GET", `/v1/incident-routes/${encodeURIComponent(id)}`, {  })).json() as Promise<IncidentRoute>;
  }

  /** Silence a route, or have it told again. */
  async changeIncidentRoute(id: string, body: { "enabled": boolean }, options: { "If-Match"?: string } = {}): Promise<{ "enabled"?: boolean; "id"?: string }> {
    return (await this.request("PATCH", `/v1/incident-routes/${encodeURIComponent(id)}`, { headers: { "If-Match": options["If-Match"] }, json: body })).json() as Promise<{ "enabled"?: boolean; "id"?: string }>;
  }

  /** Send a test message. */
  async testIncidentRoute(id: string): Promise<{ "error"?: string | null; "taken"?: boolean }> {
    return (await this.request("POST", `/v1/incident-routes/${encodeURIComponent(id)}/test`, {  })).json() as Promise<{ "error"?: string | null; "taken"?: boolean }>;
  }

  /** What is wrong until it is not, the oldest first. */
  async listIncidents(options: { "state"?: IncidentState; "after"?: string; "limit"?: number } = {}): Promise<{ "data": Array<Incident>; "next": string | null }> {
    return (await this.request("GET", `/v1/incidents`, { query: { "state": options["state"], "after": options["after"], "limit": options["limit"] } })).json() as Promise<{ "data": Array<Incident>; "next": string | null }>;
  }

  /** The same, page after page to the end. */
  async *listIncidentsAll(options: { "state"?: IncidentState; "after"?: string; "limit"?: number } = {}): AsyncGenerator<({ "data": Array<Incident>; "next": string | null })["data"][number]> {
    for (let after = options.after; ;) {
      const page = await this.listIncidents({ ...options, ...(after === undefined ? {} : { after }) });
      yield* page.data;
      if (page.next === null) return;
      after = page.next;
    }
  }

  /** A person knows of it. */
  async acknowledgeIncident(id: string): Promise<{ "acked_by"?: string; "state"?: string }> {
    return (await this.request("POST", `/v1/incidents/${encodeURIComponent(id)}/acknowledge`, {  })).json() as Promise<{ "acked_by"?: string; "state"?: string }>;
  }

  /** A person says that it is over; the messages that only it told of are settled. */
  async resolveIncident(id: string): Promise<{ "resolved_by"?: string; "state"?: string }> {
    return (await this.request("POST", `/v1/incidents/${encodeURIComponent(id)}/resolve`, {  })).json() as Promise<{ "resolved_by"?: string; "state"?: string }>;
  }

  /** Every document accounted for. */
  async getLedger(options: { "from"?: (string); "to"?: (string) } = {}): Promise<Ledger> {
    return (await this.request("GET", `/v1/ledger`, { query: { "from": options["from"], "to": options["to"] } })).json() as Promise<Ledger>;
  }

  /** Every message of ours accounted for. */
  async getMessageLedger(): Promise<MessageLedger> {
    return (await this.request("GET", `/v1/ledger/messages`, {  })).json() as Promise<MessageLedger>;
  }

  /** The bytes that a link of five minutes leads to. */
  async followLink(link: string): Promise<Response> {
    return this.request("GET", `/v1/links/${encodeURIComponent(link)}`, {  });
  }

  /** Notices, the first one first (messages:read). */
  async listNotices(options: { "batch"?: string; "state"?: "queued" | "sent" | "delivered" | "read" | "failed" | "expired" | "withdrawn"; "contact_id"?: string; "after"?: string; "limit"?: number } = {}): Promise<{ "data": Array<Notice>; "next": string | null }> {
    return (await this.request("GET", `/v1/notices`, { query: { "batch": options["batch"], "state": options["state"], "contact_id": options["contact_id"], "after": options["after"], "limit": options["limit"] } })).json() as Promise<{ "data": Array<Notice>; "next": string | null }>;
  }

  /** The same, page after page to the end. */
  async *listNoticesAll(options: { "batch"?: string; "state"?: "queued" | "sent" | "delivered" | "read" | "failed" | "expired" | "withdrawn"; "contact_id"?: string; "after"?: string; "limit"?: number } = {}): AsyncGenerator<({ "data": Array<Notice>; "next": string | null })["data"][number]> {
    for (let after = options.after; ;) {
      const page = await this.listNotices({ ...options, ...(after === undefined ? {} : { after }) });
      yield* page.data;
      if (page.next === null) return;
      after = page.next;
    }
  }

  /** Send news by a template to somebody who agreed to it (messages:write). */
  async createNotice(body: { "buttons"?: Array<string> | null; "category"?: "utility" | "marketing" | "billing" | null; "expires_at"?: string | null; "header"?: string | null; "idempotency_key": string; "language"?: string | null; "not_before"?: string | null; "params"?: Array<string> | null; "phone_number_id"?: string | null; "template": string; "to": string }): Promise<Notice> {
    return (await this.request("POST", `/v1/notices`, { json: body })).json() as Promise<Notice>;
  }

  /** A table (CSV) of notices, each taken or refused by itself (messages:write). */
  async createNotices(body: string): Promise<NoticesTaken> {
    return (await this.request("POST", `/v1/notices/batches`, { headers: { "content-type": "text/csv" }, text: body })).json() as Promise<NoticesTaken>;
  }

  /** How many of a table stand where (messages:read). */
  async getNoticesProgress(id: string): Promise<NoticesProgress> {
    return (await this.request("GET", `/v1/notices/batches/${encodeURIComponent(id)}`, {  })).json() as Promise<NoticesProgress>;
  }

  /** A notice and how it ended (messages:read). */
  async getNotice(id: string): Promise<Notice> {
    return (await this.request("GET", `/v1/notices/${encodeURIComponent(id)}`, {  })).json() as Promise<Notice>;
  }

  /** What is owed to us, the first one first (messages:read). */
  async listObligations(options: { "customer_id"?: string; "state"?: "open" | "held" | "paid" | "cancelled"; "after"?: string; "limit"?: number } = {}): Promise<{ "data": Array<Obligation>; "next": string | null }> {
    return (await this.request("GET", `/v1/obligations`, { query: { "customer_id": options["customer_id"], "state": options["state"], "after": options["after"], "limit": options["limit"] } })).json() as Promise<{ "data": Array<Obligation>; "next": string | null }>;
  }

  /** The same, page after page to the end. */
  async *listObligationsAll(options: { "customer_id"?: string; "state"?: "open" | "held" | "paid" | "cancelled"; "after"?: string; "limit"?: number } = {}): AsyncGenerator<({ "data": Array<Obligation>; "next": string | null })["data"][number]> {
    for (let after = options.after; ;) {
      const page = await this.listObligations({ ...options, ...(after === undefined ? {} : { after }) });
      yield* page.data;
      if (page.next === null) return;
      after = page.next;
    }
  }

  /** Something a customer owes: whoever of theirs agreed is reminded by stages (messages:write). */
  async createObligation(body: { "amount": string; "contact_id"?: string | null; "currency": string; "customer_id": string; "document_id"?: string | null; "due": string; "number": string; "phone_number_id"?: string | null }): Promise<Obligation> {
    return (await this.request("POST", `/v1/obligations`, { json: body })).json() as Promise<Obligation>;
  }

  /** Something that is owed, with the receipts that pay it or may (messages:read). */
  async getObligation(id: string): Promise<Obligation> {
    return (await this.request("GET", `/v1/obligations/${encodeURIComponent(id)}`, {  })).json() as Promise<Obligation>;
  }

  /** It is owed no more (messages:write). */
  async cancelObligation(id: string, body: { "note": string }): Promise<Obligation> {
    return (await this.request("POST", `/v1/obligations/${encodeURIComponent(id)}/cancel`, { json: body })).json() as Promise<Obligation>;
  }

  /** A person says that a receipt pays what it was proposed for, or so much of this obligation (messages:write; ids:read where the receipt is withheld). */
  async confirmReceipt(id: string, body: { "amount"?: string | null; "document_id": string }): Promise<Obligation> {
    return (await this.request("POST", `/v1/obligations/${encodeURIComponent(id)}/confirm`, { json: body })).json() as Promise<Obligation>;
  }

  /** Until when its debtor promised to pay; nobody is reminded before (messages:write). */
  async promiseObligation(id: string, body: { "until"?: string | null }): Promise<Obligation> {
    return (await this.request("POST", `/v1/obligations/${encodeURIComponent(id)}/promise`, { json: body })).json() as Promise<Obligation>;
  }

  /** A person says that a receipt does not pay it (messages:write; ids:read where the receipt is withheld). */
  async refuseReceipt(id: string, body: { "document_id": string }): Promise<Obligation> {
    return (await this.request("POST", `/v1/obligations/${encodeURIComponent(id)}/refuse`, { json: body })).json() as Promise<Obligation>;
  }

  /** Closed months, the latest first. */
  async listPeriods(): Promise<{ "data": Array<Period>; "next": null }> {
    return (await this.request("GET", `/v1/periods`, {  })).json() as Promise<{ "data": Array<Period>; "next": null }>;
  }

  /** A closed month, and what came to it since. */
  async getPeriod(month: string): Promise<Period> {
    return (await this.request("GET", `/v1/periods/${encodeURIComponent(month)}`, {  })).json() as Promise<Period>;
  }

  /** Close a month: its lines are frozen and hashed. */
  async closePeriod(month: string, options: { "despite_missing"?: boolean } = {}): Promise<Period> {
    return (await this.request("POST", `/v1/periods/${encodeURIComponent(month)}/close`, { query: { "despite_missing": options["despite_missing"] } })).json() as Promise<Period>;
  }

  /** What waits for a person, oldest first. */
  async listReviews(options: { "reason"?: ReasonCode; "kind"?: Kind; "claimed_by"?: string; "unclaimed"?: boolean; "after"?: string; "limit"?: number } = {}): Promise<{ "data": Array<Review>; "next": string | null }> {
    return (await this.request("GET", `/v1/reviews`, { query: { "reason": options["reason"], "kind": options["kind"], "claimed_by": options["claimed_by"], "unclaimed": options["unclaimed"], "after": options["after"], "limit": options["limit"] } })).json() as Promise<{ "data": Array<Review>; "next": string | null }>;
  }

  /** The same, page after page to the end. */
  async *listReviewsAll(options: { "reason"?: ReasonCode; "kind"?: Kind; "claimed_by"?: string; "unclaimed"?: boolean; "after"?: string; "limit"?: number } = {}): AsyncGenerator<({ "data": Array<Review>; "next": string | null })["data"][number]> {
    for (let after = options.after; ;) {
      const page = await this.listReviews({ ...options, ...(after === undefined ? {} : { after }) });
      yield* page.data;
      if (page.next === null) return;
      after = page.next;
    }
  }

  /** Take or renew the lease (15 minutes). */
  async claimReview(id: string): Promise<{ "claim_expires_at": string; "claimed_by": string }> {
    return (await this.request("POST", `/v1/reviews/${encodeURIComponent(id)}/claim`, {  })).json() as Promise<{ "claim_expires_at": string; "claimed_by": string }>;
  }

  /** Give the lease back. */
  async releaseReview(id: string): Promise<{ "released"?: boolean }> {
    return (await this.request("POST", `/v1/reviews/${encodeURIComponent(id)}/release`, {  })).json() as Promise<{ "released"?: boolean }>;
  }

  /** Decide. */
  async resolveReview(id: string, body: Decision, options: { "If-Match"?: string } = {}): Promise<{ "documents"?: Array<string>; "status": Status }> {
    return (await this.request("POST", `/v1/reviews/${encodeURIComponent(id)}/resolve`, { headers: { "If-Match": options["If-Match"] }, json: body })).json() as Promise<{ "documents"?: Array<string>; "status": Status }>;
  }

  /** The endpoints that this key made; an admin's key sees all. */
  async listWebhookEndpoints(): Promise<{ "data": Array<WebhookEndpoint>; "next": string | null }> {
    return (await this.request("GET", `/v1/webhook-endpoints`, {  })).json() as Promise<{ "data": Array<WebhookEndpoint>; "next": string | null }>;
  }

  /** Have every change told to a server of yours: signed (Standard Webhooks), in order per document, tried for three days. */
  async addWebhookEndpoint(body: { "customers"?: Array<string> | null; "description"?: string | null; "document_kinds"?: Array<Kind> | null; "enabled"?: boolean | null; "types"?: Array<EventKind> | null; "url": string }): Promise<{ "id"?: string; "secret"?: string; "url"?: string }> {
    return (await this.request("POST", `/v1/webhook-endpoints`, { json: body })).json() as Promise<{ "id"?: string; "secret"?: string; "url"?: string }>;
  }

  /** Take an endpoint away. */
  async deleteWebhookEndpoint(id: string, options: { "If-Match"?: string } = {}): Promise<void> {
    await this.request("DELETE", `/v1/webhook-endpoints/${encodeURIComponent(id)}`, { headers: { "If-Match": options["If-Match"] } });
  }

  /** An endpoint. */
  async getWebhookEndpoint(id: string): Promise<WebhookEndpoint> {
    return (await this.request("GET", `/v1/webhook-endpoints/${encodeURIComponent(id)}`, {  })).json() as Promise<WebhookEndpoint>;
  }

  /** Change what is named; enabled again, it goes on where it stood. */
  async changeWebhookEndpoint(id: string, body: WebhookEndpointChange, options: { "If-Match"?: string } = {}): Promise<WebhookEndpoint> {
    return (await this.request("PATCH", `/v1/webhook-endpoints/${encodeURIComponent(id)}`, { headers: { "If-Match": options["If-Match"] }, json: body })).json() as Promise<WebhookEndpoint>;
  }

  /** What was sent and how that went, the latest first. */
  async listWebhookDeliveries(id: string, options: { "state"?: DeliveryState; "after"?: string; "limit"?: number } = {}): Promise<{ "data": Array<WebhookDelivery>; "next": string | null }> {
    return (await this.request("GET", `/v1/webhook-endpoints/${encodeURIComponent(id)}/deliveries`, { query: { "state": options["state"], "after": options["after"], "limit": options["limit"] } })).json() as Promise<{ "data": Array<WebhookDelivery>; "next": string | null }>;
  }

  /** The same, page after page to the end. */
  async *listWebhookDeliveriesAll(id: string, options: { "state"?: DeliveryState; "after"?: string; "limit"?: number } = {}): AsyncGenerator<({ "data": Array<WebhookDelivery>; "next": string | null })["data"][number]> {
    for (let after = options.after; ;) {
      const page = await this.listWebhookDeliveries(id, { ...options, ...(after === undefined ? {} : { after }) });
      yield* page.data;
      if (page.next === null) return;
      after = page.next;
    }
  }

  /** Send one event again, or all since a time. */
  async replayWebhookEvents(id: string, body: { "delivery_id"?: string | null; "since"?: (string | null) }): Promise<{ "id"?: string; "state"?: string }> {
    return (await this.request("POST", `/v1/webhook-endpoints/${encodeURIComponent(id)}/replay`, { json: body })).json() as Promise<{ "id"?: string; "state"?: string }>;
  }

  /** A new secret; the old one signs too for a day. */
  async rotateWebhookSecret(id: string): Promise<{ "id"?: string; "secret"?: string }> {
    return (await this.request("POST", `/v1/webhook-endpoints/${encodeURIComponent(id)}/rotate-secret`, {  })).json() as Promise<{ "id"?: string; "secret"?: string }>;
  }

  /** Send a webhook.test. */
  async testWebhookEndpoint(id: string): Promise<{ "error"?: string | null; "status"?: number | null; "taken"?: boolean }> {
    return (await this.request("POST", `/v1/webhook-endpoints/${encodeURIComponent(id)}/test`, {  })).json() as Promise<{ "error"?: string | null; "status"?: number | null; "taken"?: boolean }>;
  }

  /**
   * Every change from `after` on, for ever; keep each event's cursor once it is dealt with. What passes by itself (408,
   * 429, 5xx, a connection that breaks) is tried again, ten times before it is thrown.
   */
  async *follow(after: string, types?: string): AsyncGenerator<Event> {
    for (let failed = 0; ;) {
      let page: Awaited<ReturnType<Acuse["listEvents"]>>;
      try {
        page = await this.listEvents({ after, wait: 20, ...(types === undefined ? {} : { types }) });
      } catch (error) {
        const problem = error instanceof AcuseProblem ? error : null;
        const status = problem?.problem.status ?? 500;
        failed += 1;
        if (failed > 10 || (status < 500 && ![408, 429].includes(status))) throw error;
        const secs = problem?.retryAfterSecs ?? Math.min(60, 2 ** (failed - 1));
        await new Promise((done) => setTimeout(done, secs * 1000));
        continue;
      }
      failed = 0;
      yield* page.data;
      after = page.next;
    }
  }
}
export type AliasConflict = { "customers": Array<{ "id": string; "name": string }>; "member": CustomerAlias; "value": string | null };
export type Approval = { "approvers"?: Array<string>; "created_at"?: string; "decided_at"?: string | null; "decided_by"?: string | null; "decided_by_person"?: string | null; "document_id"?: string | null; "due_at"?: string | null; "id"?: string; "left_at"?: string | null; "mode"?: string; "phone_number_id"?: string; "question"?: string; "state"?: string };

/** files = documents + answers + not_documents + lost, over what came on the whole days (UTC) that from and to touch. The files are counted where they come in, the rest where it is kept, so that it can come out false. */
export type Arrivals = { "answers": number; "balanced": boolean; "documents": number; "files": number; "lost": number; "lost_files": Array<LostFile>; "not_documents": number };
export type Asked = { "case_id"?: string };
export type Case = { "answer_by"?: string | null; "assignee"?: string | null; "contact_id"?: string; "contact_name"?: string | null; "created_at"?: string; "documents"?: Array<string>; "due_at"?: string | null; "escalated_at"?: string | null; "expects"?: string | null; "id"?: string; "kind"?: CaseKind; "phone_number_id"?: string; "state"?: string; "subject"?: string; "team"?: string | null; "updated_at"?: string; "version"?: number; "window_closes_at"?: string | null };
export type CaseKind = "documents" | "ask" | "approval" | "collection" | "notice" | "support";
export type CaseNote = { "at"?: string; "by"?: string; "id"?: string; "text"?: string | null };
export type CaseVersion = { "id"?: string; "version"?: number };
export type Change = { "because"?: string | null; "customer_id"?: string | null; "fields"?: Record<string, (string | null | Array<NewEntry>)>; "kind"?: (Kind | null); "note": string; "overrides"?: Array<string> | null };
export type Consent = { "at"?: string; "category"?: ConsentCategory; "contact_id"?: string; "phone_number_id"?: string; "said_by"?: string | null; "source"?: string; "state"?: ConsentWord; "text_version"?: string | null };
export type ConsentCategory = "marketing" | "utility" | "billing" | "privacy";
export type ConsentWord = "granted" | "withdrawn" | "told";
export type Contact = { "consents"?: Array<{ "at"?: string; "category"?: string; "phone_number_id"?: string; "source"?: string; "state"?: string }>; "created_at"?: string; "customer_id"?: string | null; "id"?: string; "language"?: string | null; "name"?: string | null; "phone"?: string | null; "unreachable_at"?: string | null; "windows"?: Array<{ "closes_at"?: string; "last_inbound_at"?: string; "open"?: boolean; "phone_number_id"?: string }> };
export type ContentVariant = "original" | "normalized" | "received" | "thumbnail" | "text" | "xml";
export type Customer = { "created_at": string; "disputed": Array<CustomerAlias>; "emails": Array<string>; "external_id": string | null; "id": string; "id_numbers": Array<string>; "name": string; "phones": Array<string>; "tax_ids": Array<string>; "updated_at": string };
export type CustomerAlias = "phone" | "email" | "tax_id" | "id_number";
export type CustomerPatch = { "emails"?: Array<string> | null; "external_id"?: string | null; "id_numbers"?: Array<string> | null; "name"?: string | null; "phones"?: Array<string> | null; "tax_ids"?: Array<string> | null };
export type Decision = { "all"?: boolean; "because"?: string | null; "customer_id"?: string | null; "decision": Verdict; "duplicate_of"?: string | null; "fields"?: Record<string, (string | null | Array<NewEntry>)>; "hold_secs"?: number | null; "kind"?: (Kind | null); "message"?: string | null; "note"?: string | null; "overrides"?: Array<string> | null; "parts"?: Array<{ "as_it_came"?: boolean; "box"?: Array<number>; "first_page": number; "last_page"?: number }> | null; "to"?: string | null; "until"?: string | null; "version"?: number | null };
export type DeliveryState = "queued" | "delivered" | "undelivered" | "withheld";
export type Direction = "payable" | "receivable";
export type Document = { "caption": string | null; "confidence": number | null; "contact_id": string | null; "customer_id": string | null; "direction": (Direction | null); "duplicate_of": string | null; "entity_id": string | null; "erased_at": string | null; "fields": Fields; "filed_at": string | null; "filename": string | null; "id": string; "is_duplicate": boolean; "kind": (Kind | null); "language": string | null; "media_type": string | null; "notes": Array<string>; "pages": number | null; "part": (Part | null); "part_of": string | null; "reasons": Array<Reason>; "received_at": string; "sensitivity": Sensitivity; "sent_at": string; "sha256": string | null; "size_bytes": number | null; "source": Source; "status": Status; "updated_at": string; "version": number; "withheld": boolean };

/** A file that Acuse fetches: by https, from a public address, over at most three redirects. */
export type DocumentByUrl = { "caption"?: string | null; "customer_id"?: string | null; "filename"?: string | null; "sender"?: string | null; "url": string };

/** With `fields=`: the id, and the members that were asked for, each as in Document. */
export type DocumentMembers = Record<string, unknown>;
export type Entity = { "accounts": Array<string>; "created_at": string; "id": string; "name": string; "phone_number_ids": Array<string>; "tax_ids": Array<string>; "updated_at": string };

/** A tax of taxes, or a line of line_items. */
export type Entry = { "amount"?: string; "base"?: string; "box"?: Array<number>; "description"?: string; "page"?: number; "quantity"?: string; "rate"?: string; "tax"?: string; "type"?: string; "unit_price"?: string };
export type ErasedKind = "document" | "contact" | "customer";
export type Erasure = { "id": string; "keep"?: (ErasureKeep | null); "kind": ErasedKind; "whole_file"?: boolean };

/** What stays of a bill, for the law, once nobody is named in it */
export type ErasureKeep = "amounts" | "nothing";
export type ErasureReceipt = { "at": string; "cause": "request" | "retention" | "restore"; "counts": Record<string, number>; "erased_by": string; "finished_at": string | null; "id": string; "kind": ErasedKind; "subject": string };
export type Event = { "at": string; "changed": Array<string>; "cursor": string; "customer_id": string | null; "data": Record<string, unknown>; "document_id": string | null; "document_kind": (Kind | null); "kind": EventKind; "version": number | null };
export type EventKind = "document.received" | "document.processing" | "document.filed" | "document.in_review" | "document.rejected" | "document.corrected" | "document.amended" | "document.duplicate" | "document.asked_again" | "document.split" | "document.erased" | "customer.created" | "customer.updated" | "customer.merged" | "customer.deleted" | "notice.delivered" | "notice.read" | "notice.failed" | "notice.expired" | "notice.withdrawn" | "approval.approved" | "approval.refused" | "approval.expired" | "obligation.held" | "obligation.paid" | "obligation.opened" | "case.opened" | "case.closed";
export type ExportBy = "issue_date" | "received";
export type ExportFormat = "csv" | "xlsx" | "jsonl" | "totals" | "ubl";

/** A filed invoice or receipt. What a paper does not say is empty. */
export type ExportLine = { "amount_due"?: string; "currency"?: string; "customer_id"?: string | null; "direction"?: "payable" | "receivable" | null; "discount"?: string; "document_id"?: string; "due_date"?: string; "entity_id"?: string | null; "entry"?: PeriodEntry; "entry_at"?: string; "erased_sha256"?: string; "filed_at"?: string | null; "iban"?: string; "issue_date"?: string; "issuer_name"?: string; "issuer_tax_id"?: string; "kind"?: "invoice" | "receipt"; "number"?: string; "order_number"?: string; "paid"?: string; "payment_method"?: string; "payment_reference"?: string; "received_at"?: string; "recipient_name"?: string; "recipient_tax_id"?: string; "rounding"?: string; "source"?: Source; "subtotal"?: string; "tax"?: string; "taxes"?: Array<{ "amount"?: string; "base"?: string; "rate"?: string; "type"?: string }>; "tip"?: string; "total"?: string; "type"?: string; "version"?: number; "withheld"?: string };
export type Field = { "box"?: Array<number>; "confidence": number; "corrected_at"?: string; "corrected_by"?: string; "corrected_from"?: (string | Array<Entry>); "engine_version"?: string; "page"?: number; "printed"?: string; "rule"?: string; "source": FieldSource; "value": (string | Array<Entry>) };
export type FieldName = "type" | "issuer_name" | "issuer_legal_name" | "issuer_tax_id" | "recipient_name" | "recipient_tax_id" | "merchant_name" | "merchant_legal_name" | "merchant_tax_id" | "merchant_address" | "number" | "order_number" | "issue_date" | "due_date" | "date" | "time" | "currency" | "subtotal" | "discount" | "tip" | "tax" | "taxes" | "withheld" | "rounding" | "total" | "paid" | "amount_due" | "payment_method" | "payment_terms" | "payment_reference" | "iban" | "line_items" | "document_type" | "document_number" | "support_number" | "issuing_country" | "nationality" | "surname" | "given_names" | "birth_date" | "sex" | "expiry_date";
export type FieldSource = "xml" | "text" | "ocr" | "barcode" | "mrz" | "reviewer";

/** By the kind of the document; empty while it is withheld, unread, or of kind other. */
export type Fields = (InvoiceFields | ReceiptFields | IdFields);
export type IdFields = { "birth_date"?: Field; "document_number"?: Field; "document_type"?: Field; "expiry_date"?: Field; "given_names"?: Field; "issuing_country"?: Field; "nationality"?: Field; "sex"?: Field; "support_number"?: Field; "surname"?: Field };
export type Incident = { "acked_at"?: string | null; "acked_by"?: string | null; "count"?: number; "detail"?: Record<string, unknown>; "id"?: string; "kind"?: string; "last_seen_at"?: string; "messages"?: Array<string>; "opened_at"?: string; "resolved_at"?: string | null; "severity"?: Severity; "state"?: IncidentState; "subject"?: string };
export type IncidentRoute = { "again_after_secs"?: number; "enabled"?: boolean; "failures"?: number; "id"?: string; "kinds"?: Array<string>; "last_error"?: string | null; "medium"?: Medium; "min_severity"?: Severity; "name"?: string; "place"?: string; "secret_ref"?: string | null };
export type IncidentState = "open" | "acknowledged" | "resolved";
export type InvoiceFields = { "amount_due"?: Field; "currency"?: Field; "discount"?: Field; "due_date"?: Field; "iban"?: Field; "issue_date"?: Field; "issuer_legal_name"?: Field; "issuer_name"?: Field; "issuer_tax_id"?: Field; "line_items"?: Field; "number"?: Field; "order_number"?: Field; "paid"?: Field; "payment_reference"?: Field; "payment_terms"?: Field; "recipient_name"?: Field; "recipient_tax_id"?: Field; "rounding"?: Field; "subtotal"?: Field; "tax"?: Field; "taxes"?: Field; "total"?: Field; "type"?: Field; "withheld"?: Field };
export type Kind = "invoice" | "receipt" | "id" | "other";

/** received = filed + in_review + rejected + duplicate + processing, over the documents that the key may know of, received at or after from and before to */
export type Ledger = { "arrivals": (Arrivals | null); "balanced": boolean; "duplicate": number; "filed": number; "in_review": number; "processing": number; "received": number; "rejected": number };
export type LegalHold = { "at": string; "kind": ErasedKind; "placed_by": string; "reason": string; "subject": string };
export type ListedCaseState = "open" | "any" | "gathering" | "working" | "waiting" | "human" | "done" | "expired" | "stopped";
export type ListedContact = { "created_at"?: string; "customer_id"?: string | null; "id"?: string; "last_message_at"?: string | null; "name"?: string | null; "phone"?: string | null };
export type ListedStatus = "received" | "processing" | "filed" | "in_review" | "rejected" | "duplicate";
export type LostFile = { "at": string; "contact_id": string | null; "document_id": string | null; "kind": string; "message_id": string | null; "source": Source };
export type Medium = "webhook" | "email" | "slack";
export type Message = { "at"?: string; "document"?: { "id"?: string; "kind"?: string | null; "status"?: string; "withheld"?: boolean } | null; "error"?: string | null; "file"?: { "document_id"?: string | null; "filename"?: string | null; "id"?: string; "media_type"?: "image/jpeg" | "image/png" | "application/pdf" } | null; "id"?: string; "phone_number_id"?: string | null; "state"?: string | null; "text"?: string | null; "type"?: string; "way"?: Way };

/** queued = delivered + on_its_way + told + withdrawn, over the messages queued since the ledger began */
export type MessageLedger = { "balanced": boolean; "delivered": number; "on_its_way": number; "queued": number; "told": number; "withdrawn": number };
export type Missing = { "filed_undated": number; "held": number; "undated": number; "waiting": number; "withheld": number };
export type NewCustomer = { "emails"?: Array<string>; "external_id"?: string | null; "id_numbers"?: Array<string>; "name": string; "phones"?: Array<string>; "tax_ids"?: Array<string> };
export type NewEntity = { "accounts"?: Array<string>; "id"?: string | null; "name": string; "phone_number_ids"?: Array<string>; "tax_ids"?: Array<string> };

/** A line or a tax, as an Entry; what is not a member of one is not looked at. */
export type NewEntry = { "amount"?: string | null; "base"?: string | null; "box"?: Array<number> | null; "description"?: string | null; "page"?: number | null; "quantity"?: string | null; "rate"?: string | null; "tax"?: string | null; "type"?: string | null; "unit_price"?: string | null };
export type NewIncidentRoute = { "again_after_secs"?: number | null; "kinds"?: Array<string>; "medium": Medium; "min_severity"?: (Severity | null); "name": string; "secret_ref"?: string | null; "target": string };
export type NotedCase = { "answer_by"?: string | null; "assignee"?: string | null; "contact_id"?: string; "contact_name"?: string | null; "created_at"?: string; "documents"?: Array<string>; "due_at"?: string | null; "escalated_at"?: string | null; "expects"?: string | null; "id"?: string; "kind"?: CaseKind; "notes"?: Array<CaseNote>; "phone_number_id"?: string; "state"?: string; "subject"?: string; "team"?: string | null; "updated_at"?: string; "version"?: number; "window_closes_at"?: string | null };
export type Notice = { "batch"?: string | null; "buttons"?: Array<string>; "category"?: ConsentCategory; "contact_id"?: string; "created_at"?: string; "error"?: string | null; "expires_at"?: string; "header"?: string | null; "id"?: string; "idempotency_key"?: string; "language"?: string; "not_before"?: string | null; "params"?: Array<string>; "phone_number_id"?: string; "state"?: string; "template"?: string; "waits_for"?: string | null; "waits_until"?: string | null };
export type NoticesProgress = { "batch"?: string; "states"?: Record<string, number>; "total"?: number; "waits"?: Record<string, number> };
export type NoticesTaken = { "batch"?: string; "before"?: number; "queued"?: number; "refused"?: Array<{ "line"?: number; "why"?: string }> };
export type Obligation = { "amount"?: string | null; "contact_id"?: string | null; "created_at"?: string; "currency"?: string | null; "customer_id"?: string; "document_id"?: string | null; "due"?: string | null; "id"?: string; "number"?: string | null; "paid"?: string | null; "payments"?: Array<{ "amount"?: string | null; "came_amount"?: string | null; "came_currency"?: string | null; "decided_by"?: string | null; "document_id"?: string; "doubts"?: Array<string>; "needs_amount"?: boolean; "state"?: string }>; "promised_for"?: string | null; "reminders"?: number; "state"?: string; "withheld"?: boolean };
export type Part = { "as_it_came"?: boolean; "box"?: Array<number>; "first_page": number; "last_page": number };
export type Period = { "adjustments"?: Sums; "closed_at": string; "closed_by": string; "id": string; "late"?: Sums; "lines_sha256"?: string; "missing"?: Missing; "month": string; "sha256"?: string; "totals"?: Totals; "zone"?: string };
export type PeriodEntry = "late" | "reversal" | "restated";
export type PeriodPart = "rows" | "late" | "adjustments";
export type Problem = { "conflicts"?: Array<{ "customer_id": string; "member": string; "value": string }>; "detail": string; "help": string; "id"?: string; "status": number; "title": string; "type": ProblemType; "warnings"?: Array<{ "check": "required" | "date" | "sum" | "tax_id" | "iban" | "id_number" | "mrz" | "currency" | "reader"; "field"?: string; "message": string; "name": string }> };
export type ProblemType = "urn:acuse:problem:unauthorized" | "urn:acuse:problem:bad_signature" | "urn:acuse:problem:forbidden" | "urn:acuse:problem:withheld" | "urn:acuse:problem:bound" | "urn:acuse:problem:not_found" | "urn:acuse:problem:bad_request" | "urn:acuse:problem:unprocessable" | "urn:acuse:problem:conflict" | "urn:acuse:problem:precondition_required" | "urn:acuse:problem:stale" | "urn:acuse:problem:range_not_satisfiable" | "urn:acuse:problem:taken" | "urn:acuse:problem:foreign_cursor" | "urn:acuse:problem:unproven" | "urn:acuse:problem:too_large" | "urn:acuse:problem:unsupported_media_type" | "urn:acuse:problem:method_not_allowed" | "urn:acuse:problem:not_fetched" | "urn:acuse:problem:timeout" | "urn:acuse:problem:too_many_requests" | "urn:acuse:problem:rate_limited" | "urn:acuse:problem:busy" | "urn:acuse:problem:query_timeout" | "urn:acuse:problem:unavailable" | "urn:acuse:problem:internal";
export type Ready = { "parts": Array<{ "detail"?: string; "part": string; "state": string }>; "ready": boolean };
export type Reason = { "code": ReasonCode; "detail": Record<string, unknown>; "message": string };
export type ReasonCode = "unsupported_type" | "type_mismatch" | "corrupt" | "encrypted" | "too_large" | "decompression_bomb" | "active_content" | "malware" | "unreadable" | "low_confidence" | "not_a_document" | "multiple_documents" | "missing_fields" | "checks_failed" | "expired" | "unknown_customer" | "ambiguous_customer" | "possible_duplicate" | "media_unavailable" | "retries_exhausted";
export type ReceiptFields = { "currency"?: Field; "date"?: Field; "discount"?: Field; "line_items"?: Field; "merchant_address"?: Field; "merchant_legal_name"?: Field; "merchant_name"?: Field; "merchant_tax_id"?: Field; "number"?: Field; "payment_method"?: Field; "rounding"?: Field; "subtotal"?: Field; "tax"?: Field; "taxes"?: Field; "time"?: Field; "tip"?: Field; "total"?: Field; "type"?: Field };
export type Review = { "claim_expires_at": string | null; "claimed_by": string | null; "document": Document; "document_id": string; "id": string; "opened_at": string; "reasons": Array<Reason> };
export type Scope = "documents:read" | "documents:write" | "ids:read" | "reviews:write" | "reviews:mcp" | "messages:read" | "messages:write" | "customers:write" | "sandbox" | "erasure" | "admin";
export type Sensitivity = "open" | "id" | "unknown";
export type Severity = "info" | "warning" | "critical";
export type Sort = "received" | "-received" | "updated" | "-updated" | "document_date" | "-document_date" | "amount" | "-amount";
export type Source = "whatsapp" | "api" | "import";
export type Status = "received" | "processing" | "filed" | "in_review" | "rejected";
export type Sums = { "currencies": Record<string, { "rows": number; "tax": string; "total": string }>; "rows": number; "without_total": number };
export type TimelineEntry = { "at": string; "detail": Record<string, unknown>; "event": string; "stage": string | null };
export type Totals = { "complete": boolean; "currencies": Record<string, { "rows": number; "tax": string; "total": string }>; "filed_undated": number; "held": number; "rows": number; "undated": number; "waiting": number; "withheld": number; "without_total": number };
export type Verdict = "approve" | "correct" | "reject" | "ask_again" | "split" | "reopen" | "undo" | "retry" | "duplicate" | "postpone" | "assign";
export type Way = "in" | "out" | "echo";
export type WebhookDelivery = { "about"?: string | null; "attempts"?: number; "created_at"?: string; "id"?: string; "last_attempt_at"?: string | null; "last_error"?: string | null; "last_status"?: number | null; "next_attempt_at"?: string | null; "state"?: DeliveryState; "type"?: string };
export type WebhookEndpoint = { "created_at"?: string; "customers"?: Array<string>; "description"?: string; "disabled_reason"?: string | null; "document_kinds"?: Array<Kind>; "enabled"?: boolean; "failing_since"?: string | null; "id"?: string; "types"?: Array<string>; "url"?: string };
export type WebhookEndpointChange = { "customers"?: Array<string> | null; "description"?: string | null; "document_kinds"?: Array<Kind> | null; "enabled"?: boolean | null; "types"?: Array<EventKind> | null; "url"?: string | null };
