-- What is in the books, in the order an export asks for it. What stands apart below is what an export counts.
CREATE INDEX documents_books ON documents (doc_date, id) WHERE status = 'filed' AND duplicate_of IS NULL;
CREATE INDEX documents_books_received ON documents (received_at, id) WHERE status = 'filed' AND duplicate_of IS NULL;
CREATE INDEX documents_books_withheld ON documents (received_at)
    WHERE status = 'filed' AND duplicate_of IS NULL AND sensitivity <> 'open';

-- Months that were closed. Their rows never change; the hash is over their lines, in order.
CREATE TABLE periods (
    id UUID PRIMARY KEY,
    month TEXT NOT NULL UNIQUE CHECK (length(month) = 7),
    closed_at BIGINT NOT NULL,
    closed_by TEXT NOT NULL,
    totals TEXT NOT NULL,
    sha256 BYTEA NOT NULL
);
CREATE TABLE period_rows (
    period_id UUID NOT NULL REFERENCES periods (id),
    position BIGINT NOT NULL,
    document_id UUID NOT NULL,
    line TEXT NOT NULL,
    PRIMARY KEY (period_id, position)
);
CREATE UNIQUE INDEX period_rows_document ON period_rows (document_id, period_id);
-- What became of a document of a closed month afterwards: taken back (`was`), and said anew (`becomes`).
CREATE TABLE period_adjustments (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    period_id UUID NOT NULL REFERENCES periods (id),
    document_id UUID NOT NULL,
    at BIGINT NOT NULL,
    reason TEXT NOT NULL,
    was TEXT,
    becomes TEXT
);
CREATE INDEX period_adjustments_period ON period_adjustments (period_id, seq);
CREATE INDEX period_adjustments_document ON period_adjustments (document_id, period_id, seq);
