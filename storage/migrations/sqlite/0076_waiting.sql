-- What waits is counted with every change by the database itself, as `tallies` counts documents: by whether it may be an ID,
-- and by its reasons. `lane` as in `tallies`.
ALTER TABLE reviews ADD COLUMN sensitivity TEXT;
UPDATE reviews SET sensitivity = (SELECT d.sensitivity FROM documents d WHERE d.id = reviews.document_id);
-- In place of those of version 65, which kept the kind alone. Whoever rebuilds `reviews` drops these first and makes them
-- again.
DROP TRIGGER reviews_of_a_kind;
DROP TRIGGER documents_of_a_kind;
CREATE TRIGGER reviews_as_documents AFTER INSERT ON reviews BEGIN
    UPDATE reviews SET kind = d.kind, sensitivity = d.sensitivity FROM documents d
    WHERE d.id = NEW.document_id AND reviews.id = NEW.id;
END;
CREATE TRIGGER documents_as_reviewed AFTER UPDATE OF kind, sensitivity ON documents
WHEN OLD.kind IS NOT NEW.kind OR OLD.sensitivity <> NEW.sensitivity BEGIN
    UPDATE reviews SET kind = NEW.kind, sensitivity = NEW.sensitivity WHERE document_id = NEW.id;
END;

CREATE TABLE waiting_tallies (
    member TEXT NOT NULL CHECK (member IN ('sensitivity', 'reason')),
    value TEXT NOT NULL,
    lane BIGINT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (member, value, lane)
) WITHOUT ROWID;
INSERT INTO waiting_tallies (member, value, lane, count)
SELECT 'sensitivity', sensitivity, 0, COUNT(*) FROM reviews WHERE resolved_at IS NULL GROUP BY sensitivity
UNION ALL
SELECT 'reason', code, 0, COUNT(*) FROM review_reasons WHERE is_open GROUP BY code;
-- A review is of no sensitivity until the trigger above has given it its document's, and counts from then on.
CREATE TRIGGER reviews_tallied_over AFTER UPDATE OF sensitivity, resolved_at ON reviews
WHEN OLD.sensitivity IS NOT NEW.sensitivity OR (OLD.resolved_at IS NULL) <> (NEW.resolved_at IS NULL) BEGIN
    UPDATE waiting_tallies SET count = count - 1
    WHERE OLD.resolved_at IS NULL AND member = 'sensitivity' AND value = OLD.sensitivity AND lane = 0;
    INSERT INTO waiting_tallies (member, value, lane, count)
    SELECT 'sensitivity', NEW.sensitivity, 0, 1 WHERE NEW.resolved_at IS NULL
    ON CONFLICT (member, value, lane) DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER reviews_tallied_out AFTER DELETE ON reviews WHEN OLD.resolved_at IS NULL BEGIN
    UPDATE waiting_tallies SET count = count - 1
    WHERE member = 'sensitivity' AND value = OLD.sensitivity AND lane = 0;
END;
-- Nor is a reason open before it has its review's place.
CREATE TRIGGER review_reasons_tallied_over AFTER UPDATE OF is_open ON review_reasons WHEN OLD.is_open <> NEW.is_open BEGIN
    INSERT INTO waiting_tallies (member, value, lane, count)
    VALUES ('reason', NEW.code, 0, CASE WHEN NEW.is_open THEN 1 ELSE -1 END)
    ON CONFLICT (member, value, lane) DO UPDATE SET count = count + excluded.count;
END;
CREATE TRIGGER review_reasons_tallied_out AFTER DELETE ON review_reasons WHEN OLD.is_open BEGIN
    UPDATE waiting_tallies SET count = count - 1 WHERE member = 'reason' AND value = OLD.code AND lane = 0;
END;

-- What waits of a customer or a firm, for who is bound to them.
DROP INDEX documents_waits_customer;
CREATE INDEX documents_waits_customer ON documents (customer_id, sensitivity) WHERE status = 'in_review';
CREATE INDEX documents_waits_entity ON documents (entity_id, sensitivity) WHERE status = 'in_review';

-- The queue in other orders than its own: what has no amount or party, or may not be told, comes after the rest.
CREATE INDEX reviews_since ON reviews (opened_at, id) WHERE resolved_at IS NULL;
CREATE INDEX documents_waits_amount ON documents (amount, id) WHERE status = 'in_review' AND amount IS NOT NULL;
CREATE INDEX documents_waits_amount_told ON documents (amount, id)
    WHERE status = 'in_review' AND amount IS NOT NULL AND sensitivity = 'open';
CREATE INDEX documents_waits_party ON documents (issuer, id) WHERE status = 'in_review' AND issuer <> '';
CREATE INDEX documents_waits_party_told ON documents (issuer, id)
    WHERE status = 'in_review' AND issuer <> '' AND sensitivity = 'open';
CREATE INDEX documents_waits ON documents (id, sensitivity, amount, issuer) WHERE status = 'in_review';
-- What of it may be told to everybody, in the queue's own order.
CREATE INDEX reviews_told ON reviews (due_at, opened_at, id) WHERE resolved_at IS NULL AND sensitivity = 'open';
-- Whose it is: names are looked for once each, however much waits of them.
DROP INDEX documents_waits_contact;
CREATE INDEX documents_waits_contact ON documents (contact_id, customer_id, issuer, sensitivity, id)
    WHERE status = 'in_review';
-- Places of what waits, which the words of a document lead to: most of what has them waits no more.
CREATE TABLE document_fts_waiting (
    place INTEGER PRIMARY KEY REFERENCES document_fts_rows (place) ON DELETE CASCADE,
    document_id BLOB NOT NULL UNIQUE
);
INSERT INTO document_fts_waiting (place, document_id)
SELECT s.place, s.document_id FROM documents d JOIN document_fts_rows s ON s.document_id = d.id WHERE d.status = 'in_review';
CREATE TRIGGER document_fts_rows_waiting AFTER INSERT ON document_fts_rows BEGIN
    INSERT INTO document_fts_waiting (place, document_id)
    SELECT NEW.place, d.id FROM documents d WHERE d.id = NEW.document_id AND d.status = 'in_review';
END;
CREATE TRIGGER documents_fts_waiting AFTER UPDATE OF status ON documents
WHEN (OLD.status = 'in_review') <> (NEW.status = 'in_review') BEGIN
    DELETE FROM document_fts_waiting WHERE document_id = NEW.id;
    INSERT INTO document_fts_waiting (place, document_id)
    SELECT s.place, s.document_id FROM document_fts_rows s WHERE s.document_id = NEW.id AND NEW.status = 'in_review';
END;
