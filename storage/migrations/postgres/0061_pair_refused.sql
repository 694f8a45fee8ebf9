-- How often Meta said (131056) that too much goes to this person from this number, since all that was sent to them was paid
-- for: by it the pair slows, whatever befell one message.
ALTER TABLE windows ADD COLUMN pair_refused BIGINT NOT NULL DEFAULT 0;
