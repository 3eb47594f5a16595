-- Built while the service writes. A statement like this cannot be in a transaction: Tidemark sees that, runs the
-- file statement by statement, and goes on where it stopped if it is interrupted.
CREATE INDEX CONCURRENTLY exception_work_queue ON exception (tenant_id, sla_deadline, severity DESC)
  WHERE status NOT IN ('resolved', 'closed');
