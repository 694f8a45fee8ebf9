-- What a notice is called by whoever handed it in. `idempotency_key` has whose it is before that since, so that what two keys
-- call alike never meets; of what was there it is the name itself, and `made_by` says whose.
ALTER TABLE notices ADD COLUMN client_key TEXT;
