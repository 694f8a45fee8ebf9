-- Choices that a case offered to somebody: each offer is good for one tap.
CREATE TABLE choices (
    nonce TEXT PRIMARY KEY,
    case_id UUID NOT NULL REFERENCES cases (id),
    contact_id UUID NOT NULL REFERENCES contacts (id),
    options TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    taken BIGINT,
    taken_at BIGINT,
    -- The message that took it, which may be pruned one day.
    message_id UUID,
    created_at BIGINT NOT NULL
);
CREATE INDEX choices_case ON choices (case_id);

-- Passwords that were asked for. They stand sealed until they are used or an hour old; the message that brought one is
-- known for as long as it may come again.
CREATE TABLE case_secrets (
    phone_number_id TEXT NOT NULL,
    wamid TEXT NOT NULL,
    case_id UUID NOT NULL REFERENCES cases (id),
    document_id UUID NOT NULL REFERENCES documents (id),
    sealed TEXT,
    expires_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (phone_number_id, wamid)
);
CREATE INDEX case_secrets_sealed ON case_secrets (document_id) WHERE sealed IS NOT NULL;
CREATE INDEX case_secrets_created ON case_secrets (created_at);
CREATE INDEX cases_password ON cases (contact_id) WHERE expects = 'password';
