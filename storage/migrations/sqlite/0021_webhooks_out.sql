-- Webhooks out: an endpoint is a cursor of the feed and a URL; beside the cursor stand the events on their way.
CREATE TABLE webhook_endpoints (
    id BLOB PRIMARY KEY,
    url TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    -- It signs, so it must be known; during a change the old one signs too.
    secret TEXT NOT NULL,
    previous_secret TEXT,
    previous_until BIGINT,
    -- Types of events, kinds of documents, customers; all when empty.
    types TEXT NOT NULL DEFAULT '[]',
    document_kinds TEXT NOT NULL DEFAULT '[]',
    customers TEXT NOT NULL DEFAULT '[]',
    -- It sees what the key sees that made it.
    key_id BLOB NOT NULL REFERENCES api_keys (id),
    enabled BOOLEAN NOT NULL DEFAULT TRUE,
    disabled_reason TEXT,
    -- After this event, in the feed's order.
    epoch BIGINT NOT NULL,
    tx BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    -- Since when nothing was taken, while something was tried.
    failing_since BIGINT,
    lease_until BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL
);
CREATE TABLE webhook_deliveries (
    id BLOB PRIMARY KEY,
    endpoint_id BLOB NOT NULL REFERENCES webhook_endpoints (id),
    epoch BIGINT NOT NULL,
    tx BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    -- The document, or the customer: what is about the same thing arrives in order.
    about BLOB,
    type TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'delivered', 'undelivered', 'withheld')),
    attempts BIGINT NOT NULL DEFAULT 0,
    next_attempt_at BIGINT NOT NULL,
    first_attempt_at BIGINT,
    last_attempt_at BIGINT,
    last_status BIGINT,
    last_error TEXT,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX webhook_deliveries_event ON webhook_deliveries (endpoint_id, epoch, tx, seq);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint_id, next_attempt_at) WHERE state = 'queued';
CREATE INDEX webhook_deliveries_about ON webhook_deliveries (endpoint_id, about, epoch, tx, seq) WHERE state = 'queued';
CREATE INDEX webhook_deliveries_lost ON webhook_deliveries (endpoint_id) WHERE state = 'undelivered';
CREATE INDEX webhook_deliveries_old ON webhook_deliveries (created_at) WHERE state <> 'queued';
