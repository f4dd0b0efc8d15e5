-- When the newest attempt was begun: its worker tells the work board of it a moment later.
ALTER TABLE responses ADD COLUMN claimed_at timestamptz;
