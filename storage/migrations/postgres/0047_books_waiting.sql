-- What an export says of what still waits is counted off this index alone: the rows themselves hold whole texts.
CREATE INDEX documents_books_waiting ON documents (received_at, doc_date, sensitivity, kind, id)
    WHERE status IN ('received', 'processing', 'in_review') AND duplicate_of IS NULL;
