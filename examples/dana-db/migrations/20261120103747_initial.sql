-- Create extension btree_gin
CREATE EXTENSION IF NOT EXISTS btree_gin;

-- Create extension citext
CREATE EXTENSION IF NOT EXISTS citext;

-- Create extension pg_trgm
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- Create extension vector
CREATE EXTENSION IF NOT EXISTS vector;

-- Create schema audit
CREATE SCHEMA audit;
COMMENT ON SCHEMA audit IS 'Who changed what, and when. Written by triggers only.';

-- Create enum audit.action
CREATE TYPE audit.action AS ENUM ('insert', 'update', 'delete');

-- Create enum data_source_kind
CREATE TYPE data_source_kind AS ENUM (
  'upload',
  'website',
  'postgres',
  'google_drive',
  'sharepoint',
  's3'
);

-- Create enum delivery_status
CREATE TYPE delivery_status AS ENUM ('pending', 'delivered', 'failed', 'abandoned');

-- Create enum document_status
CREATE TYPE document_status AS ENUM ('pending', 'processing', 'ready', 'failed');

-- Create enum execution_status
CREATE TYPE execution_status AS ENUM (
  'queued',
  'running',
  'waiting',
  'succeeded',
  'failed',
  'cancelled'
);

-- Create enum execution_trigger
CREATE TYPE execution_trigger AS ENUM ('manual', 'schedule', 'webhook', 'api', 'agent');

-- Create enum feedback_rating
CREATE TYPE feedback_rating AS ENUM ('up', 'down');

-- Create enum membership_status
CREATE TYPE membership_status AS ENUM ('active', 'suspended');

-- Create enum message_role
CREATE TYPE message_role AS ENUM ('system', 'user', 'assistant', 'tool');

-- Create enum organisation_plan
CREATE TYPE organisation_plan AS ENUM ('free', 'team', 'business', 'enterprise');

-- Create enum sync_status
CREATE TYPE sync_status AS ENUM ('queued', 'running', 'succeeded', 'failed');

-- Create enum tool_kind
CREATE TYPE tool_kind AS ENUM ('http', 'sql', 'search', 'function');

-- Create enum usage_kind
CREATE TYPE usage_kind AS ENUM (
  'prompt_tokens',
  'completion_tokens',
  'embedding_tokens',
  'storage_bytes',
  'execution_seconds'
);

-- Create domain digest
CREATE DOMAIN digest AS bytea
  CONSTRAINT digest_is_sha256 CHECK ((octet_length(VALUE) = 32));
COMMENT ON DOMAIN digest IS 'SHA-256 of a secret. The secret itself is never stored.';

-- Create domain email
CREATE DOMAIN email AS citext
  CONSTRAINT email_has_one_at CHECK ((VALUE ~ '^[^@[:space:]]+@[^@[:space:]]+$'::citext));
COMMENT ON DOMAIN email IS 'An e-mail address; compared without regard to case.';

-- Create domain slug
CREATE DOMAIN slug AS text
  CONSTRAINT slug_is_url_safe CHECK (((VALUE ~ '^[a-z0-9]+(-[a-z0-9]+)*$'::text) AND (length(VALUE) <= 63)));
COMMENT ON DOMAIN slug IS 'A name that can stand in a URL or a host name.';

-- Create table audit.log
CREATE TABLE audit.log (
  id bigint GENERATED ALWAYS AS IDENTITY,
  occurred_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  organisation_id uuid,
  actor_id uuid,
  action audit.action NOT NULL,
  table_name text NOT NULL,
  row_id uuid,
  old_values jsonb,
  new_values jsonb,
  CONSTRAINT log_pkey PRIMARY KEY (id),
  CONSTRAINT log_values_fit_action CHECK (((old_values IS NOT NULL) = (action <> 'insert'::audit.action)) AND ((new_values IS NOT NULL) = (action <> 'delete'::audit.action)))
);
COMMENT ON COLUMN audit.log.actor_id IS 'The setting app.user_id of the transaction; null for maintenance by hand.';
COMMENT ON COLUMN audit.log.organisation_id IS 'No foreign key: the trail outlives the organisation.';
COMMENT ON TABLE audit.log IS 'One row for each changed row of the audited tables.';

-- Create index audit.log_actor_idx
CREATE INDEX log_actor_idx ON audit.log (actor_id, occurred_at DESC) WHERE (actor_id IS NOT NULL);

-- Create index audit.log_organisation_idx
CREATE INDEX log_organisation_idx ON audit.log (organisation_id, occurred_at DESC);

-- Create index audit.log_row_idx
CREATE INDEX log_row_idx ON audit.log (table_name, row_id);

-- Create table organisations
CREATE TABLE organisations (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  slug slug NOT NULL,
  name text NOT NULL,
  plan organisation_plan NOT NULL DEFAULT 'free',
  settings jsonb NOT NULL DEFAULT '{}',
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  archived_at timestamp with time zone,
  CONSTRAINT organisations_pkey PRIMARY KEY (id),
  CONSTRAINT organisations_slug_key UNIQUE (slug),
  CONSTRAINT organisations_name_check CHECK ((length(name) >= 1) AND (length(name) <= 200)),
  CONSTRAINT organisations_settings_check CHECK (jsonb_typeof(settings) = 'object'::text)
);
COMMENT ON COLUMN organisations.archived_at IS 'Set when the customer has left; the nightly job deletes the row 30 days later.';
COMMENT ON TABLE organisations IS 'A tenant. Everything a customer owns hangs below one row here.';

-- Create table permissions
CREATE TABLE permissions (
  key text NOT NULL,
  description text NOT NULL,
  CONSTRAINT permissions_pkey PRIMARY KEY (key),
  CONSTRAINT permissions_key_check CHECK (key ~ '^[a-z_]+:[a-z_]+$'::text)
);
COMMENT ON TABLE permissions IS 'Everything that can be allowed, as resource:action. Changes with the application, by migration.';

-- Create table roles
CREATE TABLE roles (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  organisation_id uuid NOT NULL,
  name text NOT NULL,
  description text NOT NULL DEFAULT '',
  is_built_in boolean NOT NULL DEFAULT false,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT roles_pkey PRIMARY KEY (id),
  CONSTRAINT roles_organisation_id_id_key UNIQUE (organisation_id, id),
  CONSTRAINT roles_name_check CHECK ((length(name) >= 1) AND (length(name) <= 100)),
  CONSTRAINT roles_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations (id) ON DELETE CASCADE
);
COMMENT ON TABLE roles IS 'A named set of permissions in an organisation. Built-in ones cannot be edited by customers.';

-- Create table role_permissions
CREATE TABLE role_permissions (
  organisation_id uuid NOT NULL,
  role_id uuid NOT NULL,
  permission text NOT NULL,
  CONSTRAINT role_permissions_pkey PRIMARY KEY (role_id, permission),
  CONSTRAINT role_permissions_organisation_id_role_id_fkey FOREIGN KEY (organisation_id, role_id) REFERENCES roles (organisation_id, id) ON DELETE CASCADE,
  CONSTRAINT role_permissions_permission_fkey FOREIGN KEY (permission) REFERENCES permissions (key) ON UPDATE CASCADE ON DELETE CASCADE
);
COMMENT ON TABLE role_permissions IS 'What a role allows.';

-- Create index role_permissions_permission_idx
CREATE INDEX role_permissions_permission_idx ON role_permissions (permission);

-- Create index roles_name_key
CREATE UNIQUE INDEX roles_name_key ON roles (organisation_id, lower(name));

-- Create table tools
CREATE TABLE tools (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  organisation_id uuid NOT NULL,
  name text NOT NULL,
  kind tool_kind NOT NULL,
  description text NOT NULL,
  input_schema jsonb NOT NULL,
  config jsonb NOT NULL DEFAULT '{}',
  timeout interval NOT NULL DEFAULT '00:00:30',
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT tools_pkey PRIMARY KEY (id),
  CONSTRAINT tools_organisation_id_id_key UNIQUE (organisation_id, id),
  CONSTRAINT tools_organisation_id_name_key UNIQUE (organisation_id, name),
  CONSTRAINT tools_config_check CHECK (jsonb_typeof(config) = 'object'::text),
  CONSTRAINT tools_input_schema_check CHECK (jsonb_typeof(input_schema) = 'object'::text),
  CONSTRAINT tools_name_check CHECK (name ~ '^[a-zA-Z_][a-zA-Z0-9_]{0,63}$'::text),
  CONSTRAINT tools_timeout_check CHECK ((timeout >= '00:00:01'::interval) AND (timeout <= '00:10:00'::interval)),
  CONSTRAINT tools_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations (id) ON DELETE CASCADE
);
COMMENT ON COLUMN tools.input_schema IS 'JSON Schema of the arguments, as given to the model.';
COMMENT ON TABLE tools IS 'Something an agent or a workflow can call.';

-- Create table users
CREATE TABLE users (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  email email NOT NULL,
  display_name text NOT NULL,
  password_hash text,
  avatar_url text,
  locale text NOT NULL DEFAULT 'en',
  email_verified_at timestamp with time zone,
  last_seen_at timestamp with time zone,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT users_pkey PRIMARY KEY (id),
  CONSTRAINT users_email_key UNIQUE (email),
  CONSTRAINT users_display_name_check CHECK ((length(display_name) >= 1) AND (length(display_name) <= 200)),
  CONSTRAINT users_locale_check CHECK (locale ~ '^[a-z]{2,3}(-[A-Z]{2})?$'::text)
);
COMMENT ON COLUMN users.password_hash IS 'Argon2id in PHC format; null for those who sign in through an identity provider.';
COMMENT ON TABLE users IS 'A person. Belongs to no tenant: one person can be a member of several organisations.';

-- Create table api_keys
CREATE TABLE api_keys (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  organisation_id uuid NOT NULL,
  name text NOT NULL,
  prefix text NOT NULL,
  key_hash digest NOT NULL,
  created_by uuid,
  last_used_at timestamp with time zone,
  expires_at timestamp with time zone,
  revoked_at timestamp with time zone,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT api_keys_pkey PRIMARY KEY (id),
  CONSTRAINT api_keys_key_hash_key UNIQUE (key_hash),
  CONSTRAINT api_keys_organisation_id_id_key UNIQUE (organisation_id, id),
  CONSTRAINT api_keys_prefix_key UNIQUE (prefix),
  CONSTRAINT api_keys_name_check CHECK ((length(name) >= 1) AND (length(name) <= 100)),
  CONSTRAINT api_keys_prefix_check CHECK (prefix ~ '^dana_[A-Za-z0-9]{8}$'::text),
  CONSTRAINT api_keys_created_by_fkey FOREIGN KEY (created_by) REFERENCES users (id) ON DELETE SET NULL,
  CONSTRAINT api_keys_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations (id) ON DELETE CASCADE
);
COMMENT ON TABLE api_keys IS 'A key for programs. Shown once when made; recognised afterwards by its prefix and digest.';

-- Create index api_keys_usable_idx
CREATE INDEX api_keys_usable_idx ON api_keys (organisation_id, name) INCLUDE (prefix, expires_at) WHERE (revoked_at IS NULL);

-- Create table data_sources
CREATE TABLE data_sources (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  organisation_id uuid NOT NULL,
  name text NOT NULL,
  kind data_source_kind NOT NULL,
  config jsonb NOT NULL DEFAULT '{}',
  credentials bytea,
  sync_interval interval,
  last_synced_at timestamp with time zone,
  created_by uuid,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT data_sources_pkey PRIMARY KEY (id),
  CONSTRAINT data_sources_organisation_id_id_key UNIQUE (organisation_id, id),
  CONSTRAINT data_sources_config_check CHECK (jsonb_typeof(config) = 'object'::text),
  CONSTRAINT data_sources_name_check CHECK ((length(name) >= 1) AND (length(name) <= 200)),
  CONSTRAINT data_sources_sync_interval_check CHECK (sync_interval >= '00:05:00'::interval),
  CONSTRAINT data_sources_created_by_fkey FOREIGN KEY (created_by) REFERENCES users (id) ON DELETE SET NULL,
  CONSTRAINT data_sources_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations (id) ON DELETE CASCADE
);
COMMENT ON COLUMN data_sources.credentials IS 'Encrypted by the application with the organisation''s key; the database never sees the plain text.';
COMMENT ON COLUMN data_sources.sync_interval IS 'Null: only when somebody asks.';
COMMENT ON TABLE data_sources IS 'Where an organisation''s knowledge comes from.';

-- Create table data_source_syncs
CREATE TABLE data_source_syncs (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  organisation_id uuid NOT NULL,
  data_source_id uuid NOT NULL,
  status sync_status NOT NULL DEFAULT 'queued',
  added integer NOT NULL DEFAULT 0,
  changed integer NOT NULL DEFAULT 0,
  removed integer NOT NULL DEFAULT 0,
  error text,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  started_at timestamp with time zone,
  finished_at timestamp with time zone,
  duration interval GENERATED ALWAYS AS (finished_at - started_at) STORED,
  CONSTRAINT data_source_syncs_pkey PRIMARY KEY (id),
  CONSTRAINT data_source_syncs_added_check CHECK (added >= 0),
  CONSTRAINT data_source_syncs_changed_check CHECK (changed >= 0),
  CONSTRAINT data_source_syncs_failure_has_error CHECK ((status = 'failed'::sync_status) = (error IS NOT NULL)),
  CONSTRAINT data_source_syncs_removed_check CHECK (removed >= 0),
  CONSTRAINT data_source_syncs_times CHECK (finished_at >= started_at),
  CONSTRAINT data_source_syncs_organisation_id_data_source_id_fkey FOREIGN KEY (organisation_id, data_source_id) REFERENCES data_sources (organisation_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE data_source_syncs IS 'One run of reading a data source.';

-- Create index data_source_syncs_one_active_key
CREATE UNIQUE INDEX data_source_syncs_one_active_key ON data_source_syncs (data_source_id) WHERE (status = ANY (ARRAY['queued'::sync_status, 'running'::sync_status]));

-- Create index data_source_syncs_recent_idx
CREATE INDEX data_source_syncs_recent_idx ON data_source_syncs (organisation_id, data_source_id, created_at DESC);

-- Create index data_sources_due_idx
CREATE INDEX data_sources_due_idx ON data_sources (last_synced_at NULLS FIRST) WHERE (sync_interval IS NOT NULL);

-- Create index data_sources_name_key
CREATE UNIQUE INDEX data_sources_name_key ON data_sources (organisation_id, lower(name));

-- Create table documents
CREATE TABLE documents (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  organisation_id uuid NOT NULL,
  data_source_id uuid NOT NULL,
  external_id text NOT NULL,
  title text NOT NULL,
  summary text NOT NULL DEFAULT '',
  mime_type text NOT NULL,
  byte_size bigint NOT NULL,
  content_hash digest NOT NULL,
  status document_status NOT NULL DEFAULT 'pending',
  metadata jsonb NOT NULL DEFAULT '{}',
  tags text[] NOT NULL DEFAULT '{}',
  search tsvector GENERATED ALWAYS AS (setweight(to_tsvector('english'::regconfig, title), 'A'::"char") || setweight(to_tsvector('english'::regconfig, summary), 'B'::"char")) STORED,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT documents_pkey PRIMARY KEY (id),
  CONSTRAINT documents_data_source_id_external_id_key UNIQUE (data_source_id, external_id),
  CONSTRAINT documents_organisation_id_id_key UNIQUE (organisation_id, id),
  CONSTRAINT documents_byte_size_check CHECK (byte_size >= 0),
  CONSTRAINT documents_metadata_check CHECK (jsonb_typeof(metadata) = 'object'::text),
  CONSTRAINT documents_mime_type_check CHECK (mime_type ~~ '_%/_%'::text),
  CONSTRAINT documents_organisation_id_data_source_id_fkey FOREIGN KEY (organisation_id, data_source_id) REFERENCES data_sources (organisation_id, id) ON DELETE CASCADE,
  CONSTRAINT documents_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations (id) ON DELETE CASCADE
);
COMMENT ON COLUMN documents.content_hash IS 'Unchanged content is not chunked and embedded again.';
COMMENT ON COLUMN documents.external_id IS 'What the source calls it; with the source it is the identity across syncs.';
COMMENT ON TABLE documents IS 'A file, a page or a record of a data source.';

-- Create table document_chunks
CREATE TABLE document_chunks (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  organisation_id uuid NOT NULL,
  document_id uuid NOT NULL,
  ordinal integer NOT NULL,
  content text NOT NULL,
  token_count integer NOT NULL,
  embedding vector(1536),
  embedding_model text,
  metadata jsonb NOT NULL DEFAULT '{}',
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT document_chunks_pkey PRIMARY KEY (id),
  CONSTRAINT document_chunks_document_id_ordinal_key UNIQUE (document_id, ordinal),
  CONSTRAINT document_chunks_organisation_id_id_key UNIQUE (organisation_id, id),
  CONSTRAINT document_chunks_embedding_names_model CHECK ((embedding IS NULL) = (embedding_model IS NULL)),
  CONSTRAINT document_chunks_ordinal_check CHECK (ordinal >= 0),
  CONSTRAINT document_chunks_token_count_check CHECK (token_count > 0),
  CONSTRAINT document_chunks_organisation_id_document_id_fkey FOREIGN KEY (organisation_id, document_id) REFERENCES documents (organisation_id, id) ON DELETE CASCADE
);
COMMENT ON COLUMN document_chunks.embedding IS 'Null until the embedding worker has been here.';
COMMENT ON TABLE document_chunks IS 'A piece of a document small enough to embed and to put into a prompt.';

-- Create index document_chunks_document_idx
CREATE INDEX document_chunks_document_idx ON document_chunks (organisation_id, document_id);

-- Create index document_chunks_embedding_idx
CREATE INDEX document_chunks_embedding_idx ON document_chunks USING hnsw (embedding vector_cosine_ops) WITH (ef_construction = 64, m = 16);

-- Create index document_chunks_to_embed_idx
CREATE INDEX document_chunks_to_embed_idx ON document_chunks (created_at) WHERE (embedding IS NULL);

-- Create index documents_metadata_idx
CREATE INDEX documents_metadata_idx ON documents USING gin (metadata jsonb_path_ops);

-- Create index documents_search_idx
CREATE INDEX documents_search_idx ON documents USING gin (search);

-- Create index documents_tags_idx
CREATE INDEX documents_tags_idx ON documents USING gin (organisation_id, tags);

-- Create index documents_title_trgm_idx
CREATE INDEX documents_title_trgm_idx ON documents USING gin (organisation_id, title gin_trgm_ops);

-- Create index documents_unfinished_idx
CREATE INDEX documents_unfinished_idx ON documents (organisation_id, created_at) WHERE (status <> 'ready'::document_status);

-- Create table invitations
CREATE TABLE invitations (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  organisation_id uuid NOT NULL,
  email email NOT NULL,
  token_hash digest NOT NULL,
  invited_by uuid,
  expires_at timestamp with time zone NOT NULL DEFAULT (now() + '7 days'::interval),
  accepted_at timestamp with time zone,
  revoked_at timestamp with time zone,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT invitations_pkey PRIMARY KEY (id),
  CONSTRAINT invitations_token_hash_key UNIQUE (token_hash),
  CONSTRAINT invitations_one_outcome CHECK (num_nonnulls(accepted_at, revoked_at) <= 1),
  CONSTRAINT invitations_invited_by_fkey FOREIGN KEY (invited_by) REFERENCES users (id) ON DELETE SET NULL,
  CONSTRAINT invitations_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations (id) ON DELETE CASCADE
);
COMMENT ON TABLE invitations IS 'An invitation by e-mail. At most one is open for an address in an organisation.';

-- Create index invitations_open_key
CREATE UNIQUE INDEX invitations_open_key ON invitations (organisation_id, email) WHERE ((accepted_at IS NULL) AND (revoked_at IS NULL));

-- Create table memberships
CREATE TABLE memberships (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  organisation_id uuid NOT NULL,
  user_id uuid NOT NULL,
  status membership_status NOT NULL DEFAULT 'active',
  is_owner boolean NOT NULL DEFAULT false,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT memberships_pkey PRIMARY KEY (id),
  CONSTRAINT memberships_organisation_id_id_key UNIQUE (organisation_id, id),
  CONSTRAINT memberships_organisation_id_user_id_key UNIQUE (organisation_id, user_id),
  CONSTRAINT memberships_owner_is_active CHECK ((NOT is_owner) OR (status = 'active'::membership_status)),
  CONSTRAINT memberships_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations (id) ON DELETE CASCADE,
  CONSTRAINT memberships_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);
COMMENT ON TABLE memberships IS 'A person in an organisation. What they may do there comes from role_assignments.';

-- Create index memberships_user_id_idx
CREATE INDEX memberships_user_id_idx ON memberships (user_id);

-- Create table prompt_templates
CREATE TABLE prompt_templates (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  organisation_id uuid NOT NULL,
  name text NOT NULL,
  version integer NOT NULL DEFAULT 1,
  body text NOT NULL,
  variables text[] NOT NULL DEFAULT '{}',
  created_by uuid,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT prompt_templates_pkey PRIMARY KEY (id),
  CONSTRAINT prompt_templates_organisation_id_id_key UNIQUE (organisation_id, id),
  CONSTRAINT prompt_templates_organisation_id_name_version_key UNIQUE (organisation_id, name, version),
  CONSTRAINT prompt_templates_version_check CHECK (version > 0),
  CONSTRAINT prompt_templates_created_by_fkey FOREIGN KEY (created_by) REFERENCES users (id) ON DELETE SET NULL,
  CONSTRAINT prompt_templates_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations (id) ON DELETE CASCADE
);
COMMENT ON TABLE prompt_templates IS 'Prompts are never edited: a change is the next version.';

-- Create table ai_agents
CREATE TABLE ai_agents (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  organisation_id uuid NOT NULL,
  name text NOT NULL,
  description text NOT NULL DEFAULT '',
  model text NOT NULL,
  temperature numeric(3,2) NOT NULL DEFAULT 0.7,
  max_output_tokens integer,
  prompt_template_id uuid,
  config jsonb NOT NULL DEFAULT '{}',
  is_enabled boolean NOT NULL DEFAULT true,
  created_by uuid,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT ai_agents_pkey PRIMARY KEY (id),
  CONSTRAINT ai_agents_organisation_id_id_key UNIQUE (organisation_id, id),
  CONSTRAINT ai_agents_config_check CHECK (jsonb_typeof(config) = 'object'::text),
  CONSTRAINT ai_agents_max_output_tokens_check CHECK (max_output_tokens > 0),
  CONSTRAINT ai_agents_name_check CHECK ((length(name) >= 1) AND (length(name) <= 100)),
  CONSTRAINT ai_agents_temperature_check CHECK ((temperature >= (0)::numeric) AND (temperature <= (2)::numeric)),
  CONSTRAINT ai_agents_created_by_fkey FOREIGN KEY (created_by) REFERENCES users (id) ON DELETE SET NULL,
  CONSTRAINT ai_agents_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations (id) ON DELETE CASCADE,
  CONSTRAINT ai_agents_organisation_id_prompt_template_id_fkey FOREIGN KEY (organisation_id, prompt_template_id) REFERENCES prompt_templates (organisation_id, id)
);
COMMENT ON TABLE ai_agents IS 'A configured assistant: a model, a prompt, tools and the data it may read.';

-- Create table agent_data_sources
CREATE TABLE agent_data_sources (
  organisation_id uuid NOT NULL,
  agent_id uuid NOT NULL,
  data_source_id uuid NOT NULL,
  CONSTRAINT agent_data_sources_pkey PRIMARY KEY (agent_id, data_source_id),
  CONSTRAINT agent_data_sources_organisation_id_agent_id_fkey FOREIGN KEY (organisation_id, agent_id) REFERENCES ai_agents (organisation_id, id) ON DELETE CASCADE,
  CONSTRAINT agent_data_sources_organisation_id_data_source_id_fkey FOREIGN KEY (organisation_id, data_source_id) REFERENCES data_sources (organisation_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE agent_data_sources IS 'The data sources an agent may search.';

-- Create index agent_data_sources_data_source_idx
CREATE INDEX agent_data_sources_data_source_idx ON agent_data_sources (organisation_id, data_source_id);

-- Create table agent_tools
CREATE TABLE agent_tools (
  organisation_id uuid NOT NULL,
  agent_id uuid NOT NULL,
  tool_id uuid NOT NULL,
  "position" smallint NOT NULL DEFAULT 0,
  requires_approval boolean NOT NULL DEFAULT false,
  CONSTRAINT agent_tools_pkey PRIMARY KEY (agent_id, tool_id),
  CONSTRAINT agent_tools_organisation_id_agent_id_fkey FOREIGN KEY (organisation_id, agent_id) REFERENCES ai_agents (organisation_id, id) ON DELETE CASCADE,
  CONSTRAINT agent_tools_organisation_id_tool_id_fkey FOREIGN KEY (organisation_id, tool_id) REFERENCES tools (organisation_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE agent_tools IS 'The tools an agent may call, in the order the model sees them.';

-- Create index agent_tools_tool_idx
CREATE INDEX agent_tools_tool_idx ON agent_tools (organisation_id, tool_id);

-- Create index ai_agents_name_key
CREATE UNIQUE INDEX ai_agents_name_key ON ai_agents (organisation_id, lower(name));

-- Create index ai_agents_prompt_template_idx
CREATE INDEX ai_agents_prompt_template_idx ON ai_agents (organisation_id, prompt_template_id);

-- Create table conversations
CREATE TABLE conversations (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  organisation_id uuid NOT NULL,
  agent_id uuid,
  user_id uuid,
  title text,
  metadata jsonb NOT NULL DEFAULT '{}',
  pinned_at timestamp with time zone,
  archived_at timestamp with time zone,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT conversations_pkey PRIMARY KEY (id),
  CONSTRAINT conversations_organisation_id_id_key UNIQUE (organisation_id, id),
  CONSTRAINT conversations_metadata_check CHECK (jsonb_typeof(metadata) = 'object'::text),
  CONSTRAINT conversations_organisation_id_agent_id_fkey FOREIGN KEY (organisation_id, agent_id) REFERENCES ai_agents (organisation_id, id),
  CONSTRAINT conversations_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations (id) ON DELETE CASCADE,
  CONSTRAINT conversations_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE SET NULL
);
COMMENT ON TABLE conversations IS 'A thread of messages with an agent. An agent that has conversations is disabled, not deleted.';

-- Create index conversations_agent_idx
CREATE INDEX conversations_agent_idx ON conversations (organisation_id, agent_id);

-- Create index conversations_recent_idx
CREATE INDEX conversations_recent_idx ON conversations (organisation_id, user_id, updated_at DESC) WHERE (archived_at IS NULL);

-- Create index conversations_title_trgm_idx
CREATE INDEX conversations_title_trgm_idx ON conversations USING gin (organisation_id, title gin_trgm_ops);

-- Create table messages
CREATE TABLE messages (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  organisation_id uuid NOT NULL,
  conversation_id uuid NOT NULL,
  parent_id uuid,
  role message_role NOT NULL,
  content text NOT NULL DEFAULT '',
  tool_calls jsonb,
  model text,
  prompt_tokens integer NOT NULL DEFAULT 0,
  completion_tokens integer NOT NULL DEFAULT 0,
  total_tokens integer GENERATED ALWAYS AS (prompt_tokens + completion_tokens) STORED,
  latency_ms integer,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT messages_pkey PRIMARY KEY (id),
  CONSTRAINT messages_conversation_id_id_key UNIQUE (conversation_id, id),
  CONSTRAINT messages_organisation_id_id_key UNIQUE (organisation_id, id),
  CONSTRAINT messages_completion_tokens_check CHECK (completion_tokens >= 0),
  CONSTRAINT messages_latency_ms_check CHECK (latency_ms >= 0),
  CONSTRAINT messages_only_assistants_call_tools CHECK ((tool_calls IS NULL) OR (role = 'assistant'::message_role)),
  CONSTRAINT messages_prompt_tokens_check CHECK (prompt_tokens >= 0),
  CONSTRAINT messages_tool_calls_check CHECK (jsonb_typeof(tool_calls) = 'array'::text),
  CONSTRAINT messages_conversation_id_parent_id_fkey FOREIGN KEY (conversation_id, parent_id) REFERENCES messages (conversation_id, id) ON DELETE CASCADE,
  CONSTRAINT messages_organisation_id_conversation_id_fkey FOREIGN KEY (organisation_id, conversation_id) REFERENCES conversations (organisation_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE messages IS 'A turn. Regenerating an answer makes a sibling below the same parent.';

-- Create table message_citations
CREATE TABLE message_citations (
  organisation_id uuid NOT NULL,
  message_id uuid NOT NULL,
  chunk_id uuid NOT NULL,
  "position" smallint NOT NULL,
  similarity real,
  CONSTRAINT message_citations_pkey PRIMARY KEY (message_id, chunk_id),
  CONSTRAINT message_citations_message_id_position_key UNIQUE (message_id, "position"),
  CONSTRAINT message_citations_position_check CHECK ("position" > 0),
  CONSTRAINT message_citations_similarity_check CHECK ((similarity >= ('-1'::integer)::double precision) AND (similarity <= (1)::double precision)),
  CONSTRAINT message_citations_organisation_id_chunk_id_fkey FOREIGN KEY (organisation_id, chunk_id) REFERENCES document_chunks (organisation_id, id) ON DELETE CASCADE,
  CONSTRAINT message_citations_organisation_id_message_id_fkey FOREIGN KEY (organisation_id, message_id) REFERENCES messages (organisation_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE message_citations IS 'The chunks an answer rests on, numbered as in its text.';

-- Create index message_citations_chunk_idx
CREATE INDEX message_citations_chunk_idx ON message_citations (organisation_id, chunk_id);

-- Create table message_feedback
CREATE TABLE message_feedback (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  organisation_id uuid NOT NULL,
  message_id uuid NOT NULL,
  user_id uuid NOT NULL,
  rating feedback_rating NOT NULL,
  comment text,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT message_feedback_pkey PRIMARY KEY (id),
  CONSTRAINT message_feedback_message_id_user_id_key UNIQUE (message_id, user_id),
  CONSTRAINT message_feedback_comment_check CHECK (length(comment) <= 4000),
  CONSTRAINT message_feedback_organisation_id_message_id_fkey FOREIGN KEY (organisation_id, message_id) REFERENCES messages (organisation_id, id) ON DELETE CASCADE,
  CONSTRAINT message_feedback_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);
COMMENT ON TABLE message_feedback IS 'What a person thought of an answer; one opinion each, which they may change.';

-- Create index message_feedback_negative_idx
CREATE INDEX message_feedback_negative_idx ON message_feedback (organisation_id, created_at DESC) WHERE (rating = 'down'::feedback_rating);

-- Create index messages_conversation_idx
CREATE INDEX messages_conversation_idx ON messages (conversation_id, created_at);

-- Create index messages_parent_idx
CREATE INDEX messages_parent_idx ON messages (conversation_id, parent_id) WHERE (parent_id IS NOT NULL);

-- Create index messages_tool_calls_idx
CREATE INDEX messages_tool_calls_idx ON messages USING gin (tool_calls jsonb_path_ops) WHERE (tool_calls IS NOT NULL);

-- Create table role_assignments
CREATE TABLE role_assignments (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  organisation_id uuid NOT NULL,
  role_id uuid NOT NULL,
  membership_id uuid,
  api_key_id uuid,
  granted_by uuid,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT role_assignments_pkey PRIMARY KEY (id),
  CONSTRAINT role_assignments_one_holder CHECK (num_nonnulls(membership_id, api_key_id) = 1),
  CONSTRAINT role_assignments_granted_by_fkey FOREIGN KEY (granted_by) REFERENCES users (id) ON DELETE SET NULL,
  CONSTRAINT role_assignments_organisation_id_api_key_id_fkey FOREIGN KEY (organisation_id, api_key_id) REFERENCES api_keys (organisation_id, id) ON DELETE CASCADE,
  CONSTRAINT role_assignments_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations (id) ON DELETE CASCADE,
  CONSTRAINT role_assignments_organisation_id_membership_id_fkey FOREIGN KEY (organisation_id, membership_id) REFERENCES memberships (organisation_id, id) ON DELETE CASCADE,
  CONSTRAINT role_assignments_organisation_id_role_id_fkey FOREIGN KEY (organisation_id, role_id) REFERENCES roles (organisation_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE role_assignments IS 'Who holds a role: a member or an API key, never both.';

-- Create index role_assignments_api_key_key
CREATE UNIQUE INDEX role_assignments_api_key_key ON role_assignments (api_key_id, role_id) WHERE (api_key_id IS NOT NULL);

-- Create index role_assignments_membership_key
CREATE UNIQUE INDEX role_assignments_membership_key ON role_assignments (membership_id, role_id) WHERE (membership_id IS NOT NULL);

-- Create index role_assignments_role_idx
CREATE INDEX role_assignments_role_idx ON role_assignments (organisation_id, role_id);

-- Create table sessions
CREATE TABLE sessions (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL,
  token_hash digest NOT NULL,
  ip_address inet,
  user_agent text,
  expires_at timestamp with time zone NOT NULL,
  revoked_at timestamp with time zone,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT sessions_pkey PRIMARY KEY (id),
  CONSTRAINT sessions_token_hash_key UNIQUE (token_hash),
  CONSTRAINT sessions_expire_later CHECK (expires_at > created_at),
  CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);
COMMENT ON TABLE sessions IS 'A signed-in browser or app. Signing out sets revoked_at.';

-- Create index sessions_live_idx
CREATE INDEX sessions_live_idx ON sessions (user_id, expires_at) WHERE (revoked_at IS NULL);

-- Create table usage_events
CREATE TABLE usage_events (
  id bigint GENERATED ALWAYS AS IDENTITY,
  organisation_id uuid NOT NULL,
  user_id uuid,
  kind usage_kind NOT NULL,
  quantity numeric(20,6) NOT NULL,
  model text,
  occurred_at timestamp with time zone NOT NULL DEFAULT now(),
  attributes jsonb NOT NULL DEFAULT '{}',
  CONSTRAINT usage_events_pkey PRIMARY KEY (id),
  CONSTRAINT usage_events_quantity_check CHECK (quantity >= (0)::numeric),
  CONSTRAINT usage_events_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations (id) ON DELETE CASCADE,
  CONSTRAINT usage_events_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE SET NULL
);
COMMENT ON TABLE usage_events IS 'What is billed. Append-only and in order of time, hence the BRIN index.';

-- Create index usage_events_occurred_at_idx
CREATE INDEX usage_events_occurred_at_idx ON usage_events USING brin (occurred_at) WITH (pages_per_range = 32);

-- Create index usage_events_organisation_idx
CREATE INDEX usage_events_organisation_idx ON usage_events (organisation_id, occurred_at DESC);

-- Create index users_display_name_trgm_idx
CREATE INDEX users_display_name_trgm_idx ON users USING gin (display_name gin_trgm_ops);

-- Create table webhooks
CREATE TABLE webhooks (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  organisation_id uuid NOT NULL,
  url text NOT NULL,
  events text[] NOT NULL,
  secret bytea NOT NULL,
  is_enabled boolean NOT NULL DEFAULT true,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT webhooks_pkey PRIMARY KEY (id),
  CONSTRAINT webhooks_organisation_id_id_key UNIQUE (organisation_id, id),
  CONSTRAINT webhooks_events_check CHECK (cardinality(events) > 0),
  CONSTRAINT webhooks_url_check CHECK (url ~~ 'https://_%'::text),
  CONSTRAINT webhooks_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations (id) ON DELETE CASCADE
);
COMMENT ON COLUMN webhooks.secret IS 'Signs the deliveries; encrypted by the application.';
COMMENT ON TABLE webhooks IS 'An address of the customer''s that is told about events.';

-- Create table webhook_deliveries
CREATE TABLE webhook_deliveries (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  organisation_id uuid NOT NULL,
  webhook_id uuid NOT NULL,
  event text NOT NULL,
  payload jsonb NOT NULL,
  status delivery_status NOT NULL DEFAULT 'pending',
  attempts smallint NOT NULL DEFAULT 0,
  response_status smallint,
  next_attempt_at timestamp with time zone DEFAULT now(),
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  delivered_at timestamp with time zone,
  CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (id),
  CONSTRAINT webhook_deliveries_attempts_check CHECK (attempts >= 0),
  CONSTRAINT webhook_deliveries_delivered_has_time CHECK ((status = 'delivered'::delivery_status) = (delivered_at IS NOT NULL)),
  CONSTRAINT webhook_deliveries_response_status_check CHECK ((response_status >= 100) AND (response_status <= 599)),
  CONSTRAINT webhook_deliveries_organisation_id_webhook_id_fkey FOREIGN KEY (organisation_id, webhook_id) REFERENCES webhooks (organisation_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE webhook_deliveries IS 'One event for one webhook, retried with growing pauses until delivered or abandoned.';

-- Create index webhook_deliveries_due_idx
CREATE INDEX webhook_deliveries_due_idx ON webhook_deliveries (next_attempt_at) WHERE (status = ANY (ARRAY['pending'::delivery_status, 'failed'::delivery_status]));

-- Create index webhook_deliveries_webhook_idx
CREATE INDEX webhook_deliveries_webhook_idx ON webhook_deliveries (organisation_id, webhook_id, created_at DESC);

-- Create index webhooks_events_idx
CREATE INDEX webhooks_events_idx ON webhooks USING gin (events) WHERE is_enabled;

-- Create table workflow_versions
CREATE TABLE workflow_versions (
  organisation_id uuid NOT NULL,
  workflow_id uuid NOT NULL,
  version integer NOT NULL,
  definition jsonb NOT NULL,
  changelog text NOT NULL DEFAULT '',
  created_by uuid,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT workflow_versions_pkey PRIMARY KEY (workflow_id, version),
  CONSTRAINT workflow_versions_definition_check CHECK ((jsonb_typeof(definition) = 'object'::text) AND (definition ? 'steps'::text)),
  CONSTRAINT workflow_versions_version_check CHECK (version > 0),
  CONSTRAINT workflow_versions_created_by_fkey FOREIGN KEY (created_by) REFERENCES users (id) ON DELETE SET NULL
);
COMMENT ON TABLE workflow_versions IS 'Versions are never edited, so that an execution can always be explained.';

-- Create table workflows
CREATE TABLE workflows (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  organisation_id uuid NOT NULL,
  name text NOT NULL,
  description text NOT NULL DEFAULT '',
  published_version integer,
  schedule text,
  is_enabled boolean NOT NULL DEFAULT true,
  created_by uuid,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT workflows_pkey PRIMARY KEY (id),
  CONSTRAINT workflows_organisation_id_id_key UNIQUE (organisation_id, id),
  CONSTRAINT workflows_name_check CHECK ((length(name) >= 1) AND (length(name) <= 200)),
  CONSTRAINT workflows_scheduled_is_published CHECK ((schedule IS NULL) OR (published_version IS NOT NULL)),
  CONSTRAINT workflows_created_by_fkey FOREIGN KEY (created_by) REFERENCES users (id) ON DELETE SET NULL,
  CONSTRAINT workflows_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations (id) ON DELETE CASCADE,
  CONSTRAINT workflows_published_version_fkey FOREIGN KEY (id, published_version) REFERENCES workflow_versions (workflow_id, version) DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON COLUMN workflows.schedule IS 'A cron expression in UTC; null for workflows that something else starts.';
COMMENT ON TABLE workflows IS 'An automation. What it does is in its versions; one of them is published.';

-- Create table workflow_executions
CREATE TABLE workflow_executions (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  organisation_id uuid NOT NULL,
  workflow_id uuid NOT NULL,
  version integer NOT NULL,
  conversation_id uuid,
  trigger execution_trigger NOT NULL,
  status execution_status NOT NULL DEFAULT 'queued',
  idempotency_key text,
  input jsonb NOT NULL DEFAULT '{}',
  output jsonb,
  error text,
  started_by uuid,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  started_at timestamp with time zone,
  finished_at timestamp with time zone,
  CONSTRAINT workflow_executions_pkey PRIMARY KEY (id),
  CONSTRAINT workflow_executions_organisation_id_id_key UNIQUE (organisation_id, id),
  CONSTRAINT workflow_executions_finished_when_over CHECK ((finished_at IS NOT NULL) = (status = ANY (ARRAY['succeeded'::execution_status, 'failed'::execution_status, 'cancelled'::execution_status]))),
  CONSTRAINT workflow_executions_organisation_id_conversation_id_fkey FOREIGN KEY (organisation_id, conversation_id) REFERENCES conversations (organisation_id, id) ON DELETE CASCADE,
  CONSTRAINT workflow_executions_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations (id) ON DELETE CASCADE,
  CONSTRAINT workflow_executions_organisation_id_workflow_id_fkey FOREIGN KEY (organisation_id, workflow_id) REFERENCES workflows (organisation_id, id) ON DELETE CASCADE,
  CONSTRAINT workflow_executions_started_by_fkey FOREIGN KEY (started_by) REFERENCES users (id) ON DELETE SET NULL,
  CONSTRAINT workflow_executions_workflow_id_version_fkey FOREIGN KEY (workflow_id, version) REFERENCES workflow_versions (workflow_id, version)
);
COMMENT ON TABLE workflow_executions IS 'One run of a workflow version.';

-- Create table execution_steps
CREATE TABLE execution_steps (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  organisation_id uuid NOT NULL,
  execution_id uuid NOT NULL,
  "position" integer NOT NULL,
  attempt smallint NOT NULL DEFAULT 1,
  name text NOT NULL,
  tool_id uuid,
  status execution_status NOT NULL DEFAULT 'queued',
  input jsonb NOT NULL DEFAULT '{}',
  output jsonb,
  error text,
  started_at timestamp with time zone,
  finished_at timestamp with time zone,
  duration interval GENERATED ALWAYS AS (finished_at - started_at) STORED,
  CONSTRAINT execution_steps_pkey PRIMARY KEY (id),
  CONSTRAINT execution_steps_execution_id_position_attempt_key UNIQUE (execution_id, "position", attempt),
  CONSTRAINT execution_steps_attempt_check CHECK ((attempt >= 1) AND (attempt <= 20)),
  CONSTRAINT execution_steps_position_check CHECK ("position" >= 0),
  CONSTRAINT execution_steps_organisation_id_execution_id_fkey FOREIGN KEY (organisation_id, execution_id) REFERENCES workflow_executions (organisation_id, id) ON DELETE CASCADE,
  CONSTRAINT execution_steps_organisation_id_tool_id_fkey FOREIGN KEY (organisation_id, tool_id) REFERENCES tools (organisation_id, id)
);
COMMENT ON TABLE execution_steps IS 'One attempt at one step of an execution.';

-- Create index execution_steps_output_idx
CREATE INDEX execution_steps_output_idx ON execution_steps USING gin (output jsonb_path_ops);

-- Create index execution_steps_tool_idx
CREATE INDEX execution_steps_tool_idx ON execution_steps (organisation_id, tool_id) WHERE (tool_id IS NOT NULL);

-- Create index workflow_executions_active_idx
CREATE INDEX workflow_executions_active_idx ON workflow_executions (created_at) WHERE (status = ANY (ARRAY['queued'::execution_status, 'running'::execution_status, 'waiting'::execution_status]));

-- Create index workflow_executions_conversation_idx
CREATE INDEX workflow_executions_conversation_idx ON workflow_executions (organisation_id, conversation_id) WHERE (conversation_id IS NOT NULL);

-- Create index workflow_executions_idempotency_key
CREATE UNIQUE INDEX workflow_executions_idempotency_key ON workflow_executions (organisation_id, idempotency_key) WHERE (idempotency_key IS NOT NULL);

-- Create index workflow_executions_recent_idx
CREATE INDEX workflow_executions_recent_idx ON workflow_executions (organisation_id, workflow_id, created_at DESC) INCLUDE (status);

-- Create index workflow_executions_version_idx
CREATE INDEX workflow_executions_version_idx ON workflow_executions (workflow_id, version);

-- Create foreign key workflow_versions_organisation_id_workflow_id_fkey of workflow_versions
ALTER TABLE workflow_versions ADD CONSTRAINT workflow_versions_organisation_id_workflow_id_fkey FOREIGN KEY (organisation_id, workflow_id) REFERENCES workflows (organisation_id, id) ON DELETE CASCADE;

-- Create index workflows_name_key
CREATE UNIQUE INDEX workflows_name_key ON workflows (organisation_id, lower(name));

-- Create view conversation_summaries
CREATE VIEW conversation_summaries AS
SELECT c.organisation_id,
    c.id AS conversation_id,
    c.user_id,
    COALESCE(c.title, "left"(first_question.content, 80), 'New conversation'::text) AS title,
    a.name AS agent_name,
    count(m.id) AS message_count,
    COALESCE(sum(m.total_tokens), (0)::bigint) AS total_tokens,
    max(m.created_at) AS last_message_at
   FROM (((conversations c
     LEFT JOIN ai_agents a ON ((a.id = c.agent_id)))
     LEFT JOIN messages m ON ((m.conversation_id = c.id)))
     LEFT JOIN LATERAL ( SELECT q.content
           FROM messages q
          WHERE ((q.conversation_id = c.id) AND (q.role = 'user'::message_role))
          ORDER BY q.created_at
         LIMIT 1) first_question ON (true))
  WHERE (c.archived_at IS NULL)
  GROUP BY c.id, a.name, first_question.content;
COMMENT ON VIEW conversation_summaries IS 'The list of conversations as the application shows it.';

-- Create view effective_permissions
CREATE VIEW effective_permissions AS
SELECT m.organisation_id,
    m.user_id,
    rp.permission
   FROM ((memberships m
     JOIN role_assignments ra ON ((ra.membership_id = m.id)))
     JOIN role_permissions rp ON ((rp.role_id = ra.role_id)))
  WHERE (m.status = 'active'::membership_status)
UNION
 SELECT m.organisation_id,
    m.user_id,
    p.key AS permission
   FROM (memberships m
     CROSS JOIN permissions p)
  WHERE m.is_owner;
COMMENT ON VIEW effective_permissions IS 'What each person may do in each organisation. Owners may do everything.';

-- Create materialized view daily_usage
CREATE MATERIALIZED VIEW daily_usage AS
SELECT organisation_id,
    ((occurred_at AT TIME ZONE 'UTC'::text))::date AS day,
    kind,
    COALESCE(model, ''::text) AS model,
    sum(quantity) AS quantity,
    count(*) AS events
   FROM usage_events
  GROUP BY organisation_id, (((occurred_at AT TIME ZONE 'UTC'::text))::date), kind, COALESCE(model, ''::text);
COMMENT ON MATERIALIZED VIEW daily_usage IS 'Usage a day, for invoices and charts; refreshed every hour by REFRESH MATERIALIZED VIEW CONCURRENTLY.';

-- Create index daily_usage_key
CREATE UNIQUE INDEX daily_usage_key ON daily_usage (organisation_id, day, kind, model);

-- Create function audit.current_actor()
CREATE FUNCTION audit.current_actor()
RETURNS uuid
LANGUAGE sql
STABLE
AS $$
    SELECT NULLIF(current_setting('app.user_id', true), '')::uuid
$$;
COMMENT ON FUNCTION audit.current_actor() IS 'The person on whose behalf this transaction works, as the application has set it.';

-- Create function audit.record_change()
CREATE FUNCTION audit.record_change()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path TO pg_catalog, pg_temp
AS $$
DECLARE
    secrets text[] := coalesce(TG_ARGV, '{}');
    old_row jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) - secrets END;
    new_row jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) - secrets END;
    subject jsonb := coalesce(new_row, old_row);
BEGIN
    IF TG_OP = 'UPDATE' AND old_row - 'updated_at' = new_row - 'updated_at' THEN
        RETURN NULL;
    END IF;
    INSERT INTO audit.log (organisation_id, actor_id, action, table_name, row_id, old_values, new_values)
    VALUES (
        (subject ->> CASE WHEN TG_TABLE_NAME = 'organisations' THEN 'id' ELSE 'organisation_id' END)::uuid,
        audit.current_actor(),
        lower(TG_OP)::audit.action,
        TG_TABLE_NAME,
        (subject ->> 'id')::uuid,
        old_row,
        new_row
    );
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION audit.record_change() IS 'Trigger: writes the change to audit.log, without the columns named in its arguments.';

-- Create trigger ai_agents_audit on ai_agents
CREATE TRIGGER ai_agents_audit AFTER INSERT OR DELETE OR UPDATE ON ai_agents FOR EACH ROW EXECUTE FUNCTION audit.record_change();

-- Create trigger api_keys_audit on api_keys
CREATE TRIGGER api_keys_audit AFTER INSERT OR DELETE OR UPDATE OF name, expires_at, revoked_at ON api_keys FOR EACH ROW EXECUTE FUNCTION audit.record_change('key_hash', 'last_used_at');

-- Create trigger data_sources_audit on data_sources
CREATE TRIGGER data_sources_audit AFTER INSERT OR DELETE OR UPDATE ON data_sources FOR EACH ROW EXECUTE FUNCTION audit.record_change('credentials', 'last_synced_at');

-- Create trigger invitations_audit on invitations
CREATE TRIGGER invitations_audit AFTER INSERT OR DELETE OR UPDATE ON invitations FOR EACH ROW EXECUTE FUNCTION audit.record_change('token_hash');

-- Create trigger memberships_audit on memberships
CREATE TRIGGER memberships_audit AFTER INSERT OR DELETE OR UPDATE ON memberships FOR EACH ROW EXECUTE FUNCTION audit.record_change();

-- Create trigger organisations_audit on organisations
CREATE TRIGGER organisations_audit AFTER INSERT OR DELETE OR UPDATE ON organisations FOR EACH ROW EXECUTE FUNCTION audit.record_change();

-- Create trigger role_assignments_audit on role_assignments
CREATE TRIGGER role_assignments_audit AFTER INSERT OR DELETE OR UPDATE ON role_assignments FOR EACH ROW EXECUTE FUNCTION audit.record_change();

-- Create trigger role_permissions_audit on role_permissions
CREATE TRIGGER role_permissions_audit AFTER INSERT OR DELETE OR UPDATE ON role_permissions FOR EACH ROW EXECUTE FUNCTION audit.record_change();

-- Create trigger roles_audit on roles
CREATE TRIGGER roles_audit AFTER INSERT OR DELETE OR UPDATE ON roles FOR EACH ROW EXECUTE FUNCTION audit.record_change();

-- Create trigger webhooks_audit on webhooks
CREATE TRIGGER webhooks_audit AFTER INSERT OR DELETE OR UPDATE ON webhooks FOR EACH ROW EXECUTE FUNCTION audit.record_change('secret');

-- Create trigger workflows_audit on workflows
CREATE TRIGGER workflows_audit AFTER INSERT OR DELETE OR UPDATE ON workflows FOR EACH ROW EXECUTE FUNCTION audit.record_change();

-- Create function audit.refuse_change()
CREATE FUNCTION audit.refuse_change()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    RAISE EXCEPTION 'audit.log is append-only' USING ERRCODE = 'insufficient_privilege';
END;
$$;

-- Create trigger log_append_only on audit.log
CREATE TRIGGER log_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.log FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();

-- Create function match_document_chunks(uuid, vector, integer, double precision)
CREATE FUNCTION match_document_chunks(tenant uuid, query vector, match_count integer DEFAULT 10, min_similarity double precision DEFAULT 0)
RETURNS TABLE(chunk_id uuid, document_id uuid, content text, similarity double precision)
LANGUAGE sql
STABLE PARALLEL SAFE
AS $$
    SELECT c.id, c.document_id, c.content, 1 - (c.embedding <=> query)
    FROM document_chunks c
    WHERE c.organisation_id = tenant AND 1 - (c.embedding <=> query) >= min_similarity
    ORDER BY c.embedding <=> query
    LIMIT match_count
$$;
COMMENT ON FUNCTION match_document_chunks(uuid, vector, integer, double precision) IS 'The chunks of a tenant that are nearest to an embedding, best first.';

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

-- Create trigger ai_agents_updated_at on ai_agents
CREATE TRIGGER ai_agents_updated_at BEFORE UPDATE ON ai_agents FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- Create trigger api_keys_updated_at on api_keys
CREATE TRIGGER api_keys_updated_at BEFORE UPDATE ON api_keys FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- Create trigger conversations_updated_at on conversations
CREATE TRIGGER conversations_updated_at BEFORE UPDATE ON conversations FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- Create trigger data_sources_updated_at on data_sources
CREATE TRIGGER data_sources_updated_at BEFORE UPDATE ON data_sources FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- Create trigger documents_updated_at on documents
CREATE TRIGGER documents_updated_at BEFORE UPDATE ON documents FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- Create trigger memberships_updated_at on memberships
CREATE TRIGGER memberships_updated_at BEFORE UPDATE ON memberships FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- Create trigger message_feedback_updated_at on message_feedback
CREATE TRIGGER message_feedback_updated_at BEFORE UPDATE ON message_feedback FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- Create trigger organisations_updated_at on organisations
CREATE TRIGGER organisations_updated_at BEFORE UPDATE ON organisations FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- Create trigger roles_updated_at on roles
CREATE TRIGGER roles_updated_at BEFORE UPDATE ON roles FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- Create trigger tools_updated_at on tools
CREATE TRIGGER tools_updated_at BEFORE UPDATE ON tools FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- Create trigger users_updated_at on users
CREATE TRIGGER users_updated_at BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- Create trigger webhooks_updated_at on webhooks
CREATE TRIGGER webhooks_updated_at BEFORE UPDATE ON webhooks FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- Create trigger workflow_executions_updated_at on workflow_executions
CREATE TRIGGER workflow_executions_updated_at BEFORE UPDATE ON workflow_executions FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- Create trigger workflows_updated_at on workflows
CREATE TRIGGER workflows_updated_at BEFORE UPDATE ON workflows FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- Create function touch_conversation()
CREATE FUNCTION touch_conversation()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    UPDATE conversations SET updated_at = now() WHERE id = NEW.conversation_id;
    RETURN NULL;
END;
$$;

-- Create trigger messages_touch_conversation on messages
CREATE TRIGGER messages_touch_conversation AFTER INSERT ON messages FOR EACH ROW EXECUTE FUNCTION touch_conversation();
