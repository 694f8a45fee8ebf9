-- What waits is counted with every change by the database itself, as `tallies` counts documents: by whether it may be an ID,
-- and by its reasons. `lane` as in `tallies`: each connection has rows of its own, so that none waits for another; the sweep
-- adds them up in lane 0.
-- In place of those of version 65, which kept the kind alone. A document is taken before its reviews, here too.
DROP TRIGGER documents_of_a_kind ON documents;
DROP TRIGGER reviews_of_a_kind ON reviews;
DROP FUNCTION kind_of_reviews();
DROP FUNCTION kind_of_review();
ALTER TABLE reviews ADD COLUMN sensitivity TEXT;
UPDATE reviews SET sensitivity = (SELECT d.sensitivity FROM documents d WHERE d.id = reviews.document_id);
CREATE FUNCTION review_as_document() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    SELECT d.kind, d.sensitivity INTO NEW.kind, NEW.sensitivity FROM documents d WHERE d.id = NEW.document_id;
    RETURN NEW;
END $$;
CREATE TRIGGER reviews_as_documents BEFORE INSERT ON reviews FOR EACH ROW EXECUTE FUNCTION review_as_document();
CREATE FUNCTION document_as_reviewed() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE reviews SET kind = NEW.kind, sensitivity = NEW.sensitivity WHERE document_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER documents_as_reviewed AFTER UPDATE OF kind, sensitivity ON documents FOR EACH ROW
    WHEN (OLD.kind IS DISTINCT FROM NEW.kind OR OLD.sensitivity <> NEW.sensitivity)
    EXECUTE FUNCTION document_as_reviewed();

CREATE TABLE waiting_tallies (
    member TEXT NOT NULL CHECK (member IN ('sensitivity', 'reason')),
    value TEXT NOT NULL,
    lane BIGINT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (member, value, lane)
);
CREATE FUNCTION tally_waiting(TEXT, TEXT, BIGINT) RETURNS void LANGUAGE sql SET search_path FROM CURRENT AS $$
    INSERT INTO waiting_tallies (member, value, lane, count) VALUES ($1, $2, pg_backend_pid(), $3)
    ON CONFLICT (member, value, lane) DO UPDATE SET count = waiting_tallies.count + excluded.count
$$;
CREATE FUNCTION tally_review() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM tally_waiting('sensitivity', OLD.sensitivity, -1) WHERE OLD.resolved_at IS NULL;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM tally_waiting('sensitivity', NEW.sensitivity, 1) WHERE NEW.resolved_at IS NULL;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER reviews_tallied AFTER INSERT OR DELETE ON reviews FOR EACH ROW EXECUTE FUNCTION tally_review();
CREATE TRIGGER reviews_tallied_over AFTER UPDATE OF sensitivity, resolved_at ON reviews FOR EACH ROW
    WHEN (OLD.sensitivity IS DISTINCT FROM NEW.sensitivity OR (OLD.resolved_at IS NULL) <> (NEW.resolved_at IS NULL))
    EXECUTE FUNCTION tally_review();
CREATE FUNCTION tally_review_reason() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM tally_waiting('reason', OLD.code, -1) WHERE OLD.is_open;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM tally_waiting('reason', NEW.code, 1) WHERE NEW.is_open;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER review_reasons_tallied AFTER INSERT OR DELETE ON review_reasons FOR EACH ROW
    EXECUTE FUNCTION tally_review_reason();
CREATE TRIGGER review_reasons_tallied_over AFTER UPDATE OF is_open ON review_reasons FOR EACH ROW
    WHEN (OLD.is_open <> NEW.is_open) EXECUTE FUNCTION tally_review_reason();
INSERT INTO waiting_tallies (member, value, lane, count)
SELECT 'sensitivity', sensitivity, 0, COUNT(*) FROM reviews WHERE resolved_at IS NULL GROUP BY sensitivity
UNION ALL
SELECT 'reason', code, 0, COUNT(*) FROM review_reasons WHERE is_open GROUP BY code;

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
