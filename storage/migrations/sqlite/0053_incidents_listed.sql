-- Lists of incidents: of one state, and of all that is not over.
CREATE INDEX incidents_state ON incidents (state, opened_at, id);
CREATE INDEX incidents_waiting ON incidents (opened_at, id) WHERE state <> 'resolved';
