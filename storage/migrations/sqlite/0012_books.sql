-- What is in the books, in the order an export asks for it. What stands apart below is what an export counts.
CREATE INDEX documents_books ON documents (doc_date, id) WHERE status = 'filed' AND duplicate_of IS NULL;
CREATE INDEX documents_books_received ON documents (received_at, id) WHERE status = 'filed' AND duplicate_of IS NULL;
CREATE INDEX documents_books_withheld ON documents (received_at)
    WHERE status = 'filed' AND duplicate_of IS NULL AND sensitivity <> 'open';

-- Months that were closed. Their rows never change; the hash is over their lines, in order.
CREATE TABLE periods (
    id BLOB PRIMARY KEY,
    month TEXT NOT NULL UNIQUE CHECK (length(month) = 7),
    closed_at INTEGER NOT NULL,
    closed_by TEXT NOT NULL,
    totals TEXT NOT NULL,
    sha256 BLOB NOT NULL
);
CREATE TABLE period_rows (
    period_id BLOB NOT NULL REFERENCES periods (id),
    position INTEGER NOT NULL,
    document_id BLOB NOT NULL,
    line TEXT NOT NULL,
    PRIMARY KEY (period_id, position)
);
CREATE UNIQUE INDEX period_rows_document ON period_rows (document_id, period_id);
-- What became of a document of a closed month afterwards: taken back (`was`), and said anew (`becomes`).
CREATE TABLE period_adjustments (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    period_id BLOB NOT NULL REFERENCES periods (id),
    document_id BLOB NOT NULL,
    at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    was TEXT,
    becomes TEXT
);
CREATE INDEX period_adjustments_period ON period_adjustments (period_id, seq);
CREATE INDEX period_adjustments_document ON period_adjustments (document_id, period_id, seq);

-- The audit trail becomes a chain. Details stand apart, so that one can be erased while its line and the chain stay; a
-- line has a salted hash of its detail. The first seal covers what is there; the hashes of before are made then.
CREATE TABLE audit_details (
    id BLOB PRIMARY KEY,
    salt BLOB NOT NULL,
    detail TEXT NOT NULL
);
ALTER TABLE audit ADD COLUMN detail_id BLOB;
ALTER TABLE audit ADD COLUMN detail_sha256 BLOB;
ALTER TABLE audit ADD COLUMN position INTEGER;
ALTER TABLE audit ADD COLUMN link BLOB;
UPDATE audit SET detail_id = randomblob(16);
INSERT INTO audit_details (id, salt, detail) SELECT detail_id, randomblob(16), detail FROM audit;
ALTER TABLE audit DROP COLUMN detail;
CREATE UNIQUE INDEX audit_position ON audit (position) WHERE position IS NOT NULL;
CREATE INDEX audit_unsealed ON audit (seq) WHERE position IS NULL;
-- Where the chain ends, and where each batch of it does.
CREATE TABLE audit_chain (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    position INTEGER NOT NULL,
    link BLOB NOT NULL,
    sealed_at INTEGER NOT NULL,
    -- The last row that was there before the chain.
    inherited INTEGER NOT NULL
);
INSERT INTO audit_chain (id, position, link, sealed_at, inherited)
SELECT 1, 0, X'', 0, COALESCE(MAX(seq), 0) FROM audit;
CREATE TABLE audit_seals (
    position INTEGER PRIMARY KEY,
    link BLOB NOT NULL,
    rows INTEGER NOT NULL,
    sealed_at INTEGER NOT NULL
);
