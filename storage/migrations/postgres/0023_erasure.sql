-- The key file that objects are sealed by, as the catalog knows it; what was erased, and what may not be.
CREATE TABLE key_file (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    fingerprint TEXT NOT NULL,
    since BIGINT NOT NULL
);

-- The row stays, without what it said: the ledgers count it.
ALTER TABLE documents ADD COLUMN erased_at BIGINT;
CREATE INDEX documents_erased ON documents (erased_at) WHERE erased_at IS NOT NULL;
-- The oldest that are still whole: where a retention begins.
CREATE INDEX documents_whole ON documents (received_at, id) WHERE erased_at IS NULL AND stage = 'done';

-- Receipts. They quote nothing of what was erased.
CREATE TABLE erasures (
    id UUID PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('document', 'contact', 'customer')),
    subject UUID NOT NULL,
    cause TEXT NOT NULL CHECK (cause IN ('request', 'retention', 'restore')),
    erased_by TEXT NOT NULL,
    at BIGINT NOT NULL,
    counts TEXT NOT NULL,
    -- When keys, objects and what the database still had of it were gone.
    finished_at BIGINT
);
CREATE INDEX erasures_at ON erasures (at, id);
CREATE INDEX erasures_subject ON erasures (subject, at);
CREATE INDEX erasures_open ON erasures (at) WHERE finished_at IS NULL;
-- Documents whose keys and objects an erasure has yet to delete.
CREATE TABLE erasure_documents (
    erasure_id UUID NOT NULL REFERENCES erasures (id),
    document_id UUID NOT NULL REFERENCES documents (id),
    PRIMARY KEY (erasure_id, document_id)
);

-- What neither an erasure nor a retention may touch.
CREATE TABLE legal_holds (
    kind TEXT NOT NULL CHECK (kind IN ('document', 'contact', 'customer')),
    subject UUID NOT NULL,
    reason TEXT NOT NULL,
    placed_by TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (kind, subject)
);

-- Of a frozen line that was erased: the hash of what it was. The month's own hash is over all of them as they were.
ALTER TABLE period_rows ADD COLUMN erased_sha256 BYTEA;

-- What is emptied with a document, or still needs it, is found without looking through all there is.
CREATE INDEX events_document ON events (document_id);
CREATE INDEX outbox_document ON outbox (document_id);
CREATE INDEX idempotency_keys_document ON idempotency_keys (document_id);
CREATE INDEX webhook_deliveries_of ON webhook_deliveries (about);
CREATE INDEX documents_copies ON documents (duplicate_of) WHERE duplicate_of IS NOT NULL;
