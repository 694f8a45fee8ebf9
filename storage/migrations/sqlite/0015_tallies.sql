-- How many documents came on which day (of UTC, counted from 1970) and where they are, kept with every change of a
-- document by the database itself, so that no statement can forget it. `lane` is whoever counted: here there is one.
CREATE TABLE tallies (
    day BIGINT NOT NULL,
    place TEXT NOT NULL CHECK (place IN ('received', 'filed', 'in_review', 'rejected', 'duplicate', 'processing')),
    lane BIGINT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (day, place, lane)
) WITHOUT ROWID;
-- When all documents were last counted to verify that.
CREATE TABLE tally_checks (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    checked_at BIGINT NOT NULL
);
INSERT INTO tally_checks (id, checked_at) VALUES (1, 0);
-- What all documents are counted off, and the rest of a day.
DROP INDEX documents_received;
CREATE INDEX documents_received ON documents (received_at, id, status, duplicate_of);

INSERT INTO tallies (day, place, lane, count)
SELECT received_at / 86400000000, 'received', 0, COUNT(*) FROM documents GROUP BY 1
UNION ALL
SELECT received_at / 86400000000,
    CASE WHEN duplicate_of IS NOT NULL THEN 'duplicate' WHEN status = 'received' THEN 'processing' ELSE status END AS place,
    0, COUNT(*)
FROM documents GROUP BY 1, 2;

CREATE TRIGGER documents_tallied_in AFTER INSERT ON documents BEGIN
    INSERT INTO tallies (day, place, lane, count) VALUES (NEW.received_at / 86400000000, 'received', 0, 1)
    ON CONFLICT (day, place, lane) DO UPDATE SET count = count + 1;
    INSERT INTO tallies (day, place, lane, count) VALUES (NEW.received_at / 86400000000,
        CASE WHEN NEW.duplicate_of IS NOT NULL THEN 'duplicate' WHEN NEW.status = 'received' THEN 'processing'
            ELSE NEW.status END, 0, 1)
    ON CONFLICT (day, place, lane) DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER documents_tallied_out AFTER DELETE ON documents BEGIN
    UPDATE tallies SET count = count - 1 WHERE day = OLD.received_at / 86400000000 AND lane = 0 AND place IN ('received',
        CASE WHEN OLD.duplicate_of IS NOT NULL THEN 'duplicate' WHEN OLD.status = 'received' THEN 'processing'
            ELSE OLD.status END);
END;
CREATE TRIGGER documents_tallied_over AFTER UPDATE OF status, duplicate_of, received_at ON documents
WHEN OLD.status IS NOT NEW.status OR OLD.duplicate_of IS NOT NEW.duplicate_of OR OLD.received_at <> NEW.received_at
BEGIN
    UPDATE tallies SET count = count - 1 WHERE day = OLD.received_at / 86400000000 AND lane = 0 AND place IN ('received',
        CASE WHEN OLD.duplicate_of IS NOT NULL THEN 'duplicate' WHEN OLD.status = 'received' THEN 'processing'
            ELSE OLD.status END);
    INSERT INTO tallies (day, place, lane, count) VALUES (NEW.received_at / 86400000000, 'received', 0, 1)
    ON CONFLICT (day, place, lane) DO UPDATE SET count = count + 1;
    INSERT INTO tallies (day, place, lane, count) VALUES (NEW.received_at / 86400000000,
        CASE WHEN NEW.duplicate_of IS NOT NULL THEN 'duplicate' WHEN NEW.status = 'received' THEN 'processing'
            ELSE NEW.status END, 0, 1)
    ON CONFLICT (day, place, lane) DO UPDATE SET count = count + 1;
END;
