-- The collections of a customer, and what was said in them.
CREATE INDEX cases_collections ON cases (subject) WHERE kind = 'collection';
