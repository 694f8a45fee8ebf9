-- A file that holds several documents is that many rows. The first keeps the row of the file; the others name it.
ALTER TABLE documents ADD COLUMN part TEXT;
ALTER TABLE documents ADD COLUMN part_of UUID REFERENCES documents (id) CHECK (part_of IS NULL OR part IS NOT NULL);
CREATE INDEX documents_part_of ON documents (part_of) WHERE part_of IS NOT NULL;

ALTER TABLE reviews DROP CONSTRAINT reviews_resolution_check;
ALTER TABLE reviews ADD CONSTRAINT reviews_resolution_check
    CHECK (resolution IN ('approved', 'corrected', 'rejected', 'asked_again', 'rematched', 'split'));
