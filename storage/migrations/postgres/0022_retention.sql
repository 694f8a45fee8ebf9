-- The channel's own rows go when their time is over; what is emptied already is not looked at again.
CREATE INDEX messages_kept ON messages (received_at) WHERE raw <> '{}';
CREATE INDEX message_statuses_at ON message_statuses (at);
CREATE INDEX messages_delivery ON messages (delivery_id) WHERE delivery_id IS NOT NULL;
