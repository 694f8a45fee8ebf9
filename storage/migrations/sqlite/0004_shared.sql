-- The shared tables of the channel, the conversation and of who may see what. Times are microseconds since 1970 UTC.

-- Who we are: the firms whose papers these are.
CREATE TABLE entities (
    id BLOB PRIMARY KEY,
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 500),
    tax_ids TEXT NOT NULL DEFAULT '[]',
    accounts TEXT NOT NULL DEFAULT '[]',
    phone_number_ids TEXT NOT NULL DEFAULT '[]',
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- Only what is `open` is seen without `ids:read`; what nobody vouched for is `unknown`.
ALTER TABLE documents ADD COLUMN sensitivity TEXT NOT NULL DEFAULT 'unknown'
    CHECK (sensitivity IN ('open', 'id', 'unknown'));
-- For whom a document in review waits.
ALTER TABLE documents ADD COLUMN waits_for TEXT
    CHECK (waits_for IN ('reviewer', 'second_reviewer', 'approver', 'sender', 'customer'));
ALTER TABLE documents ADD COLUMN entity_id BLOB REFERENCES entities (id);
ALTER TABLE documents ADD COLUMN direction TEXT CHECK (direction IN ('payable', 'receivable'));
UPDATE documents SET waits_for = 'reviewer' WHERE status = 'in_review';

-- The numbers we serve. Pauses have a direction: what may not be sent may still be fetched.
CREATE TABLE numbers (
    phone_number_id TEXT PRIMARY KEY,
    waba_id TEXT,
    token_ref TEXT NOT NULL DEFAULT 'default',
    media_retention_secs BIGINT NOT NULL DEFAULT 604800,
    rate_per_s BIGINT NOT NULL DEFAULT 80 CHECK (rate_per_s > 0),
    rate_paid_at BIGINT NOT NULL DEFAULT 0,
    fetch_paused BOOLEAN NOT NULL DEFAULT FALSE,
    send_paused BOOLEAN NOT NULL DEFAULT FALSE,
    reason TEXT,
    since BIGINT,
    quality TEXT,
    tier TEXT,
    last_webhook_at BIGINT
);

-- Meta's 24 hours, by Meta's clock, a contact and a number.
CREATE TABLE windows (
    contact_id BLOB NOT NULL REFERENCES contacts (id),
    phone_number_id TEXT NOT NULL,
    last_inbound_at BIGINT NOT NULL,
    pair_paid_at BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (contact_id, phone_number_id)
);

-- Append-only: it answers since when and by what.
CREATE TABLE consents (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    contact_id BLOB NOT NULL REFERENCES contacts (id),
    phone_number_id TEXT NOT NULL,
    category TEXT NOT NULL CHECK (category IN ('marketing', 'utility', 'privacy', 'billing')),
    state TEXT NOT NULL CHECK (state IN ('granted', 'withdrawn', 'told')),
    source TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX consents_contact ON consents (contact_id, phone_number_id, category, seq);

CREATE TABLE templates (
    waba_id TEXT NOT NULL,
    name TEXT NOT NULL,
    language TEXT NOT NULL,
    category TEXT NOT NULL,
    status TEXT NOT NULL,
    quality TEXT,
    body_sha256 BLOB,
    rejected_reason TEXT,
    paused_until BIGINT,
    synced_at BIGINT NOT NULL,
    PRIMARY KEY (waba_id, name, language)
);

-- One open matter between a contact and one of our numbers.
CREATE TABLE cases (
    id BLOB PRIMARY KEY,
    contact_id BLOB NOT NULL REFERENCES contacts (id),
    phone_number_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('documents', 'ask', 'approval', 'collection', 'notice', 'support')),
    subject TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL CHECK (state IN ('gathering', 'working', 'waiting', 'human', 'done', 'expired', 'stopped')),
    expects TEXT,
    due_at BIGINT,
    step TEXT,
    policy TEXT,
    policy_version BIGINT,
    team TEXT,
    assignee TEXT,
    hold_until BIGINT,
    version BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX cases_open ON cases (contact_id, phone_number_id, kind, subject)
    WHERE state IN ('gathering', 'working', 'waiting', 'human');
CREATE INDEX cases_due ON cases (due_at) WHERE due_at IS NOT NULL;
CREATE TABLE case_documents (
    case_id BLOB NOT NULL REFERENCES cases (id),
    document_id BLOB NOT NULL REFERENCES documents (id),
    role TEXT NOT NULL,
    PRIMARY KEY (case_id, document_id, role)
);
CREATE INDEX case_documents_document ON case_documents (document_id);

-- What is wrong, until it is not. Alerts become incidents.
CREATE TABLE incidents (
    id BLOB PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL DEFAULT '',
    severity TEXT NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    state TEXT NOT NULL CHECK (state IN ('open', 'acknowledged', 'resolved')),
    detail TEXT NOT NULL DEFAULT '{}',
    opened_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    acked_by TEXT,
    acked_at BIGINT,
    resolved_at BIGINT,
    count BIGINT NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX incidents_live ON incidents (kind, subject) WHERE state <> 'resolved';
CREATE INDEX incidents_order ON incidents (opened_at, id);
CREATE TABLE incident_routes (
    id BLOB PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    medium TEXT NOT NULL CHECK (medium IN ('webhook', 'email', 'slack')),
    target TEXT NOT NULL,
    secret_ref TEXT,
    kinds TEXT NOT NULL DEFAULT '[]',
    min_severity TEXT NOT NULL DEFAULT 'warning' CHECK (min_severity IN ('info', 'warning', 'critical')),
    again_after_secs BIGINT NOT NULL DEFAULT 1800,
    enabled BOOLEAN NOT NULL DEFAULT TRUE,
    created_at BIGINT NOT NULL
);
CREATE TABLE incident_deliveries (
    id BLOB PRIMARY KEY,
    incident_id BLOB NOT NULL REFERENCES incidents (id),
    route_id BLOB NOT NULL REFERENCES incident_routes (id),
    what TEXT NOT NULL CHECK (what IN ('opened', 'reminder', 'resolved', 'test')),
    state TEXT NOT NULL CHECK (state IN ('queued', 'delivered', 'failed')),
    attempts BIGINT NOT NULL DEFAULT 0,
    next_attempt_at BIGINT,
    error TEXT,
    created_at BIGINT NOT NULL,
    delivered_at BIGINT
);
CREATE INDEX incident_deliveries_queued ON incident_deliveries (next_attempt_at) WHERE state = 'queued';

-- Blind samples of what was filed by itself; outside reviews and ledger.
CREATE TABLE quality_checks (
    id BLOB PRIMARY KEY,
    document_id BLOB NOT NULL REFERENCES documents (id),
    document_version BIGINT NOT NULL,
    drawn_at BIGINT NOT NULL,
    checked_by TEXT,
    checked_at BIGINT,
    agrees BOOLEAN,
    answer TEXT,
    UNIQUE (document_id, document_version)
);

CREATE TABLE obligations (
    id BLOB PRIMARY KEY,
    customer_id BLOB NOT NULL REFERENCES customers (id),
    number TEXT NOT NULL,
    amount TEXT NOT NULL,
    currency TEXT NOT NULL,
    due TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'held', 'paid', 'cancelled')),
    paid TEXT NOT NULL DEFAULT '0',
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (customer_id, number)
);
CREATE TABLE approvals (
    id BLOB PRIMARY KEY,
    document_id BLOB REFERENCES documents (id),
    case_id BLOB REFERENCES cases (id),
    state TEXT NOT NULL CHECK (state IN ('asked', 'approved', 'refused', 'expired')),
    approver TEXT,
    due_at BIGINT,
    decided_at BIGINT,
    created_at BIGINT NOT NULL
);
CREATE TABLE notices (
    id BLOB PRIMARY KEY,
    contact_id BLOB NOT NULL REFERENCES contacts (id),
    phone_number_id TEXT NOT NULL,
    template TEXT NOT NULL,
    language TEXT NOT NULL,
    params TEXT NOT NULL DEFAULT '[]',
    idempotency_key TEXT NOT NULL UNIQUE,
    not_before BIGINT,
    expires_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- What came, counted at the door and never from the table that it checks.
CREATE TABLE arrivals (
    day TEXT NOT NULL,
    phone_number_id TEXT NOT NULL,
    source TEXT NOT NULL,
    files BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (day, phone_number_id, source)
);

-- SQLite cannot change a CHECK: the table is made anew. Nothing refers to it.
CREATE TABLE reviews_anew (
    id BLOB PRIMARY KEY,
    document_id BLOB NOT NULL REFERENCES documents (id),
    stage TEXT NOT NULL,
    reasons TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    claimed_by TEXT,
    claim_expires_at BIGINT,
    resolved_at BIGINT,
    resolved_by TEXT,
    resolution TEXT CHECK (resolution IN ('approved', 'corrected', 'rejected', 'asked_again', 'rematched', 'split',
        'duplicate', 'retried', 'undone')),
    note TEXT
);
INSERT INTO reviews_anew (id, document_id, stage, reasons, opened_at, claimed_by, claim_expires_at, resolved_at,
    resolved_by, resolution, note)
SELECT id, document_id, stage, reasons, opened_at, claimed_by, claim_expires_at, resolved_at, resolved_by, resolution,
    note FROM reviews;
DROP TABLE reviews;
ALTER TABLE reviews_anew RENAME TO reviews;
CREATE UNIQUE INDEX reviews_open ON reviews (document_id) WHERE resolved_at IS NULL;
CREATE INDEX reviews_queue ON reviews (id) WHERE resolved_at IS NULL;
CREATE INDEX reviews_document ON reviews (document_id);
