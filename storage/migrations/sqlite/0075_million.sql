DROP INDEX documents_books_withheld;
DROP INDEX documents_issuer;
-- What an export says of what is missing is counted off indexes alone, each along the stretch that is asked for: what waits
-- by the date on it, what is withheld by when it came, and what is in the books without a date.
CREATE INDEX documents_books_waiting_dated ON documents (doc_date, sensitivity, kind, id)
    WHERE status IN ('received', 'processing', 'in_review') AND duplicate_of IS NULL;
CREATE INDEX documents_books_withheld ON documents (received_at, kind, id)
    WHERE status = 'filed' AND duplicate_of IS NULL AND sensitivity <> 'open';
CREATE INDEX documents_books_undated ON documents (kind, sensitivity, id)
    WHERE status = 'filed' AND duplicate_of IS NULL AND doc_date IS NULL;

-- What one firm issued, in the order in which it came.
CREATE INDEX documents_issuer ON documents (issuer, received_at, id);

-- How many documents are in each place whenever they came, kept with every change of a day's count, so that the whole ledger
-- takes no longer with every day. `lane` as in `tallies`.
CREATE TABLE tally_totals (
    place TEXT NOT NULL,
    lane BIGINT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (place, lane)
) WITHOUT ROWID;
CREATE TRIGGER tallies_totalled_in AFTER INSERT ON tallies BEGIN
    INSERT INTO tally_totals (place, lane, count) VALUES (NEW.place, 0, NEW.count)
    ON CONFLICT (place, lane) DO UPDATE SET count = count + excluded.count;
END;
CREATE TRIGGER tallies_totalled_out AFTER DELETE ON tallies BEGIN
    UPDATE tally_totals SET count = count - OLD.count WHERE place = OLD.place AND lane = 0;
END;
CREATE TRIGGER tallies_totalled_over AFTER UPDATE OF count ON tallies BEGIN
    UPDATE tally_totals SET count = count + NEW.count - OLD.count WHERE place = NEW.place AND lane = 0;
END;
INSERT INTO tally_totals (place, lane, count) SELECT place, 0, SUM(count) FROM tallies GROUP BY place;

-- The words of each index, from one to the next: what begins with more letters than the index has ready is asked for in full.
-- Nothing is kept for them.
CREATE VIRTUAL TABLE document_fts_terms USING fts5vocab (document_fts, instance);
CREATE VIRTUAL TABLE customer_fts_terms USING fts5vocab (customer_fts, instance);
CREATE VIRTUAL TABLE contact_fts_terms USING fts5vocab (contact_fts, instance);
