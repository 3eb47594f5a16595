-- Takes back exceptions.
--
-- Running this loses data:
--   - every row of exception_event is lost
--   - every row of exception is lost

-- Drop table exception_event
-- Loses data: every row of exception_event is lost
DROP TABLE exception_event;

-- Drop function refuse_event_change()
DROP FUNCTION refuse_event_change();

-- Drop table exception
-- Loses data: every row of exception is lost
DROP TABLE exception;

-- Drop enum actor_type
DROP TYPE actor_type;

-- Drop enum exception_severity
DROP TYPE exception_severity;

-- Drop enum exception_status
DROP TYPE exception_status;
