-- A file that holds several documents is that many rows. The first keeps the row of the file; the others name it.
ALTER TABLE documents ADD COLUMN part TEXT;
ALTER TABLE documents ADD COLUMN part_of BLOB REFERENCES documents (id) CHECK (part_of IS NULL OR part IS NOT NULL);
CREATE INDEX documents_part_of ON documents (part_of) WHERE part_of IS NOT NULL;

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
    resolution TEXT CHECK (resolution IN ('approved', 'corrected', 'rejected', 'asked_again', 'rematched', 'split')),
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
