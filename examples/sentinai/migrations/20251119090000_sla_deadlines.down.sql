-- Takes back sla_deadlines: the deadlines that it filled in and nobody has changed since. The trail keeps both
-- kinds of events, for it is append-only.
ALTER TABLE exception ALTER COLUMN sla_deadline DROP NOT NULL;

WITH emptied AS (
  UPDATE exception AS e
  SET sla_deadline = NULL
  WHERE EXISTS (
    SELECT FROM exception_event AS v
    WHERE v.tenant_id = e.tenant_id AND v.exception_id = e.exception_id AND v.event_type = 'sla_deadline_filled'
      AND (v.payload ->> 'sla_deadline')::timestamptz = e.sla_deadline
  )
  RETURNING e.tenant_id, e.exception_id
)
INSERT INTO exception_event (tenant_id, exception_id, event_type, actor_type)
SELECT tenant_id, exception_id, 'sla_deadline_emptied', 'system'
FROM emptied;
