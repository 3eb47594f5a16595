-- Every exception gets a deadline: that of the tenant's policy for the severity, else the platform's.
-- What was filled in is written to the trail, so that the reverse knows it from what a source system had sent.
WITH filled AS (
  UPDATE exception AS e
  SET sla_deadline = e.detected_at + interval '1 hour' * coalesce(
    (
      SELECT (p.pack -> 'sla_hours' ->> e.severity::text)::double precision
      FROM tenant_policy_pack_version AS p
      WHERE p.tenant_id = e.tenant_id AND p.domain = e.domain AND p.status = 'active'
    ),
    CASE e.severity WHEN 'critical' THEN 4 WHEN 'high' THEN 24 WHEN 'medium' THEN 72 ELSE 168 END
  )
  WHERE e.sla_deadline IS NULL
  RETURNING e.tenant_id, e.exception_id, e.sla_deadline
)
INSERT INTO exception_event (tenant_id, exception_id, event_type, actor_type, payload)
SELECT tenant_id, exception_id, 'sla_deadline_filled', 'system', jsonb_build_object('sla_deadline', sla_deadline)
FROM filled;

ALTER TABLE exception ALTER COLUMN sla_deadline SET NOT NULL;
