-- The house's rules, as a file of them was handed in; the latest counts.
CREATE TABLE house_rules (
    version BIGINT PRIMARY KEY,
    rules TEXT NOT NULL,
    set_by TEXT NOT NULL,
    set_at BIGINT NOT NULL
);

-- By when the team that has a case answers, and when that passed without; when whoever is awaited answered first; and, of
-- one that is over, where it stood before and what it waited for. Of what is over already nobody knows.
ALTER TABLE cases ADD COLUMN answer_by BIGINT;
ALTER TABLE cases ADD COLUMN escalated_at BIGINT;
ALTER TABLE cases ADD COLUMN answered_at BIGINT;
ALTER TABLE cases ADD COLUMN left_state TEXT;
ALTER TABLE cases ADD COLUMN left_expects TEXT;
CREATE INDEX cases_answer_by ON cases (answer_by) WHERE answer_by IS NOT NULL;
CREATE INDEX cases_created ON cases (created_at, kind, state);

-- What is owed because a bill of ours was filed: it is withdrawn with the bill, and owed again with it.
ALTER TABLE obligations ADD COLUMN by_rule BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE obligations ADD COLUMN withdrawn_at BIGINT;

-- What is asked because a document comes to so much: an approval holds for that sum and no larger one.
ALTER TABLE approvals ADD COLUMN by_rule BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE approvals ADD COLUMN up_to BIGINT;
ALTER TABLE approvals ADD COLUMN currency TEXT;
