-- The desk: when what waits should be decided, reservations, decisions on many at once, saved views, roles, four eyes.

-- What waited already was promised within a day; what comes is given its time by storage::reviews::due.
ALTER TABLE reviews ADD COLUMN due_at BIGINT NOT NULL DEFAULT 0;
UPDATE reviews SET due_at = opened_at + 86400000000;
-- Held for somebody who has not come to it yet: prepared ahead.
ALTER TABLE reviews ADD COLUMN reserved BOOLEAN NOT NULL DEFAULT FALSE;
DROP INDEX reviews_queue;
CREATE INDEX reviews_queue ON reviews (due_at, opened_at, id) WHERE resolved_at IS NULL;

-- Decisions that were made at once are taken back at once.
ALTER TABLE holds ADD COLUMN batch BLOB;
CREATE INDEX holds_batch ON holds (batch) WHERE batch IS NOT NULL;

-- What somebody looks at again and again: the queue's address, by a name of theirs.
CREATE TABLE saved_views (
    id BLOB PRIMARY KEY,
    person TEXT NOT NULL,
    name TEXT NOT NULL,
    query TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (person, name)
);

-- More roles than two. Sessions refer to people, so both are made anew.
CREATE TABLE users_anew (
    id BLOB PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('reviewer', 'finance', 'supervisor', 'admin', 'auditor')),
    created_at BIGINT NOT NULL,
    sees_ids BOOLEAN NOT NULL DEFAULT TRUE,
    disabled_at BIGINT,
    -- Who they are for the identity provider: its address, a space, its name for them.
    subject TEXT UNIQUE
);
INSERT INTO users_anew (id, name, password_hash, role, created_at, sees_ids)
SELECT id, name, password_hash, role, created_at, sees_ids FROM users;
CREATE TABLE sessions_anew (
    sha256 BLOB PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users_anew (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- Which browser, in words; where from.
    agent TEXT NOT NULL DEFAULT '',
    address TEXT NOT NULL DEFAULT ''
);
INSERT INTO sessions_anew (sha256, user_id, created_at, expires_at)
SELECT sha256, user_id, created_at, expires_at FROM sessions;
DROP TABLE sessions;
DROP TABLE users;
ALTER TABLE users_anew RENAME TO users;
ALTER TABLE sessions_anew RENAME TO sessions;
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX users_role ON users (role) WHERE disabled_at IS NULL;

-- The trail is searched by who, what and when.
CREATE INDEX audit_actor ON audit (actor, seq);
CREATE INDEX audit_action ON audit (action, seq);
CREATE INDEX audit_at ON audit (at, seq);

-- What two persons must say alike before it is done. What a rule leaves empty is any; a rule ends and is never deleted.
CREATE TABLE four_eyes_rules (
    id BLOB PRIMARY KEY,
    kind TEXT,
    reason TEXT,
    customer_id BLOB,
    currency TEXT,
    amount_from BIGINT,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    ended_by TEXT,
    ended_at BIGINT
);
-- What each said, blind to the others. Nobody is their own second: the database refuses it.
CREATE TABLE opinions (
    document_id BLOB NOT NULL REFERENCES documents (id),
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
