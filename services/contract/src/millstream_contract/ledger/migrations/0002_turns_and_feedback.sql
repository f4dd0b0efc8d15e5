-- A turn: a question with its answer, or items that were added by themselves. The order of a
-- conversation is that of its turns; a question that is asked while an earlier one is being
-- answered comes behind that one's answer, though its item is stored before.
CREATE SEQUENCE turns;

ALTER TABLE responses ADD COLUMN turn bigint;
UPDATE responses SET turn =
    (SELECT min(position) FROM items WHERE items.response_id = responses.id);
ALTER TABLE items ADD COLUMN turn bigint;
UPDATE items SET turn = (SELECT turn FROM responses WHERE responses.id = items.response_id);
SELECT setval('turns', (SELECT coalesce(max(position), 0) + 1 FROM items));

ALTER TABLE responses ALTER COLUMN turn SET DEFAULT nextval('turns');
ALTER TABLE responses ALTER COLUMN turn SET NOT NULL;
ALTER TABLE items ALTER COLUMN turn SET DEFAULT nextval('turns');
ALTER TABLE items ALTER COLUMN turn SET NOT NULL;
-- Items can be added to a conversation without a response.
ALTER TABLE items ALTER COLUMN response_id DROP NOT NULL;

DROP INDEX items_of_conversation;
CREATE INDEX items_of_conversation ON items (conversation_id, turn, position);
DROP INDEX responses_of_conversation;
CREATE INDEX responses_of_conversation ON responses (conversation_id, turn DESC);

-- The response whose place this one took, and the one that took this one's place.
ALTER TABLE responses ADD COLUMN replaces text;
ALTER TABLE responses ADD COLUMN superseded_by text;

-- What its owner thinks of an answer.
CREATE TABLE feedback (
    response_id text NOT NULL REFERENCES responses ON DELETE CASCADE,
    owner       text NOT NULL,
    rating      text NOT NULL CHECK (rating IN ('up', 'down')),
    comment     text,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (response_id, owner)
);
