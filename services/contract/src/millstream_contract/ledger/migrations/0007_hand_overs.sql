-- How many of its attempts their workers handed over in good order (a drain): only the others count
-- toward the most that there may be.
ALTER TABLE responses ADD COLUMN handed_over integer NOT NULL DEFAULT 0;
