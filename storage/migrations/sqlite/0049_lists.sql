-- Each filter of a list has its index, in the order of the list.
CREATE INDEX notices_contact ON notices (contact_id, id);
CREATE INDEX notices_state ON notices (state, id);
CREATE INDEX obligations_customer ON obligations (customer_id, id);
CREATE INDEX obligations_state ON obligations (state, id);
CREATE INDEX approvals_state ON approvals (state, id);
CREATE INDEX cases_over ON cases (state, id) WHERE state IN ('done', 'expired', 'stopped');
CREATE INDEX incidents_state ON incidents (state, opened_at, id);
CREATE INDEX incidents_waiting ON incidents (opened_at, id) WHERE state <> 'resolved';
CREATE INDEX webhook_deliveries_log ON webhook_deliveries (endpoint_id, id);
CREATE INDEX webhook_deliveries_state ON webhook_deliveries (endpoint_id, state, id);
-- What was said to a contact, whatever became of it.
CREATE INDEX outbox_said ON outbox (contact_id, created_at, id);
-- The keys of requests are forgotten after a day.
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);
