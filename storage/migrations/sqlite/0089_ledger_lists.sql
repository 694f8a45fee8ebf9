-- What the ledger's numbers count, one by one: voice notes, videos and stickers, answers that were joined to a document, and
-- messages that came to their end, each in the order of its list.
CREATE INDEX messages_others ON messages (received_at, id) WHERE file = 'other';
CREATE INDEX documents_answering ON documents (received_at, id) WHERE answers IS NOT NULL;
CREATE INDEX outbox_delivered ON outbox (created_at, id) WHERE state = 'delivered';
CREATE INDEX outbox_withdrawn ON outbox (created_at, id) WHERE state = 'withdrawn';
