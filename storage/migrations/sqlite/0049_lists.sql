-- Each filter of a list has its index, in the order of the list. The tables that live processes write most have theirs in
-- migrations of their own, so that none holds two of them at once.
CREATE INDEX notices_contact ON notices (contact_id, id);
CREATE INDEX notices_state ON notices (state, id);
CREATE INDEX obligations_customer ON obligations (customer_id, id);
CREATE INDEX obligations_state ON obligations (state, id);
CREATE INDEX approvals_state ON approvals (state, id);
-- The keys of requests are forgotten after a day.
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);
