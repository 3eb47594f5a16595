-- Create enum actor_type
CREATE TYPE actor_type AS ENUM ('agent', 'user', 'system');

-- Create enum exception_severity
CREATE TYPE exception_severity AS ENUM ('low', 'medium', 'high', 'critical');

-- Create enum exception_status
CREATE TYPE exception_status AS ENUM ('open', 'analyzing', 'escalated', 'resolved', 'closed');

-- Create table exception
CREATE TABLE exception (
  tenant_id text NOT NULL,
  exception_id text NOT NULL,
  domain text NOT NULL,
  type text NOT NULL,
  severity exception_severity NOT NULL,
  status exception_status NOT NULL DEFAULT 'open',
  source_system text NOT NULL,
  entity text,
  amount numeric(20,4),
  currency character(3),
  context jsonb NOT NULL DEFAULT '{}',
  owner text,
  detected_at timestamp with time zone NOT NULL DEFAULT now(),
  sla_deadline timestamp with time zone,
  resolved_at timestamp with time zone,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT exception_pkey PRIMARY KEY (tenant_id, exception_id),
  CONSTRAINT exception_amount_has_currency CHECK ((amount IS NULL) = (currency IS NULL)),
  CONSTRAINT exception_context_check CHECK (jsonb_typeof(context) = 'object'::text),
  CONSTRAINT exception_currency_check CHECK (currency ~ '^[A-Z]{3}$'::text),
  CONSTRAINT exception_exception_id_check CHECK (exception_id <> ''::text),
  CONSTRAINT exception_resolved_has_time CHECK ((status = ANY (ARRAY['resolved'::exception_status, 'closed'::exception_status])) = (resolved_at IS NOT NULL)),
  CONSTRAINT exception_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant (tenant_id) ON DELETE CASCADE
);
COMMENT ON COLUMN exception.context IS 'The transaction as the agents see it, normalised by the domain pack.';
COMMENT ON COLUMN exception.exception_id IS 'The number the source system gave it; unique within the tenant.';
COMMENT ON TABLE exception IS 'A business transaction that did not go as it should, and how far its handling is.';

-- Create index exception_entity
CREATE INDEX exception_entity ON exception (tenant_id, entity) WHERE (entity IS NOT NULL);

-- Create index exception_type
CREATE INDEX exception_type ON exception (tenant_id, domain, type, detected_at DESC);

-- Create trigger exception_updated_at on exception
CREATE TRIGGER exception_updated_at BEFORE UPDATE ON exception FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- Create table exception_event
CREATE TABLE exception_event (
  event_id uuid NOT NULL DEFAULT gen_random_uuid(),
  tenant_id text NOT NULL,
  exception_id text NOT NULL,
  event_type text NOT NULL,
  actor_type actor_type NOT NULL,
  actor_id text,
  payload jsonb NOT NULL DEFAULT '{}',
  occurred_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT exception_event_pkey PRIMARY KEY (event_id),
  CONSTRAINT exception_event_actor_is_known CHECK ((actor_type = 'system'::actor_type) OR (actor_id IS NOT NULL)),
  CONSTRAINT exception_event_event_type_check CHECK (event_type ~ '^[a-z]+(_[a-z]+)*$'::text),
  CONSTRAINT exception_event_payload_check CHECK (jsonb_typeof(payload) = 'object'::text),
  CONSTRAINT exception_event_tenant_id_exception_id_fkey FOREIGN KEY (tenant_id, exception_id) REFERENCES exception (tenant_id, exception_id) ON DELETE CASCADE,
  CONSTRAINT exception_event_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant (tenant_id) ON DELETE CASCADE
);
COMMENT ON TABLE exception_event IS 'What happened to an exception, by whom. Append-only; goes with the exception or the tenant.';

-- Create index exception_event_recent
CREATE INDEX exception_event_recent ON exception_event (tenant_id, event_type, occurred_at DESC);

-- Create index exception_event_timeline
CREATE INDEX exception_event_timeline ON exception_event (tenant_id, exception_id, occurred_at);

-- Create function refuse_event_change()
CREATE FUNCTION refuse_event_change()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    RAISE EXCEPTION 'exception_event is append-only' USING ERRCODE = 'insufficient_privilege';
END;
$$;

-- Create trigger exception_event_append_only on exception_event
CREATE TRIGGER exception_event_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON exception_event FOR EACH STATEMENT WHEN ((pg_trigger_depth() = 0)) EXECUTE FUNCTION refuse_event_change();
