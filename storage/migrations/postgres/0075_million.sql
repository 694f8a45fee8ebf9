-- First what must have the table to itself: whoever holds less of it and then wants that, and somebody who does the same, would
-- wait for each other.
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
);
CREATE FUNCTION total_tally() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    of_place TEXT;
    change BIGINT;
BEGIN
    IF TG_OP = 'DELETE' THEN
        of_place := OLD.place;
        change := -OLD.count;
    ELSIF TG_OP = 'UPDATE' THEN
        of_place := NEW.place;
        change := NEW.count - OLD.count;
    ELSE
        of_place := NEW.place;
        change := NEW.count;
    END IF;
    INSERT INTO tally_totals (place, lane, count) VALUES (of_place, pg_backend_pid(), change)
    ON CONFLICT (place, lane) DO UPDATE SET count = tally_totals.count + excluded.count;
    RETURN NULL;
END $$;
-- From here on nobody changes a day until this is done, so what is carried over is all there is.
CREATE TRIGGER tallies_totalled AFTER INSERT OR DELETE OR UPDATE OF count ON tallies
    FOR EACH ROW EXECUTE FUNCTION total_tally();
INSERT INTO tally_totals (place, lane, count) SELECT place, 0, SUM(count)::bigint FROM tallies GROUP BY place;
