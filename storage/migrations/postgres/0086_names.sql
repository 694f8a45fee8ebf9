-- Documents before what stands for them, and those before their reviews.
-- The words of what waits, apart: most of what has them waits no more, and to find out of each costs more than all the rest.
-- They come and go with the words of the document, and with its waiting.
CREATE TABLE document_fts_waiting (
    document_id UUID PRIMARY KEY,
    words TSVECTOR NOT NULL
);
CREATE FUNCTION words_of_what_waits() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM document_fts_waiting WHERE document_id = OLD.document_id;
    ELSE
        INSERT INTO document_fts_waiting (document_id, words)
        SELECT NEW.document_id, NEW.words FROM documents d WHERE d.id = NEW.document_id AND d.status = 'in_review'
        ON CONFLICT (document_id) DO UPDATE SET words = excluded.words;
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION what_waits_by_words() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF NEW.status = 'in_review' THEN
        INSERT INTO document_fts_waiting (document_id, words)
        SELECT s.document_id, s.words FROM document_fts s WHERE s.document_id = NEW.id
        ON CONFLICT (document_id) DO UPDATE SET words = excluded.words;
    ELSE
        DELETE FROM document_fts_waiting WHERE document_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER documents_fts_waiting AFTER UPDATE OF status ON documents FOR EACH ROW
    WHEN ((OLD.status = 'in_review') <> (NEW.status = 'in_review')) EXECUTE FUNCTION what_waits_by_words();
-- Whose paper it is that not everybody may be told, of what waits: for who may, from one name to the next.
CREATE INDEX documents_waits_withheld ON documents (issuer) WHERE status = 'in_review' AND sensitivity <> 'open';
CREATE TRIGGER document_fts_waits AFTER INSERT OR DELETE OR UPDATE OF words ON document_fts FOR EACH ROW
    EXECUTE FUNCTION words_of_what_waits();
INSERT INTO document_fts_waiting (document_id, words)
SELECT s.document_id, s.words FROM documents d JOIN document_fts s ON s.document_id = d.id WHERE d.status = 'in_review';
CREATE INDEX document_fts_waiting_words ON document_fts_waiting USING gin (words);

-- What came on all days together, kept with every change of a day, as `tally_totals` is, and how many of its rows do not come
-- out even: where there is none, no file is lost, and the whole ledger takes no longer with every day.
CREATE TABLE arrival_totals (
    place TEXT NOT NULL,
    lane BIGINT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (place, lane)
);
CREATE FUNCTION total_arrivals() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    gone arrivals%ROWTYPE;
    fresh arrivals%ROWTYPE;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        gone := OLD;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        fresh := NEW;
    END IF;
    INSERT INTO arrival_totals (place, lane, count)
    SELECT c.place, pg_backend_pid(), c.change FROM (VALUES
        ('answers', COALESCE(fresh.answers, 0) - COALESCE(gone.answers, 0)),
        ('documents', COALESCE(fresh.documents, 0) - COALESCE(gone.documents, 0)),
        ('files', COALESCE(fresh.files, 0) - COALESCE(gone.files, 0)),
        ('not_documents', COALESCE(fresh.not_documents, 0) - COALESCE(gone.not_documents, 0)),
        ('uneven', (CASE WHEN fresh.files <> fresh.not_documents + fresh.documents + fresh.answers THEN 1 ELSE 0 END
            - CASE WHEN gone.files <> gone.not_documents + gone.documents + gone.answers THEN 1 ELSE 0 END)::bigint)
    ) AS c (place, change)
    WHERE c.change <> 0
    ON CONFLICT (place, lane) DO UPDATE SET count = arrival_totals.count + excluded.count;
    RETURN NULL;
END $$;
-- From here on nobody changes a day until this is done, so what is carried over is all there is.
CREATE TRIGGER arrivals_totalled AFTER INSERT OR DELETE OR UPDATE OF files, not_documents, documents, answers ON arrivals
    FOR EACH ROW EXECUTE FUNCTION total_arrivals();
INSERT INTO arrival_totals (place, lane, count)
SELECT 'answers', 0, COALESCE(SUM(answers), 0)::bigint FROM arrivals
UNION ALL SELECT 'documents', 0, COALESCE(SUM(documents), 0)::bigint FROM arrivals
UNION ALL SELECT 'files', 0, COALESCE(SUM(files), 0)::bigint FROM arrivals
UNION ALL SELECT 'not_documents', 0, COALESCE(SUM(not_documents), 0)::bigint FROM arrivals
UNION ALL SELECT 'uneven', 0, COUNT(*) FROM arrivals WHERE files <> not_documents + documents + answers;

-- From what number it was sent stands on the review for as long as it waits, beside the sender's name, for who looks for it.
-- The rest as in version 79.
ALTER TABLE reviews ADD COLUMN phone TEXT COLLATE "C";
CREATE OR REPLACE FUNCTION review_as_document() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    waits CONSTANT BOOLEAN := NEW.resolved_at IS NULL;
BEGIN
    SELECT d.kind, d.sensitivity, CASE WHEN waits AND d.sensitivity = 'open' THEN d.amount END,
        CASE WHEN waits AND d.sensitivity = 'open' THEN NULLIF(d.issuer, '') END,
        CASE WHEN waits THEN c.name_key END, CASE WHEN waits THEN LOWER(COALESCE(k.name, k.phone)) END,
        CASE WHEN waits THEN k.phone END
    INTO NEW.kind, NEW.sensitivity, NEW.amount, NEW.party, NEW.customer, NEW.sender, NEW.phone
    FROM documents d LEFT JOIN customers c ON c.id = d.customer_id LEFT JOIN contacts k ON k.id = d.contact_id
    WHERE d.id = NEW.document_id;
    RETURN NEW;
END $$;
UPDATE reviews SET sensitivity = sensitivity WHERE resolved_at IS NULL;
CREATE INDEX reviews_phone ON reviews (phone) WHERE resolved_at IS NULL;
