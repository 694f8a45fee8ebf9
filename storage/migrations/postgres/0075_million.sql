-- What an export says of what is missing is counted off indexes alone, each along the stretch that is asked for: what waits
-- by the date on it, what is withheld by when it came, and what is in the books without a date.
CREATE INDEX documents_books_waiting_dated ON documents (doc_date, sensitivity, kind, id)
    WHERE status IN ('received', 'processing', 'in_review') AND duplicate_of IS NULL;
DROP INDEX documents_books_withheld;
CREATE INDEX documents_books_withheld ON documents (received_at, kind, id)
    WHERE status = 'filed' AND duplicate_of IS NULL AND sensitivity <> 'open';
CREATE INDEX documents_books_undated ON documents (kind, sensitivity, id)
    WHERE status = 'filed' AND duplicate_of IS NULL AND doc_date IS NULL;
