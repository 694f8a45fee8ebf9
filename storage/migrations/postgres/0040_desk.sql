-- The desk: when what waits should be decided, reservations, decisions on many at once, saved views, roles, four eyes.

-- What waited already was promised within a day; what comes is given its time by storage::reviews::due.
ALTER TABLE reviews ADD COLUMN due_at BIGINT NOT NULL DEFAULT 0;
UPDATE reviews SET due_at = opened_at + 86400000000;
-- Held for somebody who has not come to it yet: prepared ahead.
ALTER TABLE reviews ADD COLUMN reserved BOOLEAN NOT NULL DEFAULT FALSE;
DROP INDEX reviews_queue;
CREATE INDEX reviews_queue ON reviews (due_at, opened_at, id) WHERE resolved_at IS NULL;

-- Decisions that were made at once are taken back at once.
ALTER TABLE holds ADD COLUMN batch UUID;
CREATE INDEX holds_batch ON holds (batch) WHERE batch IS NOT NULL;

-- What somebody looks at again and again: the queue's address, by a name of theirs.
CREATE TABLE saved_views (
    id UUID PRIMARY KEY,
    person TEXT NOT NULL,
    name TEXT NOT NULL,
    query TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (person, name)
);

-- More roles than two.
ALTER TABLE users DROP CONSTRAINT users_role_check;
ALTER TABLE users ADD CONSTRAINT users_role_check
    CHECK (role IN ('reviewer', 'finance', 'supervisor', 'admin', 'auditor'));
ALTER TABLE users ADD COLUMN disabled_at BIGINT;
-- Who they are for the identity provider: its address, a space, its name for them.
ALTER TABLE users ADD COLUMN subject TEXT UNIQUE;
-- Which browser, in words; where from.
ALTER TABLE sessions ADD COLUMN agent TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN address TEXT NOT NULL DEFAULT '';
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX users_role ON users (role) WHERE disabled_at IS NULL;

-- The trail is searched by who, what and when.
CREATE INDEX audit_actor ON audit (actor, seq);
CREATE INDEX audit_action ON audit (action, seq);
CREATE INDEX audit_at ON audit (at, seq);

-- What two persons must say alike before it is done. What a rule leaves empty is any; a rule ends and is never deleted.
CREATE TABLE four_eyes_rules (
    id UUID PRIMARY KEY,
    kind TEXT,
    reason TEXT,
    customer_id UUID,
    currency TEXT,
    amount_from BIGINT,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    ended_by TEXT,
    ended_at BIGINT
);
-- What each said, blind to the others. Nobody is their own second: the database refuses it.
CREATE TABLE opinions (
    document_id UUID NOT NULL REFERENCES documents (id),
    nth BIGINT NOT NULL CHECK (nth BETWEEN 1 AND 3),
    person TEXT NOT NULL,
    answer TEXT NOT NULL,
    given_at BIGINT NOT NULL,
    PRIMARY KEY (document_id, nth),
    UNIQUE (document_id, person)
);

-- Blind samples: of which kind, for what is measured, and how many are drawn.
ALTER TABLE quality_checks ADD COLUMN kind TEXT;
CREATE INDEX quality_checks_waiting ON quality_checks (drawn_at, id) WHERE checked_at IS NULL;
CREATE TABLE quality_shares (
    kind TEXT PRIMARY KEY,
    share_ppm BIGINT NOT NULL CHECK (share_ppm BETWEEN 0 AND 1000000),
    set_by TEXT NOT NULL,
    set_at BIGINT NOT NULL
);
