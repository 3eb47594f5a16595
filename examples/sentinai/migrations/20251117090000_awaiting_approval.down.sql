-- Takes back awaiting_approval.
--
-- Added by hand: what awaits an approval is escalated to a person, and stays so when this is applied again.
UPDATE exception SET status = 'escalated' WHERE status = 'awaiting_approval';

-- Drop check exception_resolved_has_time of exception for now, it is created again below
ALTER TABLE exception DROP CONSTRAINT exception_resolved_has_time;

-- Drop the default of column exception.status for now, it is created again below
ALTER TABLE exception ALTER COLUMN status DROP DEFAULT;

-- Make enum exception_status anew and convert the columns that use it
-- Blocks: every table with a column of type exception_status is rewritten and locked meanwhile
ALTER TYPE exception_status RENAME TO exception_status__old;
CREATE TYPE exception_status AS ENUM ('open', 'analyzing', 'escalated', 'resolved', 'closed');
ALTER TABLE exception
  ALTER COLUMN status TYPE exception_status USING status::text::exception_status;
DROP TYPE exception_status__old;

-- Create the default of column exception.status again
ALTER TABLE exception ALTER COLUMN status SET DEFAULT 'open';

-- Create check exception_resolved_has_time of exception again
ALTER TABLE exception ADD CONSTRAINT exception_resolved_has_time CHECK ((status = ANY (ARRAY['resolved'::exception_status, 'closed'::exception_status])) = (resolved_at IS NOT NULL));
