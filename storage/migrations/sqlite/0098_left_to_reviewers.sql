-- What waits for an approver while none is asked any more is a reviewer's.
UPDATE documents SET waits_for = 'reviewer', version = version + 1
WHERE status = 'in_review' AND waits_for = 'approver'
  AND EXISTS (SELECT 1 FROM approvals a WHERE a.document_id = documents.id AND a.state = 'asked')
  AND NOT EXISTS (
    SELECT 1 FROM approvals a JOIN cases c ON c.kind = 'approval' AND REPLACE(SUBSTR(c.subject, 1, 36), '-', '') = LOWER(HEX(a.id))
    WHERE a.document_id = documents.id AND a.state = 'asked' AND c.state IN ('gathering', 'working', 'waiting'));
