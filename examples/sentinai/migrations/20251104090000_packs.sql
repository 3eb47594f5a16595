-- Create enum pack_status
CREATE TYPE pack_status AS ENUM ('draft', 'active', 'retired');

-- Create table domain_pack_version
CREATE TABLE domain_pack_version (
  domain text NOT NULL,
  version integer NOT NULL,
  status pack_status NOT NULL DEFAULT 'draft',
  pack jsonb NOT NULL,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  activated_at timestamp with time zone,
  CONSTRAINT domain_pack_version_pkey PRIMARY KEY (domain, version),
  CONSTRAINT domain_pack_version_activated_has_time CHECK ((status = 'draft'::pack_status) = (activated_at IS NULL)),
  CONSTRAINT domain_pack_version_domain_check CHECK (domain ~ '^[a-z0-9]+(_[a-z0-9]+)*$'::text),
  CONSTRAINT domain_pack_version_pack_check CHECK (jsonb_typeof(pack) = 'object'::text),
  CONSTRAINT domain_pack_version_version_check CHECK (version > 0)
);
COMMENT ON TABLE domain_pack_version IS 'What the platform knows of a domain: exception types, entities, guardrails. The same for every tenant.';

-- Create index domain_pack_version_active
CREATE UNIQUE INDEX domain_pack_version_active ON domain_pack_version (domain) WHERE (status = 'active'::pack_status);

-- Create table tenant_policy_pack_version
CREATE TABLE tenant_policy_pack_version (
  tenant_id text NOT NULL,
  domain text NOT NULL,
  version integer NOT NULL,
  domain_pack_version integer NOT NULL,
  status pack_status NOT NULL DEFAULT 'draft',
  pack jsonb NOT NULL,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  activated_at timestamp with time zone,
  CONSTRAINT tenant_policy_pack_version_pkey PRIMARY KEY (tenant_id, domain, version),
  CONSTRAINT tenant_policy_pack_version_activated_has_time CHECK ((status = 'draft'::pack_status) = (activated_at IS NULL)),
  CONSTRAINT tenant_policy_pack_version_pack_check CHECK (jsonb_typeof(pack) = 'object'::text),
  CONSTRAINT tenant_policy_pack_version_version_check CHECK (version > 0),
  CONSTRAINT tenant_policy_pack_version_domain_domain_pack_version_fkey FOREIGN KEY (domain, domain_pack_version) REFERENCES domain_pack_version (domain, version),
  CONSTRAINT tenant_policy_pack_version_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant (tenant_id) ON DELETE CASCADE
);
COMMENT ON TABLE tenant_policy_pack_version IS 'What a tenant lays over a domain pack: severities, deadlines, approvals.';

-- Create index tenant_policy_pack_version_active
CREATE UNIQUE INDEX tenant_policy_pack_version_active ON tenant_policy_pack_version (tenant_id, domain) WHERE (status = 'active'::pack_status);

-- Create index tenant_policy_pack_version_domain_pack
CREATE INDEX tenant_policy_pack_version_domain_pack ON tenant_policy_pack_version (domain, domain_pack_version);
