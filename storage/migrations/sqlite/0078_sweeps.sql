-- What runs by the clock goes by an index, also where nobody ever told the planner how much there is of anything.
-- Who the contacts of a customer are, asked of every customer who owes.
CREATE INDEX contacts_customer ON contacts (customer_id) WHERE customer_id IS NOT NULL;
-- Who became another, asked of everybody who is erased.
CREATE INDEX contacts_merged ON contacts (merged_into) WHERE merged_into IS NOT NULL;
-- The same as `cases_collections`.
DROP INDEX cases_collected;
-- Made anew as it was: of two that it takes for as good SQLite goes by the newest, and this one has only what is open.
DROP INDEX cases_collecting;
CREATE INDEX cases_collecting ON cases (subject)
    WHERE kind = 'collection' AND state IN ('gathering', 'working', 'waiting', 'human');
-- Who is asked for an approval.
CREATE INDEX cases_approval ON cases (subject) WHERE kind = 'approval';
-- What is over, by when it was: without its state in the condition, for asked for that SQLite takes the index of all states.
DROP INDEX incidents_over;
CREATE INDEX incidents_ended ON incidents (resolved_at) WHERE resolved_at IS NOT NULL;
-- What was said of a document that is erased.
CREATE INDEX incidents_about ON incidents (subject);
-- The people among all that was erased, which once retention runs is nearly all documents.
CREATE INDEX erasures_people ON erasures (subject) WHERE kind = 'contact';
