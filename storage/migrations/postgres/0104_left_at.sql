-- Since when nobody is left who could be asked for an approval: a person decides, and the buttons count still.
ALTER TABLE approvals ADD COLUMN left_at BIGINT;
UPDATE approvals SET left_at = COALESCE((
    SELECT MAX(c.updated_at) FROM cases c WHERE c.kind = 'approval' AND SUBSTR(c.subject, 1, 36) = CAST(approvals.id AS TEXT)), created_at)
WHERE state = 'asked' AND NOT EXISTS (
    SELECT 1 FROM cases c WHERE c.kind = 'approval' AND SUBSTR(c.subject, 1, 36) = CAST(approvals.id AS TEXT)
    AND c.state IN ('gathering', 'working', 'waiting'));
-- What waits for an approver while none is left is a reviewer's.
UPDATE documents SET waits_for = 'reviewer', version = version + 1
WHERE status = 'in_review' AND waits_for = 'approver'
  AND EXISTS (SELECT 1 FROM approvals a WHERE a.document_id = documents.id AND a.state = 'asked')
  AND NOT EXISTS (
    SELECT 1 FROM approvals a WHERE a.document_id = documents.id AND a.state = 'asked' AND a.left_at IS NULL);
-- Whoever closed the last case of one meant it to be over: the next sweep ends it, and tells so.
UPDATE approvals SET due_at = left_at
WHERE state = 'asked' AND due_at IS NULL AND EXISTS (
    SELECT 1 FROM cases c WHERE c.kind = 'approval' AND SUBSTR(c.subject, 1, 36) = CAST(approvals.id AS TEXT)) AND NOT EXISTS (
    SELECT 1 FROM cases c WHERE c.kind = 'approval' AND SUBSTR(c.subject, 1, 36) = CAST(approvals.id AS TEXT)
    AND c.state IN ('gathering', 'working', 'waiting', 'human'));

-- Who of us decided it in the place of approvers of whom none was left.
ALTER TABLE approvals ADD COLUMN decided_by_person TEXT;

-- When somebody tapped choices that did not count yet: they are asked again once one does.
ALTER TABLE choices ADD COLUMN tapped_at BIGINT;
CREATE INDEX choices_tapped ON choices (case_id) WHERE tapped_at IS NOT NULL;
