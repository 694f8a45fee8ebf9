-- A line that came late to a closed month and was erased since keeps the hash of what it was, as those do that were closed
-- with it. What was erased before has none.
ALTER TABLE period_adjustments ADD COLUMN erased_sha256 BLOB;
-- What waits and was taken for an ID while nothing vouches for that may be a bill: it counts against a month, off this index.
CREATE INDEX documents_books_doubted ON documents (received_at, id)
    WHERE status IN ('received', 'processing', 'in_review') AND duplicate_of IS NULL AND kind = 'id'
    AND sensitivity_by IS NULL AND (COALESCE(id_probability, 0) < 0.9 OR findings LIKE '%"multiple_documents"%');
