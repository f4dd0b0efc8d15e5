-- How many items the question was asked with; more than one, and there is context among them.
ALTER TABLE responses ADD COLUMN input_count integer NOT NULL DEFAULT 1;

-- A conversation's instructions count however long ago they were given.
CREATE INDEX items_instructions ON items (conversation_id, turn, position)
    WHERE body->>'role' IN ('system', 'developer');
