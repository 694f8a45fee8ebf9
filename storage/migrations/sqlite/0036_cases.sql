-- Cases live: what each remembers of its own steps, its timer's task, and whom it has yet to show that we have it.
ALTER TABLE cases ADD COLUMN memory TEXT NOT NULL DEFAULT '{}';
ALTER TABLE cases ADD COLUMN task_id TEXT;
ALTER TABLE cases ADD COLUMN task_at BIGINT;
ALTER TABLE cases ADD COLUMN nod TEXT;
ALTER TABLE cases ADD COLUMN closed_at BIGINT;
CREATE INDEX cases_contact ON cases (contact_id, phone_number_id, kind);

-- What its sender is told of a document, when it came to rest, and when that was said.
ALTER TABLE case_documents ADD COLUMN told TEXT;
ALTER TABLE case_documents ADD COLUMN rested_at BIGINT;
ALTER TABLE case_documents ADD COLUMN told_at BIGINT;

-- The document that a file was taken for the answer about, and the files that stood in the place of a later one.
ALTER TABLE documents ADD COLUMN answers BLOB REFERENCES documents (id);
CREATE TABLE document_versions (
    document_id BLOB NOT NULL REFERENCES documents (id),
    version BIGINT NOT NULL,
    original_key TEXT NOT NULL,
    original_sha256 BLOB NOT NULL,
    original_bytes BIGINT NOT NULL,
    media_type TEXT,
    pages TEXT NOT NULL DEFAULT '[]',
    thumbnail_key TEXT,
    replaced_by BLOB NOT NULL REFERENCES documents (id),
    replaced_at BIGINT NOT NULL,
    PRIMARY KEY (document_id, version)
);
CREATE INDEX document_versions_sha256 ON document_versions (original_sha256);

-- Who is awaited today has a case from now on: no reminder, and in a week a person looks.
INSERT INTO cases (id, contact_id, phone_number_id, kind, subject, state, expects, due_at, memory, policy,
    policy_version, created_at, updated_at)
SELECT randomblob(16), d.contact_id, d.phone_number_id, 'ask', lower(substr(hex(d.id),1,8)||'-'||substr(hex(d.id),9,4)||'-'||substr(hex(d.id),13,4)||'-'||substr(hex(d.id),17,4)||'-'||substr(hex(d.id),21)), 'waiting', 'file', (CAST(strftime('%s','now') AS INTEGER) * 1000000) + 604800000000,
    '{"turns":99}', 'ask', 1, (CAST(strftime('%s','now') AS INTEGER) * 1000000), (CAST(strftime('%s','now') AS INTEGER) * 1000000)
FROM documents d WHERE d.status = 'in_review' AND d.waits_for = 'sender' AND d.contact_id IS NOT NULL
    AND d.phone_number_id IS NOT NULL AND d.erased_at IS NULL;
INSERT INTO case_documents (case_id, document_id, role)
SELECT c.id, d.id, 'asked' FROM cases c JOIN documents d ON c.subject = lower(substr(hex(d.id),1,8)||'-'||substr(hex(d.id),9,4)||'-'||substr(hex(d.id),13,4)||'-'||substr(hex(d.id),17,4)||'-'||substr(hex(d.id),21)) WHERE c.kind = 'ask';
