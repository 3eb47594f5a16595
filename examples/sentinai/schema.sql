-- SentinAI: exceptions of business transactions, handled by AI agents, for many tenants.
--
-- This file is the master. Change it here, then `npm run db:autogenerate -- what_changed` writes the
-- revision. PostgreSQL 13 or later; no extension is needed.
--
-- Rules that hold throughout:
--   * Whatever belongs to a tenant carries tenant_id, and every reference between such tables includes it:
--     no row can point at another tenant's row, whatever the application does.
--   * Every such table also refers to tenant itself, ON DELETE CASCADE: a tenant leaves in one statement.
--   * Packs and playbooks are versions. What an exception was handled by stays as it was.


-- Types ------------------------------------------------------------------------------------------------

CREATE TYPE tenant_status AS ENUM ('active', 'suspended', 'archived');
CREATE TYPE pack_status AS ENUM ('draft', 'active', 'retired');
CREATE TYPE exception_severity AS ENUM ('low', 'medium', 'high', 'critical');
CREATE TYPE exception_status AS ENUM ('open', 'analyzing', 'awaiting_approval', 'escalated', 'resolved', 'closed');
CREATE TYPE actor_type AS ENUM ('agent', 'user', 'system');
CREATE TYPE step_action AS ENUM ('call_tool', 'notify', 'assign_owner', 'set_status', 'wait', 'ask_approval');
CREATE TYPE tool_type AS ENUM ('http', 'sql', 'message_queue', 'email', 'webhook');


-- Trigger functions ------------------------------------------------------------------------------------

CREATE FUNCTION set_updated_at() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END;
$$;
COMMENT ON FUNCTION set_updated_at() IS 'Trigger: stamps the row with the time of the transaction that changed it.';


-- Tenants ----------------------------------------------------------------------------------------------

CREATE TABLE tenant (
    tenant_id  text PRIMARY KEY CHECK (tenant_id ~ '^[a-z0-9]+([_-][a-z0-9]+)*$' AND length(tenant_id) <= 63),
    name       text NOT NULL CHECK (name <> ''),
    status     tenant_status NOT NULL DEFAULT 'active',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE tenant IS 'A customer. Everything of theirs goes with this row.';

CREATE TRIGGER tenant_updated_at BEFORE UPDATE ON tenant FOR EACH ROW EXECUTE FUNCTION set_updated_at();


-- Packs ------------------------------------------------------------------------------------------------

CREATE TABLE domain_pack_version (
    domain       text NOT NULL CHECK (domain ~ '^[a-z0-9]+(_[a-z0-9]+)*$'),
    version      integer NOT NULL CHECK (version > 0),
    status       pack_status NOT NULL DEFAULT 'draft',
    pack         jsonb NOT NULL CHECK (jsonb_typeof(pack) = 'object'),
    created_at   timestamptz NOT NULL DEFAULT now(),
    activated_at timestamptz,
    PRIMARY KEY (domain, version),
    CONSTRAINT domain_pack_version_activated_has_time CHECK ((status = 'draft') = (activated_at IS NULL))
);
COMMENT ON TABLE domain_pack_version IS 'What the platform knows of a domain: exception types, entities, guardrails. The same for every tenant.';

CREATE UNIQUE INDEX domain_pack_version_active ON domain_pack_version (domain) WHERE status = 'active';

CREATE TABLE tenant_policy_pack_version (
    tenant_id           text NOT NULL REFERENCES tenant ON DELETE CASCADE,
    domain              text NOT NULL,
    version             integer NOT NULL CHECK (version > 0),
    domain_pack_version integer NOT NULL,
    status              pack_status NOT NULL DEFAULT 'draft',
    pack                jsonb NOT NULL CHECK (jsonb_typeof(pack) = 'object'),
    created_at          timestamptz NOT NULL DEFAULT now(),
    activated_at        timestamptz,
    PRIMARY KEY (tenant_id, domain, version),
    FOREIGN KEY (domain, domain_pack_version) REFERENCES domain_pack_version (domain, version),
    CONSTRAINT tenant_policy_pack_version_activated_has_time CHECK ((status = 'draft') = (activated_at IS NULL))
);
COMMENT ON TABLE tenant_policy_pack_version IS 'What a tenant lays over a domain pack: severities, deadlines, approvals.';

CREATE UNIQUE INDEX tenant_policy_pack_version_active ON tenant_policy_pack_version (tenant_id, domain)
    WHERE status = 'active';
CREATE INDEX tenant_policy_pack_version_domain_pack ON tenant_policy_pack_version (domain, domain_pack_version);


-- Playbooks and tools ----------------------------------------------------------------------------------

CREATE TABLE playbook (
    playbook_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id   text NOT NULL REFERENCES tenant ON DELETE CASCADE,
    name        text NOT NULL CHECK (name <> ''),
    version     integer NOT NULL DEFAULT 1 CHECK (version > 0),
    conditions  jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(conditions) = 'object'),
    is_enabled  boolean NOT NULL DEFAULT true,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, playbook_id),
    UNIQUE (tenant_id, name, version)
);
COMMENT ON TABLE playbook IS 'Steps that handle one kind of exception.';
COMMENT ON COLUMN playbook.conditions IS 'Which exceptions it is for: domain, type, severities.';

CREATE INDEX playbook_conditions ON playbook USING gin (conditions jsonb_path_ops) WHERE is_enabled;

CREATE TRIGGER playbook_updated_at BEFORE UPDATE ON playbook FOR EACH ROW EXECUTE FUNCTION set_updated_at();

CREATE TABLE tool_definition (
    tool_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id  text REFERENCES tenant ON DELETE CASCADE,
    scope      text NOT NULL GENERATED ALWAYS AS (coalesce(tenant_id, '*')) STORED,
    name       text NOT NULL CHECK (name <> ''),
    type       tool_type NOT NULL,
    config     jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(config) = 'object'),
    is_enabled boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (scope, tool_id),
    UNIQUE (scope, name)
);
COMMENT ON TABLE tool_definition IS 'What an agent may call. Without a tenant it is there for all of them.';
COMMENT ON COLUMN tool_definition.scope IS 'The tenant, or * for all: what a foreign key can hold on to where tenant_id is null.';
COMMENT ON COLUMN tool_definition.config IS 'Addresses and schemas; secrets stay in the secret store and are named here.';

CREATE INDEX tool_definition_tenant ON tool_definition (tenant_id) WHERE tenant_id IS NOT NULL;

CREATE TRIGGER tool_definition_updated_at BEFORE UPDATE ON tool_definition
    FOR EACH ROW EXECUTE FUNCTION set_updated_at();

CREATE TABLE playbook_step (
    step_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id   text NOT NULL REFERENCES tenant ON DELETE CASCADE,
    playbook_id bigint NOT NULL,
    step_order  integer NOT NULL CHECK (step_order > 0),
    name        text NOT NULL CHECK (name <> ''),
    action      step_action NOT NULL,
    params      jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(params) = 'object'),
    tool_scope  text,
    tool_id     bigint,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    -- Two steps change places in one transaction: the order is looked at when it ends.
    UNIQUE (playbook_id, step_order) DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (tenant_id, playbook_id) REFERENCES playbook (tenant_id, playbook_id) ON DELETE CASCADE,
    -- A tool in use is not deleted but disabled, except with its tenant.
    FOREIGN KEY (tool_scope, tool_id) REFERENCES tool_definition (scope, tool_id),
    CONSTRAINT playbook_step_tool_is_global_or_own CHECK (tool_scope IN ('*', tenant_id)),
    CONSTRAINT playbook_step_tool_is_whole CHECK ((tool_scope IS NULL) = (tool_id IS NULL)),
    CONSTRAINT playbook_step_only_calls_have_tool CHECK (tool_id IS NULL OR action = 'call_tool')
);
COMMENT ON TABLE playbook_step IS 'One step of a playbook, in the order of step_order.';

CREATE INDEX playbook_step_tenant_playbook ON playbook_step (tenant_id, playbook_id);
CREATE INDEX playbook_step_tool ON playbook_step (tool_scope, tool_id) WHERE tool_id IS NOT NULL;

CREATE TRIGGER playbook_step_updated_at BEFORE UPDATE ON playbook_step
    FOR EACH ROW EXECUTE FUNCTION set_updated_at();


-- Exceptions -------------------------------------------------------------------------------------------

CREATE TABLE exception (
    tenant_id           text NOT NULL REFERENCES tenant ON DELETE CASCADE,
    exception_id        text NOT NULL CHECK (exception_id <> ''),
    domain              text NOT NULL,
    type                text NOT NULL,
    severity            exception_severity NOT NULL,
    status              exception_status NOT NULL DEFAULT 'open',
    source_system       text NOT NULL,
    entity              text,
    amount              numeric(20, 4),
    currency            char(3) CHECK (currency ~ '^[A-Z]{3}$'),
    context             jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(context) = 'object'),
    owner               text,
    detected_at         timestamptz NOT NULL DEFAULT now(),
    sla_deadline        timestamptz NOT NULL,
    resolved_at         timestamptz,
    current_playbook_id bigint REFERENCES playbook ON DELETE SET NULL,
    current_step        integer CHECK (current_step > 0),
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, exception_id),
    -- The second half of the reference above: the playbook is the tenant's own. ON DELETE SET NULL of this one
    -- would also null tenant_id before PostgreSQL 15; and it waits for the commit, so that the other goes first.
    CONSTRAINT exception_playbook_is_own FOREIGN KEY (tenant_id, current_playbook_id)
        REFERENCES playbook (tenant_id, playbook_id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT exception_step_has_playbook CHECK (current_step IS NULL OR current_playbook_id IS NOT NULL),
    CONSTRAINT exception_amount_has_currency CHECK ((amount IS NULL) = (currency IS NULL)),
    CONSTRAINT exception_resolved_has_time CHECK ((status IN ('resolved', 'closed')) = (resolved_at IS NOT NULL))
);
COMMENT ON TABLE exception IS 'A business transaction that did not go as it should, and how far its handling is.';
COMMENT ON COLUMN exception.exception_id IS 'The number the source system gave it; unique within the tenant.';
COMMENT ON COLUMN exception.context IS 'The transaction as the agents see it, normalised by the domain pack.';

-- The queue of a tenant: what is not done yet, the most urgent first.
CREATE INDEX exception_work_queue ON exception (tenant_id, sla_deadline, severity DESC)
    WHERE status NOT IN ('resolved', 'closed');
CREATE INDEX exception_type ON exception (tenant_id, domain, type, detected_at DESC);
CREATE INDEX exception_entity ON exception (tenant_id, entity) WHERE entity IS NOT NULL;
CREATE INDEX exception_current_playbook ON exception (current_playbook_id, tenant_id)
    WHERE current_playbook_id IS NOT NULL;

CREATE TRIGGER exception_updated_at BEFORE UPDATE ON exception FOR EACH ROW EXECUTE FUNCTION set_updated_at();

CREATE FUNCTION leave_playbook() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    NEW.current_step := NULL;
    RETURN NEW;
END;
$$;
COMMENT ON FUNCTION leave_playbook() IS 'Trigger: without a playbook there is no step, also when the playbook was deleted.';

CREATE TRIGGER exception_leave_playbook BEFORE UPDATE OF current_playbook_id ON exception
    FOR EACH ROW WHEN (NEW.current_playbook_id IS NULL) EXECUTE FUNCTION leave_playbook();

CREATE TABLE exception_event (
    event_id     uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id    text NOT NULL REFERENCES tenant ON DELETE CASCADE,
    exception_id text NOT NULL,
    event_type   text NOT NULL CHECK (event_type ~ '^[a-z]+(_[a-z]+)*$'),
    actor_type   actor_type NOT NULL,
    actor_id     text,
    payload      jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(payload) = 'object'),
    occurred_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    FOREIGN KEY (tenant_id, exception_id) REFERENCES exception (tenant_id, exception_id) ON DELETE CASCADE,
    CONSTRAINT exception_event_actor_is_known CHECK (actor_type = 'system' OR actor_id IS NOT NULL)
);
COMMENT ON TABLE exception_event IS 'What happened to an exception, by whom. Append-only; goes with the exception or the tenant.';

CREATE INDEX exception_event_timeline ON exception_event (tenant_id, exception_id, occurred_at);
CREATE INDEX exception_event_recent ON exception_event (tenant_id, event_type, occurred_at DESC);

CREATE FUNCTION refuse_event_change() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'exception_event is append-only' USING ERRCODE = 'insufficient_privilege';
END;
$$;

-- Depth 0 is a statement of the application; ON DELETE CASCADE works from within a trigger.
CREATE TRIGGER exception_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON exception_event
    FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION refuse_event_change();
