-- The ledger: what Millstream knows for good. Times are timestamptz, texts are UTF-8 without NUL.
CREATE EXTENSION IF NOT EXISTS vector;

CREATE TABLE conversations (
    id         text PRIMARY KEY,
    owner      text NOT NULL,
    title      text NOT NULL DEFAULT '',
    metadata   jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX conversations_of_owner ON conversations (owner, created_at DESC, id DESC);

CREATE TABLE responses (
    id                   text PRIMARY KEY,
    owner                text NOT NULL,
    conversation_id      text REFERENCES conversations ON DELETE CASCADE,
    status               text NOT NULL DEFAULT 'queued' CHECK (status IN
        ('queued', 'in_progress', 'completed', 'failed', 'incomplete', 'cancelled')),
    -- The fence: who writes here names the attempt it holds, and an older one changes nothing.
    attempt              integer NOT NULL DEFAULT 0,
    -- The question, as it was accepted.
    question             text NOT NULL,
    model                text NOT NULL,
    instructions         text,
    background           boolean NOT NULL DEFAULT false,
    previous_response_id text,
    max_output_tokens    integer,
    temperature          double precision,
    metadata             jsonb NOT NULL DEFAULT '{}',
    idempotency_key      text,
    request_digest       text NOT NULL,
    -- The answer, as far as it is known.
    passages             jsonb,
    error                jsonb,
    incomplete_reason    text,
    usage                jsonb,
    grounded             boolean,
    timings              jsonb NOT NULL DEFAULT '{}',
    -- The finished stream, frame by frame: what a viewer gets once Redis has let go of the log.
    log                  bytea,
    created_at           timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at           timestamptz,
    cancel_requested_at  timestamptz,
    completed_at         timestamptz,
    UNIQUE (owner, idempotency_key)
);
CREATE INDEX responses_of_conversation ON responses (conversation_id, created_at DESC);
CREATE INDEX responses_unfinished ON responses (created_at)
    WHERE status IN ('queued', 'in_progress');

-- What was said, in order: the question of a response, then its output items.
CREATE TABLE items (
    id              text PRIMARY KEY,
    position        bigint GENERATED ALWAYS AS IDENTITY,
    conversation_id text REFERENCES conversations ON DELETE CASCADE,
    response_id     text NOT NULL REFERENCES responses ON DELETE CASCADE,
    is_output       boolean NOT NULL,
    body            jsonb NOT NULL
);
CREATE INDEX items_of_conversation ON items (conversation_id, position);
CREATE INDEX items_of_response ON items (response_id, position);

CREATE TABLE documents (
    id           text PRIMARY KEY,
    -- Where it came from: a path or an address. A second ingest of it replaces the first.
    source       text NOT NULL UNIQUE,
    title        text NOT NULL,
    media_type   text NOT NULL,
    content      text NOT NULL,
    content_hash text NOT NULL,
    status       text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'ready', 'failed')),
    error        text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now()
);

-- Which embedding model made the vectors: vectors of two models cannot be compared.
CREATE TABLE embedding_space (
    singleton  boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    endpoint   text NOT NULL,
    dimensions integer NOT NULL
);

CREATE TABLE chunks (
    id          text PRIMARY KEY,
    document_id text NOT NULL REFERENCES documents ON DELETE CASCADE,
    ordinal     integer NOT NULL,
    -- The headings above it.
    place       text NOT NULL,
    content     text NOT NULL,
    embedding   vector(384),
    words       tsvector GENERATED ALWAYS AS
        (to_tsvector('english', place || ' ' || content)) STORED,
    UNIQUE (document_id, ordinal)
);
CREATE INDEX chunks_words ON chunks USING gin (words);
CREATE INDEX chunks_embedding ON chunks USING hnsw (embedding vector_cosine_ops);
