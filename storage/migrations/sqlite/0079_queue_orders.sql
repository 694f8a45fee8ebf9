-- What the queue is sorted by stands on the review, and on each of its reasons, for as long as it waits: its amount, whose
-- paper it is, and the names of whose it is and who sent it, so that each order goes by an index, of a reason too. Amount and
-- party only where everybody may be told them. The database itself keeps them. Whoever rebuilds `reviews` drops these triggers
-- first and makes them again.
ALTER TABLE reviews ADD COLUMN amount BIGINT;
ALTER TABLE reviews ADD COLUMN party TEXT;
ALTER TABLE reviews ADD COLUMN customer TEXT;
ALTER TABLE reviews ADD COLUMN sender TEXT;
ALTER TABLE review_reasons ADD COLUMN kind TEXT;
ALTER TABLE review_reasons ADD COLUMN amount BIGINT;
ALTER TABLE review_reasons ADD COLUMN party TEXT;
ALTER TABLE review_reasons ADD COLUMN customer TEXT;
ALTER TABLE review_reasons ADD COLUMN sender TEXT;

-- In place of those of versions 65 and 76. One says what stands on a review, and is asked by touching its sensitivity: when it
-- opens, is over or waits again, when its document changes, and when somebody gets another name.
DROP TRIGGER reviews_as_documents;
DROP TRIGGER documents_as_reviewed;
DROP TRIGGER reviews_moved;
DROP TRIGGER review_reasons_placed;
CREATE TRIGGER reviews_as_documents AFTER UPDATE OF sensitivity, resolved_at ON reviews BEGIN
    UPDATE reviews SET kind = d.kind, sensitivity = d.sensitivity,
        amount = CASE WHEN reviews.resolved_at IS NULL AND d.sensitivity = 'open' THEN d.amount END,
        party = CASE WHEN reviews.resolved_at IS NULL AND d.sensitivity = 'open' THEN NULLIF(d.issuer, '') END,
        customer = CASE WHEN reviews.resolved_at IS NULL THEN c.name_key END,
        sender = CASE WHEN reviews.resolved_at IS NULL THEN LOWER(COALESCE(k.name, k.phone)) END
    FROM documents d LEFT JOIN customers c ON c.id = d.customer_id LEFT JOIN contacts k ON k.id = d.contact_id
    WHERE d.id = NEW.document_id AND reviews.id = NEW.id;
END;
CREATE TRIGGER reviews_opened AFTER INSERT ON reviews BEGIN
    UPDATE reviews SET sensitivity = sensitivity WHERE id = NEW.id;
END;
CREATE TRIGGER documents_as_reviewed
AFTER UPDATE OF kind, sensitivity, amount, issuer, contact_id, customer_id ON documents
WHEN OLD.kind IS NOT NEW.kind OR OLD.sensitivity <> NEW.sensitivity OR OLD.amount IS NOT NEW.amount
    OR OLD.issuer IS NOT NEW.issuer OR OLD.contact_id IS NOT NEW.contact_id OR OLD.customer_id IS NOT NEW.customer_id BEGIN
    UPDATE reviews SET sensitivity = sensitivity WHERE document_id = NEW.id;
END;
CREATE TRIGGER contacts_as_reviewed AFTER UPDATE OF name, phone ON contacts
WHEN OLD.name IS NOT NEW.name OR OLD.phone IS NOT NEW.phone BEGIN
    UPDATE reviews SET sensitivity = sensitivity WHERE resolved_at IS NULL
        AND document_id IN (SELECT d.id FROM documents d WHERE d.contact_id = NEW.id AND d.status = 'in_review');
END;
CREATE TRIGGER customers_as_reviewed AFTER UPDATE OF name_key ON customers WHEN OLD.name_key <> NEW.name_key BEGIN
    UPDATE reviews SET sensitivity = sensitivity WHERE resolved_at IS NULL
        AND document_id IN (SELECT d.id FROM documents d WHERE d.customer_id = NEW.id AND d.status = 'in_review');
END;
-- As it is by now: a review may be moved within being moved.
CREATE TRIGGER reviews_moved AFTER UPDATE OF due_at, opened_at, resolved_at, kind, amount, party, customer, sender ON reviews
WHEN OLD.due_at <> NEW.due_at OR OLD.opened_at <> NEW.opened_at
    OR (OLD.resolved_at IS NULL) <> (NEW.resolved_at IS NULL) OR OLD.kind IS NOT NEW.kind OR OLD.amount IS NOT NEW.amount
    OR OLD.party IS NOT NEW.party OR OLD.customer IS NOT NEW.customer OR OLD.sender IS NOT NEW.sender BEGIN
    UPDATE review_reasons SET due_at = r.due_at, opened_at = r.opened_at, is_open = (r.resolved_at IS NULL), kind = r.kind,
        amount = r.amount, party = r.party, customer = r.customer, sender = r.sender
    FROM reviews r WHERE r.id = NEW.id AND review_reasons.review_id = NEW.id;
END;
CREATE TRIGGER review_reasons_placed AFTER INSERT ON review_reasons BEGIN
    UPDATE review_reasons SET due_at = r.due_at, opened_at = r.opened_at, is_open = (r.resolved_at IS NULL), kind = r.kind,
        amount = r.amount, party = r.party, customer = r.customer, sender = r.sender
    FROM reviews r
    WHERE r.id = NEW.review_id AND review_reasons.review_id = NEW.review_id AND review_reasons.code = NEW.code;
END;

UPDATE reviews SET sensitivity = sensitivity WHERE resolved_at IS NULL;
UPDATE review_reasons SET kind = (SELECT r.kind FROM reviews r WHERE r.id = review_reasons.review_id);

DROP INDEX documents_waits_amount;
DROP INDEX documents_waits_amount_told;
DROP INDEX documents_waits_party;
DROP INDEX documents_waits_party_told;
DROP INDEX documents_waits;
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
