-- Whose paper it is that not everybody may be told, of what waits: for who may, from one name to the next.
CREATE INDEX documents_waits_withheld ON documents (issuer) WHERE status = 'in_review' AND sensitivity <> 'open';

-- What came on all days together, kept with every change of a day, as `tally_totals` is, and how many of its rows do not come
-- out even: where there is none, no file is lost, and the whole ledger takes no longer with every day.
CREATE TABLE arrival_totals (
    place TEXT NOT NULL,
    lane BIGINT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (place, lane)
) WITHOUT ROWID;
INSERT INTO arrival_totals (place, lane, count)
SELECT 'answers', 0, COALESCE(SUM(answers), 0) FROM arrivals
UNION ALL SELECT 'documents', 0, COALESCE(SUM(documents), 0) FROM arrivals
UNION ALL SELECT 'files', 0, COALESCE(SUM(files), 0) FROM arrivals
UNION ALL SELECT 'not_documents', 0, COALESCE(SUM(not_documents), 0) FROM arrivals
UNION ALL SELECT 'uneven', 0, COUNT(*) FROM arrivals WHERE files <> not_documents + documents + answers;
CREATE TRIGGER arrivals_totalled_in AFTER INSERT ON arrivals BEGIN
    UPDATE arrival_totals SET count = count + CASE place
        WHEN 'answers' THEN NEW.answers WHEN 'documents' THEN NEW.documents WHEN 'files' THEN NEW.files
        WHEN 'not_documents' THEN NEW.not_documents
        ELSE NEW.files <> NEW.not_documents + NEW.documents + NEW.answers END
    WHERE lane = 0;
END;
CREATE TRIGGER arrivals_totalled_out AFTER DELETE ON arrivals BEGIN
    UPDATE arrival_totals SET count = count - CASE place
        WHEN 'answers' THEN OLD.answers WHEN 'documents' THEN OLD.documents WHEN 'files' THEN OLD.files
        WHEN 'not_documents' THEN OLD.not_documents
        ELSE OLD.files <> OLD.not_documents + OLD.documents + OLD.answers END
    WHERE lane = 0;
END;
CREATE TRIGGER arrivals_totalled_over AFTER UPDATE OF files, not_documents, documents, answers ON arrivals BEGIN
    UPDATE arrival_totals SET count = count + CASE place
        WHEN 'answers' THEN NEW.answers - OLD.answers WHEN 'documents' THEN NEW.documents - OLD.documents
        WHEN 'files' THEN NEW.files - OLD.files WHEN 'not_documents' THEN NEW.not_documents - OLD.not_documents
        ELSE (NEW.files <> NEW.not_documents + NEW.documents + NEW.answers)
            - (OLD.files <> OLD.not_documents + OLD.documents + OLD.answers) END
    WHERE lane = 0;
END;

-- From what number it was sent stands on the review for as long as it waits, beside the sender's name, for who looks for it.
-- The rest as in version 79. Whoever rebuilds `reviews` drops this trigger first and makes it again.
ALTER TABLE reviews ADD COLUMN phone TEXT;
DROP TRIGGER reviews_as_documents;
CREATE TRIGGER reviews_as_documents AFTER UPDATE OF sensitivity, resolved_at ON reviews BEGIN
    UPDATE reviews SET kind = d.kind, sensitivity = d.sensitivity,
        amount = CASE WHEN reviews.resolved_at IS NULL AND d.sensitivity = 'open' THEN d.amount END,
        party = CASE WHEN reviews.resolved_at IS NULL AND d.sensitivity = 'open' THEN NULLIF(d.issuer, '') END,
        customer = CASE WHEN reviews.resolved_at IS NULL THEN c.name_key END,
        sender = CASE WHEN reviews.resolved_at IS NULL THEN LOWER(COALESCE(k.name, k.phone)) END,
        phone = CASE WHEN reviews.resolved_at IS NULL THEN k.phone END
    FROM documents d LEFT JOIN customers c ON c.id = d.customer_id LEFT JOIN contacts k ON k.id = d.contact_id
    WHERE d.id = NEW.document_id AND reviews.id = NEW.id;
END;
UPDATE reviews SET sensitivity = sensitivity WHERE resolved_at IS NULL;
CREATE INDEX reviews_phone ON reviews (phone) WHERE resolved_at IS NULL;
