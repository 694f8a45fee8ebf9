-- The desk: the words of a page where they stand, and reviews that wait until a day or for one person.

CREATE TABLE page_words (
    document_id UUID PRIMARY KEY REFERENCES documents (id),
    words TEXT NOT NULL
);

-- Until then nobody is given it as the next.
ALTER TABLE reviews ADD COLUMN postponed_until BIGINT;
-- Whoever it was handed to: nobody else is given it as the next.
ALTER TABLE reviews ADD COLUMN handed_to TEXT;
