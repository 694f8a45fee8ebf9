-- Times are microseconds since 1970 UTC, ids are UUIDs, JSON is text. The words of every closed list are
-- checked here too, so that a row nobody can read is refused when it is written.

CREATE TABLE deliveries (
    id UUID PRIMARY KEY,
    received_at BIGINT NOT NULL,
    signed_with TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('understood', 'partly', 'not_understood')),
    sha256 BYTEA NOT NULL,
    body BYTEA NOT NULL
);
CREATE INDEX deliveries_received ON deliveries (received_at);

CREATE TABLE alerts (
    kind TEXT NOT NULL,
    detail TEXT NOT NULL,
    count BIGINT NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    resolved_at BIGINT,
    PRIMARY KEY (kind, detail)
);

CREATE TABLE customers (
    id UUID PRIMARY KEY,
    external_id TEXT UNIQUE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE TABLE customer_aliases (
    customer_id UUID NOT NULL REFERENCES customers (id),
    kind TEXT NOT NULL CHECK (kind IN ('phone', 'email', 'tax_id', 'id_number')),
    value TEXT NOT NULL,
    PRIMARY KEY (kind, value, customer_id)
);
CREATE INDEX customer_aliases_customer ON customer_aliases (customer_id);

CREATE TABLE contacts (
    id UUID PRIMARY KEY,
    phone TEXT,
    name TEXT,
    language TEXT,
    customer_id UUID REFERENCES customers (id),
    phone_number_id TEXT,
    last_inbound_at BIGINT,
    merged_into UUID REFERENCES contacts (id),
    reply_task_id TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE TABLE contact_aliases (
    kind TEXT NOT NULL CHECK (kind IN ('wa_id', 'bsuid', 'parent_bsuid', 'api')),
    value TEXT NOT NULL CHECK (length(value) BETWEEN 1 AND 256),
    contact_id UUID NOT NULL REFERENCES contacts (id),
    PRIMARY KEY (kind, value)
);
CREATE INDEX contact_aliases_contact ON contact_aliases (contact_id);

CREATE TABLE messages (
    id UUID PRIMARY KEY,
    delivery_id UUID REFERENCES deliveries (id),
    contact_id UUID REFERENCES contacts (id),
    phone_number_id TEXT NOT NULL,
    wamid TEXT NOT NULL CHECK (length(wamid) BETWEEN 1 AND 512),
    direction TEXT NOT NULL CHECK (direction IN ('in', 'out', 'echo')),
    type TEXT NOT NULL,
    sent_at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    body TEXT,
    reply_to TEXT,
    raw TEXT NOT NULL,
    UNIQUE (phone_number_id, wamid)
);
CREATE INDEX messages_contact ON messages (contact_id, sent_at);

CREATE TABLE message_statuses (
    wamid TEXT NOT NULL CHECK (length(wamid) BETWEEN 1 AND 512),
    status TEXT NOT NULL,
    recipient TEXT NOT NULL,
    rank BIGINT NOT NULL,
    at BIGINT NOT NULL,
    error_code BIGINT,
    error TEXT,
    raw TEXT NOT NULL,
    PRIMARY KEY (wamid, status, recipient)
);

CREATE TABLE documents (
    id UUID PRIMARY KEY,
    contact_id UUID REFERENCES contacts (id),
    message_id UUID UNIQUE REFERENCES messages (id),
    source TEXT NOT NULL CHECK (source IN ('whatsapp', 'api', 'import')),
    phone_number_id TEXT,
    media_id TEXT,
    declared_type TEXT,
    declared_filename TEXT,
    caption TEXT,
    declared_sha256 BYTEA,
    sent_at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    media_deadline BIGINT,
    status TEXT NOT NULL CHECK (status IN ('received', 'processing', 'filed', 'in_review', 'rejected')),
    stage TEXT NOT NULL CHECK (stage IN ('fetch', 'read', 'link', 'done')),
    attempts BIGINT NOT NULL DEFAULT 0,
    next_attempt_at BIGINT,
    last_error TEXT,
    task_id TEXT,
    original_key TEXT,
    original_sha256 BYTEA,
    original_bytes BIGINT,
    pages TEXT NOT NULL DEFAULT '[]',
    thumbnail_key TEXT,
    media_type TEXT,
    page_count BIGINT,
    kind TEXT CHECK (kind IN ('invoice', 'receipt', 'id', 'other')),
    confidence DOUBLE PRECISION,
    language TEXT,
    fields TEXT NOT NULL DEFAULT '{}',
    text TEXT,
    fingerprint BIGINT,
    notes TEXT NOT NULL DEFAULT '[]',
    findings TEXT NOT NULL DEFAULT '[]',
    reasons TEXT NOT NULL DEFAULT '[]',
    awaits_customer BOOLEAN NOT NULL DEFAULT FALSE,
    customer_id UUID REFERENCES customers (id),
    duplicate_of UUID REFERENCES documents (id),
    party TEXT,
    number TEXT,
    doc_date TEXT,
    total TEXT,
    currency TEXT,
    search TEXT,
    version BIGINT NOT NULL DEFAULT 0,
    filed_at BIGINT,
    updated_at BIGINT NOT NULL,
    -- A document is either on its road or at rest, never both and never neither.
    CHECK ((status IN ('received', 'processing')) = (stage <> 'done')),
    CHECK (duplicate_of IS NULL OR status = 'filed')
);
CREATE INDEX documents_status ON documents (status, id);
CREATE INDEX documents_received ON documents (received_at);
CREATE INDEX documents_customer ON documents (customer_id, id);
CREATE INDEX documents_contact ON documents (contact_id);
CREATE INDEX documents_sha256 ON documents (original_sha256);
CREATE INDEX documents_fingerprint ON documents (fingerprint);
CREATE INDEX documents_number ON documents (number, party);
CREATE INDEX documents_total ON documents (doc_date, total);
CREATE INDEX documents_moving ON documents (stage, updated_at) WHERE stage <> 'done';
CREATE INDEX documents_waiting ON documents (id) WHERE awaits_customer;

CREATE TABLE reviews (
    id UUID PRIMARY KEY,
    document_id UUID NOT NULL REFERENCES documents (id),
    stage TEXT NOT NULL,
    reasons TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    claimed_by TEXT,
    claim_expires_at BIGINT,
    resolved_at BIGINT,
    resolved_by TEXT,
    resolution TEXT CHECK (resolution IN ('approved', 'corrected', 'rejected', 'asked_again', 'rematched')),
    note TEXT
);
CREATE UNIQUE INDEX reviews_open ON reviews (document_id) WHERE resolved_at IS NULL;
CREATE INDEX reviews_queue ON reviews (id) WHERE resolved_at IS NULL;
CREATE INDEX reviews_document ON reviews (document_id);

CREATE TABLE timeline (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    document_id UUID REFERENCES documents (id),
    contact_id UUID REFERENCES contacts (id),
    at BIGINT NOT NULL,
    stage TEXT,
    event TEXT NOT NULL,
    detail TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX timeline_document ON timeline (document_id, seq);
CREATE INDEX timeline_contact ON timeline (contact_id, seq);

CREATE TABLE outbox (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id UUID NOT NULL UNIQUE,
    document_id UUID REFERENCES documents (id),
    contact_id UUID NOT NULL REFERENCES contacts (id),
    purpose TEXT NOT NULL,
    phone_number_id TEXT,
    body TEXT NOT NULL,
    language TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'unknown', 'failed', 'window_closed')),
    wamid TEXT,
    attempts BIGINT NOT NULL DEFAULT 0,
    next_attempt_at BIGINT,
    lease_until BIGINT,
    error TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (document_id, purpose)
);
CREATE INDEX outbox_contact ON outbox (contact_id, seq) WHERE state IN ('queued', 'sending', 'unknown');
CREATE INDEX outbox_wamid ON outbox (wamid);

CREATE TABLE api_keys (
    id UUID PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    sha256 BYTEA NOT NULL UNIQUE,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE TABLE users (
    id UUID PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('reviewer', 'admin')),
    created_at BIGINT NOT NULL
);
CREATE TABLE sessions (
    sha256 BYTEA PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE TABLE idempotency_keys (
    api_key_id UUID NOT NULL REFERENCES api_keys (id),
    key TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    request_sha256 BYTEA NOT NULL,
    document_id UUID NOT NULL REFERENCES documents (id),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (api_key_id, key)
);

-- The change feed is read in the order (tx, seq), up to the oldest transaction still open: a row of a transaction
-- that commits late has a tx at or above that horizon, so no reader can step over it (see events.rs).
CREATE TABLE events (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tx BIGINT NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    document_id UUID,
    data TEXT NOT NULL
);

CREATE TABLE audit (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    document_id UUID,
    detail TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_document ON audit (document_id, seq);

CREATE TABLE channel_state (
    name TEXT PRIMARY KEY,
    paused BOOLEAN NOT NULL,
    reason TEXT NOT NULL,
    since BIGINT NOT NULL
);
CREATE INDEX events_order ON events (tx, seq);
