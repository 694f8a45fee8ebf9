-- For which part that is away a document waits, and in which place: it is woken when that answers, the lowest place first.
ALTER TABLE documents ADD COLUMN waits_part TEXT;
ALTER TABLE documents ADD COLUMN wake_place BIGINT;
CREATE INDEX documents_waits_part ON documents (waits_part, wake_place, id) WHERE waits_part IS NOT NULL;
