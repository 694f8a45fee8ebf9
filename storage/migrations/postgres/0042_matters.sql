-- Notices are sent: each knows its message, how it ended and why, and with which others it was handed in.
ALTER TABLE notices ADD COLUMN outbox_id UUID;
ALTER TABLE notices ADD COLUMN category TEXT NOT NULL DEFAULT 'utility'
    CHECK (category IN ('utility', 'marketing', 'billing'));
ALTER TABLE notices ADD COLUMN batch UUID;
ALTER TABLE notices ADD COLUMN error TEXT;
ALTER TABLE notices ADD COLUMN made_by TEXT NOT NULL DEFAULT '';
ALTER TABLE notices ADD COLUMN updated_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX notices_outbox ON notices (outbox_id);
CREATE INDEX notices_batch ON notices (batch, id) WHERE batch IS NOT NULL;

-- What is owed to us is collected: who is reminded over which number, how often they were, and what they promised. What
-- was there waits until its customer's next change.
ALTER TABLE obligations ADD COLUMN entity_id UUID REFERENCES entities (id);
ALTER TABLE obligations ADD COLUMN contact_id UUID REFERENCES contacts (id);
ALTER TABLE obligations ADD COLUMN phone_number_id TEXT;
ALTER TABLE obligations ADD COLUMN document_id UUID REFERENCES documents (id);
ALTER TABLE obligations ADD COLUMN said BIGINT NOT NULL DEFAULT 0;
ALTER TABLE obligations ADD COLUMN said_at BIGINT;
ALTER TABLE obligations ADD COLUMN promised_for TEXT;
ALTER TABLE obligations ADD COLUMN made_by TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX obligations_document ON obligations (document_id) WHERE document_id IS NOT NULL;
CREATE INDEX obligations_open ON obligations (customer_id) WHERE state IN ('open', 'held');

-- Which receipt pays which of it: proposed to a person, confirmed by one or by itself, refused, or undone with its receipt.
CREATE TABLE obligation_payments (
    obligation_id UUID NOT NULL REFERENCES obligations (id),
    document_id UUID NOT NULL REFERENCES documents (id),
    amount TEXT NOT NULL,
    reference TEXT,
    state TEXT NOT NULL CHECK (state IN ('proposed', 'confirmed', 'refused', 'undone')),
    doubts TEXT NOT NULL DEFAULT '[]',
    decided_by TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (obligation_id, document_id)
);
CREATE INDEX obligation_payments_document ON obligation_payments (document_id);
CREATE INDEX obligation_payments_reference ON obligation_payments (reference) WHERE reference IS NOT NULL;

-- Approvals: who is asked, in which order or any of them, what they are asked, and who decided.
ALTER TABLE approvals ADD COLUMN question TEXT NOT NULL DEFAULT '';
ALTER TABLE approvals ADD COLUMN approvers TEXT NOT NULL DEFAULT '[]';
ALTER TABLE approvals ADD COLUMN mode TEXT NOT NULL DEFAULT 'order' CHECK (mode IN ('order', 'any'));
ALTER TABLE approvals ADD COLUMN position BIGINT NOT NULL DEFAULT 0;
ALTER TABLE approvals ADD COLUMN phone_number_id TEXT NOT NULL DEFAULT '';
ALTER TABLE approvals ADD COLUMN asked_by TEXT NOT NULL DEFAULT '';
ALTER TABLE approvals ADD COLUMN decided_by UUID REFERENCES contacts (id);
ALTER TABLE approvals ADD COLUMN message_id UUID;
CREATE INDEX approvals_document ON approvals (document_id) WHERE document_id IS NOT NULL;
