-- Create enum step_action
CREATE TYPE step_action AS ENUM (
  'call_tool',
  'notify',
  'assign_owner',
  'set_status',
  'wait',
  'ask_approval'
);

-- Create column exception.current_playbook_id
ALTER TABLE exception ADD COLUMN current_playbook_id bigint;

-- Create column exception.current_step
ALTER TABLE exception ADD COLUMN current_step integer;

-- Create check exception_current_step_check of exception
-- May fail: check exception_current_step_check cannot be added to exception when a row does not satisfy it
ALTER TABLE exception ADD CONSTRAINT exception_current_step_check CHECK (current_step > 0);

-- Create check exception_step_has_playbook of exception
-- May fail: check exception_step_has_playbook cannot be added to exception when a row does not satisfy it
ALTER TABLE exception ADD CONSTRAINT exception_step_has_playbook CHECK ((current_step IS NULL) OR (current_playbook_id IS NOT NULL));

-- Create index exception_current_playbook
CREATE INDEX exception_current_playbook ON exception (current_playbook_id, tenant_id) WHERE (current_playbook_id IS NOT NULL);

-- Create table playbook
CREATE TABLE playbook (
  playbook_id bigint GENERATED ALWAYS AS IDENTITY,
  tenant_id text NOT NULL,
  name text NOT NULL,
  version integer NOT NULL DEFAULT 1,
  conditions jsonb NOT NULL DEFAULT '{}',
  is_enabled boolean NOT NULL DEFAULT true,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT playbook_pkey PRIMARY KEY (playbook_id),
  CONSTRAINT playbook_tenant_id_name_version_key UNIQUE (tenant_id, name, version),
  CONSTRAINT playbook_tenant_id_playbook_id_key UNIQUE (tenant_id, playbook_id),
  CONSTRAINT playbook_conditions_check CHECK (jsonb_typeof(conditions) = 'object'::text),
  CONSTRAINT playbook_name_check CHECK (name <> ''::text),
  CONSTRAINT playbook_version_check CHECK (version > 0),
  CONSTRAINT playbook_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant (tenant_id) ON DELETE CASCADE
);
COMMENT ON COLUMN playbook.conditions IS 'Which exceptions it is for: domain, type, severities.';
COMMENT ON TABLE playbook IS 'Steps that handle one kind of exception.';

-- Create foreign key exception_current_playbook_id_fkey of exception
-- May fail: foreign key exception_current_playbook_id_fkey cannot be added to exception when a row refers to one that is not there
ALTER TABLE exception ADD CONSTRAINT exception_current_playbook_id_fkey FOREIGN KEY (current_playbook_id) REFERENCES playbook (playbook_id) ON DELETE SET NULL;

-- Create foreign key exception_playbook_is_own of exception
-- May fail: foreign key exception_playbook_is_own cannot be added to exception when a row refers to one that is not there
ALTER TABLE exception ADD CONSTRAINT exception_playbook_is_own FOREIGN KEY (tenant_id, current_playbook_id) REFERENCES playbook (tenant_id, playbook_id) DEFERRABLE INITIALLY DEFERRED;

-- Create index playbook_conditions
CREATE INDEX playbook_conditions ON playbook USING gin (conditions jsonb_path_ops) WHERE is_enabled;

-- Create trigger playbook_updated_at on playbook
CREATE TRIGGER playbook_updated_at BEFORE UPDATE ON playbook FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- Create table playbook_step
CREATE TABLE playbook_step (
  step_id bigint GENERATED ALWAYS AS IDENTITY,
  tenant_id text NOT NULL,
  playbook_id bigint NOT NULL,
  step_order integer NOT NULL,
  name text NOT NULL,
  action step_action NOT NULL,
  params jsonb NOT NULL DEFAULT '{}',
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT playbook_step_pkey PRIMARY KEY (step_id),
  CONSTRAINT playbook_step_playbook_id_step_order_key UNIQUE (playbook_id, step_order) DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT playbook_step_name_check CHECK (name <> ''::text),
  CONSTRAINT playbook_step_params_check CHECK (jsonb_typeof(params) = 'object'::text),
  CONSTRAINT playbook_step_step_order_check CHECK (step_order > 0),
  CONSTRAINT playbook_step_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant (tenant_id) ON DELETE CASCADE,
  CONSTRAINT playbook_step_tenant_id_playbook_id_fkey FOREIGN KEY (tenant_id, playbook_id) REFERENCES playbook (tenant_id, playbook_id) ON DELETE CASCADE
);
COMMENT ON TABLE playbook_step IS 'One step of a playbook, in the order of step_order.';

-- Create index playbook_step_tenant_playbook
CREATE INDEX playbook_step_tenant_playbook ON playbook_step (tenant_id, playbook_id);

-- Create trigger playbook_step_updated_at on playbook_step
CREATE TRIGGER playbook_step_updated_at BEFORE UPDATE ON playbook_step FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- Create function leave_playbook()
CREATE FUNCTION leave_playbook()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    NEW.current_step := NULL;
    RETURN NEW;
END;
$$;
COMMENT ON FUNCTION leave_playbook() IS 'Trigger: without a playbook there is no step, also when the playbook was deleted.';

-- Create trigger exception_leave_playbook on exception
CREATE TRIGGER exception_leave_playbook BEFORE UPDATE OF current_playbook_id ON exception FOR EACH ROW WHEN ((new.current_playbook_id IS NULL)) EXECUTE FUNCTION leave_playbook();
