-- What is asked about one document, without a look at all that is asked.
CREATE INDEX approvals_asked ON approvals (document_id, id) WHERE state = 'asked';
