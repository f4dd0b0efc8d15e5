-- Keys by which programs log in. The key itself is nowhere: who reads this table can use none.
CREATE TABLE api_keys (
    id           text PRIMARY KEY,
    owner        text NOT NULL,
    name         text NOT NULL,
    digest       bytea NOT NULL UNIQUE,
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz,
    last_used_at timestamptz,
    revoked_at   timestamptz
);
CREATE INDEX api_keys_of_owner ON api_keys (owner, created_at);
