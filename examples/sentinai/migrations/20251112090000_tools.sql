-- Create enum tool_type
CREATE TYPE tool_type AS ENUM ('http', 'sql', 'message_queue', 'email', 'webhook');

-- Create column playbook_step.tool_scope
ALTER TABLE playbook_step ADD COLUMN tool_scope text;

-- Create column playbook_step.tool_id
ALTER TABLE playbook_step ADD COLUMN tool_id bigint;

-- Create check playbook_step_only_calls_have_tool of playbook_step
-- May fail: check playbook_step_only_calls_have_tool cannot be added to playbook_step when a row does not satisfy it
ALTER TABLE playbook_step ADD CONSTRAINT playbook_step_only_calls_have_tool CHECK ((tool_id IS NULL) OR (action = 'call_tool'::step_action));

-- Create check playbook_step_tool_is_global_or_own of playbook_step
-- May fail: check playbook_step_tool_is_global_or_own cannot be added to playbook_step when a row does not satisfy it
ALTER TABLE playbook_step ADD CONSTRAINT playbook_step_tool_is_global_or_own CHECK ((tool_scope = '*'::text) OR (tool_scope = tenant_id));

-- Create check playbook_step_tool_is_whole of playbook_step
-- May fail: check playbook_step_tool_is_whole cannot be added to playbook_step when a row does not satisfy it
ALTER TABLE playbook_step ADD CONSTRAINT playbook_step_tool_is_whole CHECK ((tool_scope IS NULL) = (tool_id IS NULL));

-- Create index playbook_step_tool
CREATE INDEX playbook_step_tool ON playbook_step (tool_scope, tool_id) WHERE (tool_id IS NOT NULL);

-- Create table tool_definition
CREATE TABLE tool_definition (
  tool_id bigint GENERATED ALWAYS AS IDENTITY,
  tenant_id text,
  scope text GENERATED ALWAYS AS (COALESCE(tenant_id, '*'::text)) STORED NOT NULL,
  name text NOT NULL,
  type tool_type NOT NULL,
  config jsonb NOT NULL DEFAULT '{}',
  is_enabled boolean NOT NULL DEFAULT true,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT tool_definition_pkey PRIMARY KEY (tool_id),
  CONSTRAINT tool_definition_scope_name_key UNIQUE (scope, name),
  CONSTRAINT tool_definition_scope_tool_id_key UNIQUE (scope, tool_id),
  CONSTRAINT tool_definition_config_check CHECK (jsonb_typeof(config) = 'object'::text),
  CONSTRAINT tool_definition_name_check CHECK (name <> ''::text),
  CONSTRAINT tool_definition_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant (tenant_id) ON DELETE CASCADE
);
COMMENT ON COLUMN tool_definition.config IS 'Addresses and schemas; secrets stay in the secret store and are named here.';
COMMENT ON COLUMN tool_definition.scope IS 'The tenant, or * for all: what a foreign key can hold on to where tenant_id is null.';
COMMENT ON TABLE tool_definition IS 'What an agent may call. Without a tenant it is there for all of them.';

-- Create foreign key playbook_step_tool_scope_tool_id_fkey of playbook_step
-- May fail: foreign key playbook_step_tool_scope_tool_id_fkey cannot be added to playbook_step when a row refers to one that is not there
ALTER TABLE playbook_step ADD CONSTRAINT playbook_step_tool_scope_tool_id_fkey FOREIGN KEY (tool_scope, tool_id) REFERENCES tool_definition (scope, tool_id);

-- Create index tool_definition_tenant
CREATE INDEX tool_definition_tenant ON tool_definition (tenant_id) WHERE (tenant_id IS NOT NULL);

-- Create trigger tool_definition_updated_at on tool_definition
CREATE TRIGGER tool_definition_updated_at BEFORE UPDATE ON tool_definition FOR EACH ROW EXECUTE FUNCTION set_updated_at();
