-- How many documents came on which day (of UTC, counted from 1970) and where they are, kept with every change of a
-- document by the database itself, so that no statement can forget it. `lane` is whoever counted: each connection has
-- rows of its own, so that none waits for another; the sweep adds them up in lane 0.
CREATE TABLE tallies (
    day BIGINT NOT NULL,
    place TEXT NOT NULL CHECK (place IN ('received', 'filed', 'in_review', 'rejected', 'duplicate', 'processing')),
    lane BIGINT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (day, place, lane)
);
-- When all documents were last counted to verify that.
CREATE TABLE tally_checks (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    checked_at BIGINT NOT NULL
);
INSERT INTO tally_checks (id, checked_at) VALUES (1, 0);
-- What all documents are counted off, and the rest of a day.
DROP INDEX documents_received;
CREATE INDEX documents_received ON documents (received_at, id, status, duplicate_of);

CREATE FUNCTION tally_place(status TEXT, duplicate_of UUID) RETURNS TEXT LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN duplicate_of IS NOT NULL THEN 'duplicate' WHEN status = 'received' THEN 'processing' ELSE status END
$$;

INSERT INTO tallies (day, place, lane, count)
SELECT received_at / 86400000000, 'received', 0, COUNT(*) FROM documents GROUP BY 1
UNION ALL
SELECT received_at / 86400000000, tally_place(status, duplicate_of), 0, COUNT(*) FROM documents GROUP BY 1, 2;

CREATE FUNCTION tally_documents() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO tallies (day, place, lane, count)
        SELECT received_at / 86400000000, place, pg_backend_pid(), -COUNT(*)
        FROM gone, LATERAL (VALUES ('received'), (tally_place(status, duplicate_of))) AS places (place)
        GROUP BY 1, 2 ORDER BY 1, 2
        ON CONFLICT (day, place, lane) DO UPDATE SET count = tallies.count + excluded.count;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO tallies (day, place, lane, count)
        SELECT received_at / 86400000000, place, pg_backend_pid(), COUNT(*)
        FROM fresh, LATERAL (VALUES ('received'), (tally_place(status, duplicate_of))) AS places (place)
        GROUP BY 1, 2 ORDER BY 1, 2
        ON CONFLICT (day, place, lane) DO UPDATE SET count = tallies.count + excluded.count;
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION tally_document() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO tallies (day, place, lane, count)
    SELECT day, place, pg_backend_pid(), SUM(change)::bigint FROM (VALUES
        (OLD.received_at / 86400000000, 'received', -1),
        (OLD.received_at / 86400000000, tally_place(OLD.status, OLD.duplicate_of), -1),
        (NEW.received_at / 86400000000, 'received', 1),
        (NEW.received_at / 86400000000, tally_place(NEW.status, NEW.duplicate_of), 1)
    ) AS changes (day, place, change) GROUP BY 1, 2 HAVING SUM(change) <> 0 ORDER BY 1, 2
    ON CONFLICT (day, place, lane) DO UPDATE SET count = tallies.count + excluded.count;
    RETURN NULL;
END $$;
CREATE TRIGGER documents_tallied_in AFTER INSERT ON documents REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION tally_documents();
CREATE TRIGGER documents_tallied_out AFTER DELETE ON documents REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION tally_documents();
CREATE TRIGGER documents_tallied_over AFTER UPDATE OF status, duplicate_of, received_at ON documents FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status OR OLD.duplicate_of IS DISTINCT FROM NEW.duplicate_of
        OR OLD.received_at IS DISTINCT FROM NEW.received_at)
    EXECUTE FUNCTION tally_document();
