-- tidemark:parent base

-- Create enum tenant_status
CREATE TYPE tenant_status AS ENUM ('active', 'suspended', 'archived');

-- Create table tenant
CREATE TABLE tenant (
  tenant_id text NOT NULL,
  name text NOT NULL,
  status tenant_status NOT NULL DEFAULT 'active',
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT tenant_pkey PRIMARY KEY (tenant_id),
  CONSTRAINT tenant_name_check CHECK (name <> ''::text),
  CONSTRAINT tenant_tenant_id_check CHECK ((tenant_id ~ '^[a-z0-9]+([_-][a-z0-9]+)*$'::text) AND (length(tenant_id) <= 63))
);
COMMENT ON TABLE tenant IS 'A customer. Everything of theirs goes with this row.';

-- Create function set_updated_at()
CREATE FUNCTION set_updated_at()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END;
$$;
COMMENT ON FUNCTION set_updated_at() IS 'Trigger: stamps the row with the time of the transaction that changed it.';

-- Create trigger tenant_updated_at on tenant
CREATE TRIGGER tenant_updated_at BEFORE UPDATE ON tenant FOR EACH ROW EXECUTE FUNCTION set_updated_at();
