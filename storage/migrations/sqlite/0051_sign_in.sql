-- Signing in at an identity provider.

-- By which address somebody is known there before their first sign-in; in lower case.
ALTER TABLE users ADD COLUMN email TEXT;
CREATE UNIQUE INDEX users_email ON users (email);

-- Who people are for the providers. From the first sign-in on only the provider's own name for somebody counts.
CREATE TABLE person_identities (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id),
    -- What the provider last said; finds nobody.
    email TEXT,
    linked_at BIGINT NOT NULL,
    last_at BIGINT,
    PRIMARY KEY (issuer, subject),
    UNIQUE (user_id, issuer)
);
-- What stood in one column came from nowhere yet, and comes along.
INSERT INTO person_identities (issuer, subject, user_id, linked_at)
SELECT substr(subject, 1, instr(subject, ' ') - 1), substr(subject, instr(subject, ' ') + 1), id, created_at
FROM users WHERE subject LIKE '_% _%';

-- How somebody signed in.
ALTER TABLE sessions ADD COLUMN signed_in_by TEXT NOT NULL DEFAULT 'password' CHECK (signed_in_by IN ('password', 'oidc'));

-- Sign-ins that came back once; none comes back twice.
CREATE TABLE spent_sign_ins (
    sha256 BLOB PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX spent_sign_ins_expiry ON spent_sign_ins (expires_at);

-- What seals a sign-in on its way, for every machine that serves this catalog.
CREATE TABLE sign_in_keys (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    secret BLOB NOT NULL,
    created_at BIGINT NOT NULL
);
