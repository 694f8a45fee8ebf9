-- One query for every list of documents. What a document says of its issuer and total gets columns, filled by
-- storage::documents::keys; each filter has an index that is in the order of arrival, and each order one of its own.
ALTER TABLE documents ADD COLUMN issuer TEXT;
ALTER TABLE documents ADD COLUMN issuer_tax_id TEXT;
ALTER TABLE documents ADD COLUMN amount BIGINT;
INSERT INTO backfills (name, upto_id, total)
SELECT 'document_keys', (SELECT id FROM documents ORDER BY id DESC LIMIT 1), COUNT(*)
FROM documents HAVING COUNT(*) > 0;
DROP INDEX documents_status;
DROP INDEX documents_received;
DROP INDEX documents_customer;
DROP INDEX documents_contact;
CREATE INDEX documents_received ON documents (received_at, id);
CREATE INDEX documents_updated ON documents (updated_at, id);
CREATE INDEX documents_status ON documents (status, received_at, id);
CREATE INDEX documents_duplicates ON documents (received_at, id) WHERE duplicate_of IS NOT NULL;
CREATE INDEX documents_kind ON documents (kind, received_at, id);
CREATE INDEX documents_source ON documents (source, received_at, id);
CREATE INDEX documents_customer ON documents (customer_id, received_at, id);
CREATE INDEX documents_contact ON documents (contact_id, received_at, id);
CREATE INDEX documents_issuer ON documents (issuer);
CREATE INDEX documents_tax_id ON documents (issuer_tax_id, received_at, id);
CREATE INDEX documents_currency ON documents (currency, received_at, id);
CREATE INDEX documents_date ON documents (COALESCE(doc_date, ''), id);
CREATE INDEX documents_amount ON documents (COALESCE(amount, -9223372036854775807), id);
