-- Whom what was approved is paid to: another payee is another question. What was asked before is of whom its document names
-- now; where nobody knows, it is asked again.
ALTER TABLE approvals ADD COLUMN payee TEXT;
UPDATE approvals SET payee = (
    SELECT COALESCE(d.party, '') || ' ' || upper(replace(COALESCE(json_extract(d.fields, '$.iban.value'), ''), ' ', ''))
    FROM documents d WHERE d.id = approvals.document_id AND d.erased_at IS NULL)
WHERE by_rule;
