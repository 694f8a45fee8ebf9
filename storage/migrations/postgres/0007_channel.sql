-- The way back: every message ends delivered, on its way, withdrawn, or in front of a person.

-- From when on the ledger of the messages counts.
CREATE TABLE marks (
    name TEXT PRIMARY KEY,
    at BIGINT NOT NULL
);
INSERT INTO marks (name, at) VALUES ('message_ledger_from', (CAST(EXTRACT(EPOCH FROM now()) AS BIGINT) * 1000000));

-- When the probe that may end a pause is due, and how many have failed.
ALTER TABLE numbers ADD COLUMN fetch_probe_at BIGINT;
ALTER TABLE numbers ADD COLUMN fetch_probes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE numbers ADD COLUMN send_probe_at BIGINT;
ALTER TABLE numbers ADD COLUMN send_probes BIGINT NOT NULL DEFAULT 0;
INSERT INTO numbers (phone_number_id, last_webhook_at)
SELECT phone_number_id, MAX(received_at) FROM messages WHERE phone_number_id <> '' GROUP BY phone_number_id;

-- Windows from the messages that came, by Meta's clock.
INSERT INTO windows (contact_id, phone_number_id, last_inbound_at)
SELECT contact_id, phone_number_id, MAX(sent_at) FROM messages
WHERE direction = 'in' AND contact_id IS NOT NULL GROUP BY contact_id, phone_number_id;
ALTER TABLE contacts DROP COLUMN last_inbound_at;
ALTER TABLE contacts ADD COLUMN unreachable_at BIGINT;

ALTER TABLE outbox DROP CONSTRAINT outbox_document_id_purpose_key;
ALTER TABLE outbox DROP CONSTRAINT outbox_state_check;
ALTER TABLE outbox ADD CONSTRAINT outbox_state_check CHECK (state IN ('queued', 'sending', 'sent', 'unknown', 'refused',
    'delivered', 'failed', 'window_closed', 'withdrawn'));
ALTER TABLE outbox ADD COLUMN case_id UUID REFERENCES cases (id);
ALTER TABLE outbox ADD COLUMN step TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN nonce TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN kind TEXT NOT NULL DEFAULT 'text'
    CHECK (kind IN ('text', 'template', 'buttons', 'media'));
ALTER TABLE outbox ADD COLUMN payload TEXT NOT NULL DEFAULT '{}';
ALTER TABLE outbox ADD COLUMN category TEXT;
ALTER TABLE outbox ADD COLUMN priority BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN not_before BIGINT;
ALTER TABLE outbox ADD COLUMN expires_at BIGINT;
ALTER TABLE outbox ADD COLUMN supersedes UUID;
ALTER TABLE outbox ADD COLUMN status_rank BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN error_code BIGINT;
ALTER TABLE outbox ADD COLUMN sent_at BIGINT;
DROP INDEX outbox_contact;
DROP INDEX outbox_wamid;
CREATE UNIQUE INDEX outbox_key ON outbox (COALESCE(case_id, document_id), step, purpose, nonce);
CREATE INDEX outbox_contact ON outbox (contact_id, seq) WHERE state IN ('queued', 'sending', 'unknown', 'refused');
CREATE INDEX outbox_wamid ON outbox (wamid);
CREATE INDEX outbox_sent ON outbox (sent_at) WHERE state IN ('sent', 'unknown');
CREATE INDEX outbox_created ON outbox (created_at);
UPDATE outbox SET status_rank = COALESCE((SELECT MAX(s.rank) FROM message_statuses s WHERE s.wamid = outbox.wamid), 0)
WHERE wamid IS NOT NULL;
UPDATE outbox SET state = 'delivered' WHERE status_rank >= 3;
UPDATE outbox SET sent_at = updated_at WHERE state IN ('sent', 'unknown', 'delivered');

-- Alerts become incidents.
INSERT INTO incidents (id, kind, subject, severity, state, opened_at, last_seen_at, count)
SELECT gen_random_uuid(), kind, detail, 'warning', 'open', first_seen, last_seen, count FROM alerts WHERE resolved_at IS NULL;
DROP TABLE alerts;

-- Which messages an incident tells a person of.
CREATE TABLE incident_messages (
    incident_id UUID NOT NULL REFERENCES incidents (id),
    outbox_id UUID NOT NULL REFERENCES outbox (id),
    PRIMARY KEY (incident_id, outbox_id)
);
CREATE INDEX incident_messages_outbox ON incident_messages (outbox_id);

-- What was not sent before is not sent now: one incident lists it.
INSERT INTO incidents (id, kind, subject, severity, state, opened_at, last_seen_at, count)
SELECT gen_random_uuid(), 'messages_left_unsent', 'upgrade', 'warning', 'open', (CAST(EXTRACT(EPOCH FROM now()) AS BIGINT) * 1000000), (CAST(EXTRACT(EPOCH FROM now()) AS BIGINT) * 1000000), COUNT(*) FROM outbox
WHERE state IN ('queued', 'sending', 'unknown', 'failed', 'window_closed') HAVING COUNT(*) > 0;
INSERT INTO incident_messages (incident_id, outbox_id)
SELECT i.id, o.id FROM outbox o JOIN incidents i ON i.kind = 'messages_left_unsent' AND i.subject = 'upgrade'
WHERE o.state IN ('queued', 'sending', 'unknown', 'failed', 'window_closed');
UPDATE outbox SET state = 'failed', error = COALESCE(error, 'left unsent by an older version'), next_attempt_at = NULL,
    lease_until = NULL WHERE state IN ('queued', 'sending', 'unknown');

-- Who was asked for another file in the last 30 days is still awaited.
INSERT INTO reviews (id, document_id, stage, reasons, opened_at)
SELECT gen_random_uuid(), d.id, r.stage, r.reasons, r.resolved_at FROM documents d JOIN reviews r ON r.document_id = d.id
WHERE d.status = 'rejected' AND d.duplicate_of IS NULL AND r.resolution = 'asked_again'
    AND r.resolved_at > (CAST(EXTRACT(EPOCH FROM now()) AS BIGINT) * 1000000) - 2592000000000
    AND r.id = (SELECT l.id FROM reviews l WHERE l.document_id = d.id ORDER BY l.opened_at DESC, l.id DESC LIMIT 1);
UPDATE documents SET status = 'in_review', waits_for = 'sender', version = version + 1,
    reasons = (SELECT r.reasons FROM reviews r WHERE r.document_id = documents.id AND r.resolved_at IS NULL)
WHERE status = 'rejected' AND id IN (SELECT r.document_id FROM reviews r WHERE r.resolved_at IS NULL);

-- The same bytes of two senders were taken for the first one's, with his customer: a person decides.
INSERT INTO reviews (id, document_id, stage, reasons, opened_at)
SELECT gen_random_uuid(), d.id, 'link', '[{"code":"possible_duplicate","message":"The very same file came before, from another sender.","detail":{"candidates":[{"document_id":"' || f.id || '","same_bytes":true,"other_sender":true,"contact_id":"' || f.contact_id || '"}],"contact_id":"' || d.contact_id || '"}}]', (CAST(EXTRACT(EPOCH FROM now()) AS BIGINT) * 1000000)
FROM documents d JOIN documents f ON f.id = d.duplicate_of
WHERE d.contact_id <> f.contact_id AND d.original_sha256 = f.original_sha256;
UPDATE documents SET status = 'in_review', duplicate_of = NULL, customer_id = NULL, filed_at = NULL,
    waits_for = 'reviewer', version = version + 1,
    reasons = (SELECT r.reasons FROM reviews r WHERE r.document_id = documents.id AND r.resolved_at IS NULL)
WHERE duplicate_of IS NOT NULL AND id IN (SELECT r.document_id FROM reviews r WHERE r.resolved_at IS NULL);
