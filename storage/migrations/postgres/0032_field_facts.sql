-- Where each value of a document's fields comes from: the reader's rule and version, the text as printed, and who put it in
-- the place of which other, and when. What is there says nothing of it: nobody kept it.
ALTER TABLE documents ADD COLUMN field_facts TEXT NOT NULL DEFAULT '{}';
