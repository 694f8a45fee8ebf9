-- First what must have the table to itself, as in version 75; documents before their reviews.
DROP INDEX documents_waits_amount;
DROP INDEX documents_waits_amount_told;
DROP INDEX documents_waits_party;
DROP INDEX documents_waits_party_told;
DROP INDEX documents_waits;
DROP TRIGGER documents_as_reviewed ON documents;
DROP TRIGGER reviews_moved ON reviews;
-- What the queue is sorted by stands on the review, and on each of its reasons, for as long as it waits: its amount, whose
-- paper it is, and the names of whose it is and who sent it, so that each order goes by an index, of a reason too. Amount and
-- party only where everybody may be told them. The database itself keeps them.
ALTER TABLE reviews ADD COLUMN amount BIGINT;
ALTER TABLE reviews ADD COLUMN party TEXT COLLATE "C";
ALTER TABLE reviews ADD COLUMN customer TEXT COLLATE "C";
ALTER TABLE reviews ADD COLUMN sender TEXT COLLATE "C";
ALTER TABLE review_reasons ADD COLUMN kind TEXT;
ALTER TABLE review_reasons ADD COLUMN amount BIGINT;
ALTER TABLE review_reasons ADD COLUMN party TEXT COLLATE "C";
ALTER TABLE review_reasons ADD COLUMN customer TEXT COLLATE "C";
ALTER TABLE review_reasons ADD COLUMN sender TEXT COLLATE "C";

-- In place of those of versions 65 and 76. One says what stands on a review, and is asked by touching its sensitivity: when it
-- opens, is over or waits again, when its document changes, and when somebody gets another name.
CREATE OR REPLACE FUNCTION review_as_document() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    waits CONSTANT BOOLEAN := NEW.resolved_at IS NULL;
BEGIN
    SELECT d.kind, d.sensitivity, CASE WHEN waits AND d.sensitivity = 'open' THEN d.amount END,
        CASE WHEN waits AND d.sensitivity = 'open' THEN NULLIF(d.issuer, '') END,
        CASE WHEN waits THEN c.name_key END, CASE WHEN waits THEN LOWER(COALESCE(k.name, k.phone)) END
    INTO NEW.kind, NEW.sensitivity, NEW.amount, NEW.party, NEW.customer, NEW.sender
    FROM documents d LEFT JOIN customers c ON c.id = d.customer_id LEFT JOIN contacts k ON k.id = d.contact_id
    WHERE d.id = NEW.document_id;
    RETURN NEW;
END $$;
CREATE TRIGGER reviews_as_documents_are BEFORE UPDATE OF sensitivity, resolved_at ON reviews FOR EACH ROW
    EXECUTE FUNCTION review_as_document();
CREATE OR REPLACE FUNCTION document_as_reviewed() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE reviews SET sensitivity = sensitivity WHERE document_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER documents_as_reviewed
    AFTER UPDATE OF kind, sensitivity, amount, issuer, contact_id, customer_id ON documents FOR EACH ROW
    WHEN (OLD.kind IS DISTINCT FROM NEW.kind OR OLD.sensitivity <> NEW.sensitivity
        OR OLD.amount IS DISTINCT FROM NEW.amount OR OLD.issuer IS DISTINCT FROM NEW.issuer
        OR OLD.contact_id IS DISTINCT FROM NEW.contact_id OR OLD.customer_id IS DISTINCT FROM NEW.customer_id)
    EXECUTE FUNCTION document_as_reviewed();
-- A document is taken before its review, here too. One that somebody else has at this moment keeps its place under the former
-- name: whoever has it decides on it, and nobody is to wait for both.
CREATE FUNCTION contact_as_reviewed() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE reviews SET sensitivity = sensitivity WHERE resolved_at IS NULL AND document_id IN (
        SELECT d.id FROM documents d WHERE d.contact_id = NEW.id AND d.status = 'in_review'
        ORDER BY d.id FOR NO KEY UPDATE SKIP LOCKED);
    RETURN NULL;
END $$;
CREATE TRIGGER contacts_as_reviewed AFTER UPDATE OF name, phone ON contacts FOR EACH ROW
    WHEN (OLD.name IS DISTINCT FROM NEW.name OR OLD.phone IS DISTINCT FROM NEW.phone)
    EXECUTE FUNCTION contact_as_reviewed();
CREATE FUNCTION customer_as_reviewed() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE reviews SET sensitivity = sensitivity WHERE resolved_at IS NULL AND document_id IN (
        SELECT d.id FROM documents d WHERE d.customer_id = NEW.id AND d.status = 'in_review'
        ORDER BY d.id FOR NO KEY UPDATE SKIP LOCKED);
    RETURN NULL;
END $$;
CREATE TRIGGER customers_as_reviewed AFTER UPDATE OF name_key ON customers FOR EACH ROW
    WHEN (OLD.name_key <> NEW.name_key) EXECUTE FUNCTION customer_as_reviewed();
CREATE OR REPLACE FUNCTION move_review_reasons() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE review_reasons SET due_at = NEW.due_at, opened_at = NEW.opened_at, is_open = (NEW.resolved_at IS NULL),
        kind = NEW.kind, amount = NEW.amount, party = NEW.party, customer = NEW.customer, sender = NEW.sender
    WHERE review_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER reviews_moved AFTER UPDATE OF due_at, opened_at, resolved_at, sensitivity ON reviews FOR EACH ROW
    WHEN (OLD.due_at <> NEW.due_at OR OLD.opened_at <> NEW.opened_at
        OR (OLD.resolved_at IS NULL) <> (NEW.resolved_at IS NULL) OR OLD.kind IS DISTINCT FROM NEW.kind
        OR OLD.amount IS DISTINCT FROM NEW.amount OR OLD.party IS DISTINCT FROM NEW.party
        OR OLD.customer IS DISTINCT FROM NEW.customer OR OLD.sender IS DISTINCT FROM NEW.sender)
    EXECUTE FUNCTION move_review_reasons();
CREATE OR REPLACE FUNCTION place_review_reason() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    SELECT r.due_at, r.opened_at, r.resolved_at IS NULL, r.kind, r.amount, r.party, r.customer, r.sender
    INTO NEW.due_at, NEW.opened_at, NEW.is_open, NEW.kind, NEW.amount, NEW.party, NEW.customer, NEW.sender
    FROM reviews r WHERE r.id = NEW.review_id;
    RETURN NEW;
END $$;

UPDATE reviews SET sensitivity = sensitivity WHERE resolved_at IS NULL;
UPDATE review_reasons SET kind = (SELECT r.kind FROM reviews r WHERE r.id = review_reasons.review_id);

CREATE INDEX reviews_amount ON reviews (amount, id) WHERE resolved_at IS NULL;
CREATE INDEX reviews_party ON reviews (party, id) WHERE resolved_at IS NULL;
CREATE INDEX reviews_customer ON reviews (customer, id) WHERE resolved_at IS NULL;
CREATE INDEX reviews_sender ON reviews (sender, id) WHERE resolved_at IS NULL;
CREATE INDEX review_reasons_since ON review_reasons (code, opened_at, review_id) WHERE is_open;
CREATE INDEX review_reasons_kind ON review_reasons (code, kind, due_at, opened_at, review_id) WHERE is_open;
CREATE INDEX review_reasons_amount ON review_reasons (code, amount, review_id) WHERE is_open;
CREATE INDEX review_reasons_party ON review_reasons (code, party, review_id) WHERE is_open;
CREATE INDEX review_reasons_customer ON review_reasons (code, customer, review_id) WHERE is_open;
CREATE INDEX review_reasons_sender ON review_reasons (code, sender, review_id) WHERE is_open;
