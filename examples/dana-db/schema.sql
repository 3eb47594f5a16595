-- DANA: a multi-tenant platform for AI agents over an organisation's own data.
--
-- This file is the master. Change it here, then `make db-migrate-diff NAME=what_changed` writes the
-- migration. PostgreSQL 13 or later with pgvector.
--
-- Rules that hold throughout:
--   * Keys are random UUIDs, made by the database.
--   * Whatever belongs to a tenant carries organisation_id. References between tenant tables include it,
--     so that no row can point at another tenant's row, whatever the application does.
--   * Deleting an organisation deletes everything it owns, except its audit trail.
--   * Secrets are stored as digests or as ciphertext, and never reach the audit trail.

CREATE EXTENSION IF NOT EXISTS citext;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gin;
CREATE EXTENSION IF NOT EXISTS vector;


-- Types ------------------------------------------------------------------------------------------------

CREATE DOMAIN email AS citext
    CONSTRAINT email_has_one_at CHECK (VALUE ~ '^[^@[:space:]]+@[^@[:space:]]+$');
COMMENT ON DOMAIN email IS 'An e-mail address; compared without regard to case.';

CREATE DOMAIN slug AS text
    CONSTRAINT slug_is_url_safe CHECK (VALUE ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(VALUE) <= 63);
COMMENT ON DOMAIN slug IS 'A name that can stand in a URL or a host name.';

CREATE DOMAIN digest AS bytea
    CONSTRAINT digest_is_sha256 CHECK (octet_length(VALUE) = 32);
COMMENT ON DOMAIN digest IS 'SHA-256 of a secret. The secret itself is never stored.';

CREATE TYPE organisation_plan AS ENUM ('free', 'team', 'business', 'enterprise');
CREATE TYPE membership_status AS ENUM ('active', 'suspended');
CREATE TYPE data_source_kind AS ENUM ('upload', 'website', 'postgres', 'google_drive', 'sharepoint', 's3');
CREATE TYPE sync_status AS ENUM ('queued', 'running', 'succeeded', 'failed');
CREATE TYPE document_status AS ENUM ('pending', 'processing', 'ready', 'failed');
CREATE TYPE message_role AS ENUM ('system', 'user', 'assistant', 'tool');
CREATE TYPE feedback_rating AS ENUM ('up', 'down');
CREATE TYPE tool_kind AS ENUM ('http', 'sql', 'search', 'function');
CREATE TYPE execution_trigger AS ENUM ('manual', 'schedule', 'webhook', 'api', 'agent');
CREATE TYPE execution_status AS ENUM ('queued', 'running', 'waiting', 'succeeded', 'failed', 'cancelled');
CREATE TYPE usage_kind AS ENUM ('prompt_tokens', 'completion_tokens', 'embedding_tokens', 'storage_bytes', 'execution_seconds');
CREATE TYPE delivery_status AS ENUM ('pending', 'delivered', 'failed', 'abandoned');


-- Trigger functions ------------------------------------------------------------------------------------

CREATE FUNCTION set_updated_at() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END;
$$;
COMMENT ON FUNCTION set_updated_at() IS 'Trigger: stamps the row with the time of the transaction that changed it.';


-- Organisations and people -----------------------------------------------------------------------------

CREATE TABLE organisations (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    slug        slug NOT NULL UNIQUE,
    name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    plan        organisation_plan NOT NULL DEFAULT 'free',
    settings    jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(settings) = 'object'),
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    archived_at timestamptz
);
COMMENT ON TABLE organisations IS 'A tenant. Everything a customer owns hangs below one row here.';
COMMENT ON COLUMN organisations.archived_at IS 'Set when the customer has left; the nightly job deletes the row 30 days later.';

CREATE TABLE users (
    id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email             email NOT NULL UNIQUE,
    display_name      text NOT NULL CHECK (length(display_name) BETWEEN 1 AND 200),
    password_hash     text,
    avatar_url        text,
    locale            text NOT NULL DEFAULT 'en' CHECK (locale ~ '^[a-z]{2,3}(-[A-Z]{2})?$'),
    email_verified_at timestamptz,
    last_seen_at      timestamptz,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE users IS 'A person. Belongs to no tenant: one person can be a member of several organisations.';
COMMENT ON COLUMN users.password_hash IS 'Argon2id in PHC format; null for those who sign in through an identity provider.';

CREATE INDEX users_display_name_trgm_idx ON users USING gin (display_name gin_trgm_ops);

CREATE TABLE memberships (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organisation_id uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
    user_id         uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    status          membership_status NOT NULL DEFAULT 'active',
    is_owner        boolean NOT NULL DEFAULT false,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    UNIQUE (organisation_id, id),
    UNIQUE (organisation_id, user_id),
    CONSTRAINT memberships_owner_is_active CHECK (NOT is_owner OR status = 'active')
);
COMMENT ON TABLE memberships IS 'A person in an organisation. What they may do there comes from role_assignments.';

CREATE INDEX memberships_user_id_idx ON memberships (user_id);

CREATE TABLE invitations (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organisation_id uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
    email           email NOT NULL,
    token_hash      digest NOT NULL UNIQUE,
    invited_by      uuid REFERENCES users ON DELETE SET NULL,
    expires_at      timestamptz NOT NULL DEFAULT now() + interval '7 days',
    accepted_at     timestamptz,
    revoked_at      timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT invitations_one_outcome CHECK (num_nonnulls(accepted_at, revoked_at) <= 1)
);
COMMENT ON TABLE invitations IS 'An invitation by e-mail. At most one is open for an address in an organisation.';

CREATE UNIQUE INDEX invitations_open_key ON invitations (organisation_id, email)
    WHERE accepted_at IS NULL AND revoked_at IS NULL;

CREATE TABLE sessions (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    token_hash digest NOT NULL UNIQUE,
    ip_address inet,
    user_agent text,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT sessions_expire_later CHECK (expires_at > created_at)
);
COMMENT ON TABLE sessions IS 'A signed-in browser or app. Signing out sets revoked_at.';

CREATE INDEX sessions_live_idx ON sessions (user_id, expires_at) WHERE revoked_at IS NULL;

CREATE TABLE api_keys (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organisation_id uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
    name            text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    prefix          text NOT NULL UNIQUE CHECK (prefix ~ '^dana_[A-Za-z0-9]{8}$'),
    key_hash        digest NOT NULL UNIQUE,
    created_by      uuid REFERENCES users ON DELETE SET NULL,
    last_used_at    timestamptz,
    expires_at      timestamptz,
    revoked_at      timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    UNIQUE (organisation_id, id)
);
COMMENT ON TABLE api_keys IS 'A key for programs. Shown once when made; recognised afterwards by its prefix and digest.';

CREATE INDEX api_keys_usable_idx ON api_keys (organisation_id, name) INCLUDE (prefix, expires_at)
    WHERE revoked_at IS NULL;


-- Access control ---------------------------------------------------------------------------------------

CREATE TABLE permissions (
    key         text PRIMARY KEY CHECK (key ~ '^[a-z_]+:[a-z_]+$'),
    description text NOT NULL
);
COMMENT ON TABLE permissions IS 'Everything that can be allowed, as resource:action. Changes with the application, by migration.';

CREATE TABLE roles (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organisation_id uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
    name            text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    description     text NOT NULL DEFAULT '',
    is_built_in     boolean NOT NULL DEFAULT false,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    UNIQUE (organisation_id, id)
);
COMMENT ON TABLE roles IS 'A named set of permissions in an organisation. Built-in ones cannot be edited by customers.';

CREATE UNIQUE INDEX roles_name_key ON roles (organisation_id, lower(name));

CREATE TABLE role_permissions (
    organisation_id uuid NOT NULL,
    role_id         uuid NOT NULL,
    permission      text NOT NULL REFERENCES permissions ON UPDATE CASCADE ON DELETE CASCADE,
    PRIMARY KEY (role_id, permission),
    FOREIGN KEY (organisation_id, role_id) REFERENCES roles (organisation_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE role_permissions IS 'What a role allows.';

CREATE INDEX role_permissions_permission_idx ON role_permissions (permission);

CREATE TABLE role_assignments (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organisation_id uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
    role_id         uuid NOT NULL,
    membership_id   uuid,
    api_key_id      uuid,
    granted_by      uuid REFERENCES users ON DELETE SET NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (organisation_id, role_id) REFERENCES roles (organisation_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organisation_id, membership_id) REFERENCES memberships (organisation_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organisation_id, api_key_id) REFERENCES api_keys (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT role_assignments_one_holder CHECK (num_nonnulls(membership_id, api_key_id) = 1)
);
COMMENT ON TABLE role_assignments IS 'Who holds a role: a member or an API key, never both.';

CREATE UNIQUE INDEX role_assignments_membership_key ON role_assignments (membership_id, role_id)
    WHERE membership_id IS NOT NULL;
CREATE UNIQUE INDEX role_assignments_api_key_key ON role_assignments (api_key_id, role_id)
    WHERE api_key_id IS NOT NULL;
CREATE INDEX role_assignments_role_idx ON role_assignments (organisation_id, role_id);


-- Data sources and documents ---------------------------------------------------------------------------

CREATE TABLE data_sources (
    id                 uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organisation_id    uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
    name               text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    kind               data_source_kind NOT NULL,
    config             jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(config) = 'object'),
    credentials        bytea,
    sync_interval      interval CHECK (sync_interval >= interval '5 minutes'),
    last_synced_at     timestamptz,
    created_by         uuid REFERENCES users ON DELETE SET NULL,
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    UNIQUE (organisation_id, id)
);
COMMENT ON TABLE data_sources IS 'Where an organisation''s knowledge comes from.';
COMMENT ON COLUMN data_sources.credentials IS 'Encrypted by the application with the organisation''s key; the database never sees the plain text.';
COMMENT ON COLUMN data_sources.sync_interval IS 'Null: only when somebody asks.';

CREATE UNIQUE INDEX data_sources_name_key ON data_sources (organisation_id, lower(name));
CREATE INDEX data_sources_due_idx ON data_sources (last_synced_at NULLS FIRST) WHERE sync_interval IS NOT NULL;

CREATE TABLE data_source_syncs (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organisation_id uuid NOT NULL,
    data_source_id  uuid NOT NULL,
    status          sync_status NOT NULL DEFAULT 'queued',
    added           integer NOT NULL DEFAULT 0 CHECK (added >= 0),
    changed         integer NOT NULL DEFAULT 0 CHECK (changed >= 0),
    removed         integer NOT NULL DEFAULT 0 CHECK (removed >= 0),
    error           text,
    created_at      timestamptz NOT NULL DEFAULT now(),
    started_at      timestamptz,
    finished_at     timestamptz,
    duration        interval GENERATED ALWAYS AS (finished_at - started_at) STORED,
    FOREIGN KEY (organisation_id, data_source_id) REFERENCES data_sources (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT data_source_syncs_failure_has_error CHECK ((status = 'failed') = (error IS NOT NULL)),
    CONSTRAINT data_source_syncs_times CHECK (finished_at >= started_at)
);
COMMENT ON TABLE data_source_syncs IS 'One run of reading a data source.';

CREATE INDEX data_source_syncs_recent_idx ON data_source_syncs (organisation_id, data_source_id, created_at DESC);
CREATE UNIQUE INDEX data_source_syncs_one_active_key ON data_source_syncs (data_source_id)
    WHERE status IN ('queued', 'running');

CREATE TABLE documents (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organisation_id uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
    data_source_id  uuid NOT NULL,
    external_id     text NOT NULL,
    title           text NOT NULL,
    summary         text NOT NULL DEFAULT '',
    mime_type       text NOT NULL CHECK (mime_type LIKE '_%/_%'),
    byte_size       bigint NOT NULL CHECK (byte_size >= 0),
    content_hash    digest NOT NULL,
    status          document_status NOT NULL DEFAULT 'pending',
    metadata        jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),
    tags            text[] NOT NULL DEFAULT '{}',
    search          tsvector GENERATED ALWAYS AS (
                        setweight(to_tsvector('english', title), 'A') || setweight(to_tsvector('english', summary), 'B')
                    ) STORED,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    UNIQUE (organisation_id, id),
    UNIQUE (data_source_id, external_id),
    FOREIGN KEY (organisation_id, data_source_id) REFERENCES data_sources (organisation_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE documents IS 'A file, a page or a record of a data source.';
COMMENT ON COLUMN documents.external_id IS 'What the source calls it; with the source it is the identity across syncs.';
COMMENT ON COLUMN documents.content_hash IS 'Unchanged content is not chunked and embedded again.';

CREATE INDEX documents_search_idx ON documents USING gin (search);
CREATE INDEX documents_title_trgm_idx ON documents USING gin (organisation_id, title gin_trgm_ops);
CREATE INDEX documents_metadata_idx ON documents USING gin (metadata jsonb_path_ops);
CREATE INDEX documents_tags_idx ON documents USING gin (organisation_id, tags);
CREATE INDEX documents_unfinished_idx ON documents (organisation_id, created_at) WHERE status <> 'ready';

CREATE TABLE document_chunks (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organisation_id uuid NOT NULL,
    document_id     uuid NOT NULL,
    ordinal         integer NOT NULL CHECK (ordinal >= 0),
    content         text NOT NULL,
    token_count     integer NOT NULL CHECK (token_count > 0),
    embedding       vector(1536),
    embedding_model text,
    metadata        jsonb NOT NULL DEFAULT '{}',
    created_at      timestamptz NOT NULL DEFAULT now(),
    UNIQUE (organisation_id, id),
    UNIQUE (document_id, ordinal),
    FOREIGN KEY (organisation_id, document_id) REFERENCES documents (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT document_chunks_embedding_names_model CHECK ((embedding IS NULL) = (embedding_model IS NULL))
);
COMMENT ON TABLE document_chunks IS 'A piece of a document small enough to embed and to put into a prompt.';
COMMENT ON COLUMN document_chunks.embedding IS 'Null until the embedding worker has been here.';

CREATE INDEX document_chunks_embedding_idx ON document_chunks
    USING hnsw (embedding vector_cosine_ops) WITH (m = 16, ef_construction = 64);
CREATE INDEX document_chunks_document_idx ON document_chunks (organisation_id, document_id);
CREATE INDEX document_chunks_to_embed_idx ON document_chunks (created_at) WHERE embedding IS NULL;

CREATE FUNCTION match_document_chunks(
    tenant         uuid,
    query          vector,
    match_count    integer DEFAULT 10,
    min_similarity double precision DEFAULT 0
) RETURNS TABLE (chunk_id uuid, document_id uuid, content text, similarity double precision)
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT c.id, c.document_id, c.content, 1 - (c.embedding <=> query)
    FROM document_chunks c
    WHERE c.organisation_id = tenant AND 1 - (c.embedding <=> query) >= min_similarity
    ORDER BY c.embedding <=> query
    LIMIT match_count
$$;
COMMENT ON FUNCTION match_document_chunks(uuid, vector, integer, double precision) IS
    'The chunks of a tenant that are nearest to an embedding, best first.';


-- Agents and their tools -------------------------------------------------------------------------------

CREATE TABLE prompt_templates (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organisation_id uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
    name            text NOT NULL,
    version         integer NOT NULL DEFAULT 1 CHECK (version > 0),
    body            text NOT NULL,
    variables       text[] NOT NULL DEFAULT '{}',
    created_by      uuid REFERENCES users ON DELETE SET NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    UNIQUE (organisation_id, id),
    UNIQUE (organisation_id, name, version)
);
COMMENT ON TABLE prompt_templates IS 'Prompts are never edited: a change is the next version.';

CREATE TABLE ai_agents (
    id                 uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organisation_id    uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
    name               text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    description        text NOT NULL DEFAULT '',
    model              text NOT NULL,
    temperature        numeric(3, 2) NOT NULL DEFAULT 0.7 CHECK (temperature BETWEEN 0 AND 2),
    max_output_tokens  integer CHECK (max_output_tokens > 0),
    prompt_template_id uuid,
    config             jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(config) = 'object'),
    is_enabled         boolean NOT NULL DEFAULT true,
    created_by         uuid REFERENCES users ON DELETE SET NULL,
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    UNIQUE (organisation_id, id),
    FOREIGN KEY (organisation_id, prompt_template_id) REFERENCES prompt_templates (organisation_id, id)
);
COMMENT ON TABLE ai_agents IS 'A configured assistant: a model, a prompt, tools and the data it may read.';

CREATE UNIQUE INDEX ai_agents_name_key ON ai_agents (organisation_id, lower(name));
CREATE INDEX ai_agents_prompt_template_idx ON ai_agents (organisation_id, prompt_template_id);

CREATE TABLE tools (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organisation_id uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
    name            text NOT NULL CHECK (name ~ '^[a-zA-Z_][a-zA-Z0-9_]{0,63}$'),
    kind            tool_kind NOT NULL,
    description     text NOT NULL,
    input_schema    jsonb NOT NULL CHECK (jsonb_typeof(input_schema) = 'object'),
    config          jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(config) = 'object'),
    timeout         interval NOT NULL DEFAULT '30 seconds' CHECK (timeout BETWEEN interval '1 second' AND interval '10 minutes'),
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    UNIQUE (organisation_id, id),
    UNIQUE (organisation_id, name)
);
COMMENT ON TABLE tools IS 'Something an agent or a workflow can call.';
COMMENT ON COLUMN tools.input_schema IS 'JSON Schema of the arguments, as given to the model.';

CREATE TABLE agent_tools (
    organisation_id   uuid NOT NULL,
    agent_id          uuid NOT NULL,
    tool_id           uuid NOT NULL,
    position          smallint NOT NULL DEFAULT 0,
    requires_approval boolean NOT NULL DEFAULT false,
    PRIMARY KEY (agent_id, tool_id),
    FOREIGN KEY (organisation_id, agent_id) REFERENCES ai_agents (organisation_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organisation_id, tool_id) REFERENCES tools (organisation_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE agent_tools IS 'The tools an agent may call, in the order the model sees them.';

CREATE INDEX agent_tools_tool_idx ON agent_tools (organisation_id, tool_id);

CREATE TABLE agent_data_sources (
    organisation_id uuid NOT NULL,
    agent_id        uuid NOT NULL,
    data_source_id  uuid NOT NULL,
    PRIMARY KEY (agent_id, data_source_id),
    FOREIGN KEY (organisation_id, agent_id) REFERENCES ai_agents (organisation_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organisation_id, data_source_id) REFERENCES data_sources (organisation_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE agent_data_sources IS 'The data sources an agent may search.';

CREATE INDEX agent_data_sources_data_source_idx ON agent_data_sources (organisation_id, data_source_id);


-- Conversations ----------------------------------------------------------------------------------------

CREATE TABLE conversations (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organisation_id uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
    agent_id        uuid,
    user_id         uuid REFERENCES users ON DELETE SET NULL,
    title           text,
    metadata        jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),
    pinned_at       timestamptz,
    archived_at     timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    UNIQUE (organisation_id, id),
    FOREIGN KEY (organisation_id, agent_id) REFERENCES ai_agents (organisation_id, id)
);
COMMENT ON TABLE conversations IS 'A thread of messages with an agent. An agent that has conversations is disabled, not deleted.';

CREATE INDEX conversations_recent_idx ON conversations (organisation_id, user_id, updated_at DESC)
    WHERE archived_at IS NULL;
CREATE INDEX conversations_agent_idx ON conversations (organisation_id, agent_id);
CREATE INDEX conversations_title_trgm_idx ON conversations USING gin (organisation_id, title gin_trgm_ops);

CREATE TABLE messages (
    id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organisation_id   uuid NOT NULL,
    conversation_id   uuid NOT NULL,
    parent_id         uuid,
    role              message_role NOT NULL,
    content           text NOT NULL DEFAULT '',
    tool_calls        jsonb CHECK (jsonb_typeof(tool_calls) = 'array'),
    model             text,
    prompt_tokens     integer NOT NULL DEFAULT 0 CHECK (prompt_tokens >= 0),
    completion_tokens integer NOT NULL DEFAULT 0 CHECK (completion_tokens >= 0),
    total_tokens      integer GENERATED ALWAYS AS (prompt_tokens + completion_tokens) STORED,
    latency_ms        integer CHECK (latency_ms >= 0),
    created_at        timestamptz NOT NULL DEFAULT now(),
    UNIQUE (organisation_id, id),
    UNIQUE (conversation_id, id),
    FOREIGN KEY (organisation_id, conversation_id) REFERENCES conversations (organisation_id, id) ON DELETE CASCADE,
    FOREIGN KEY (conversation_id, parent_id) REFERENCES messages (conversation_id, id) ON DELETE CASCADE,
    CONSTRAINT messages_only_assistants_call_tools CHECK (tool_calls IS NULL OR role = 'assistant')
);
COMMENT ON TABLE messages IS 'A turn. Regenerating an answer makes a sibling below the same parent.';

CREATE INDEX messages_conversation_idx ON messages (conversation_id, created_at);
CREATE INDEX messages_parent_idx ON messages (conversation_id, parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX messages_tool_calls_idx ON messages USING gin (tool_calls jsonb_path_ops) WHERE tool_calls IS NOT NULL;

CREATE TABLE message_citations (
    organisation_id uuid NOT NULL,
    message_id      uuid NOT NULL,
    chunk_id        uuid NOT NULL,
    position        smallint NOT NULL CHECK (position > 0),
    similarity      real CHECK (similarity BETWEEN -1 AND 1),
    PRIMARY KEY (message_id, chunk_id),
    UNIQUE (message_id, position),
    FOREIGN KEY (organisation_id, message_id) REFERENCES messages (organisation_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organisation_id, chunk_id) REFERENCES document_chunks (organisation_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE message_citations IS 'The chunks an answer rests on, numbered as in its text.';

CREATE INDEX message_citations_chunk_idx ON message_citations (organisation_id, chunk_id);

CREATE TABLE message_feedback (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organisation_id uuid NOT NULL,
    message_id      uuid NOT NULL,
    user_id         uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    rating          feedback_rating NOT NULL,
    comment         text CHECK (length(comment) <= 4000),
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    UNIQUE (message_id, user_id),
    FOREIGN KEY (organisation_id, message_id) REFERENCES messages (organisation_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE message_feedback IS 'What a person thought of an answer; one opinion each, which they may change.';

CREATE INDEX message_feedback_negative_idx ON message_feedback (organisation_id, created_at DESC) WHERE rating = 'down';


-- Workflows --------------------------------------------------------------------------------------------

CREATE TABLE workflows (
    id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organisation_id   uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
    name              text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    description       text NOT NULL DEFAULT '',
    published_version integer,
    schedule          text,
    is_enabled        boolean NOT NULL DEFAULT true,
    created_by        uuid REFERENCES users ON DELETE SET NULL,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    UNIQUE (organisation_id, id),
    CONSTRAINT workflows_scheduled_is_published CHECK (schedule IS NULL OR published_version IS NOT NULL)
);
COMMENT ON TABLE workflows IS 'An automation. What it does is in its versions; one of them is published.';
COMMENT ON COLUMN workflows.schedule IS 'A cron expression in UTC; null for workflows that something else starts.';

CREATE UNIQUE INDEX workflows_name_key ON workflows (organisation_id, lower(name));

CREATE TABLE workflow_versions (
    organisation_id uuid NOT NULL,
    workflow_id     uuid NOT NULL,
    version         integer NOT NULL CHECK (version > 0),
    definition      jsonb NOT NULL CHECK (jsonb_typeof(definition) = 'object' AND definition ? 'steps'),
    changelog       text NOT NULL DEFAULT '',
    created_by      uuid REFERENCES users ON DELETE SET NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workflow_id, version),
    FOREIGN KEY (organisation_id, workflow_id) REFERENCES workflows (organisation_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE workflow_versions IS 'Versions are never edited, so that an execution can always be explained.';

-- Deferred, so that a workflow and its first version can be made in one transaction in either order.
ALTER TABLE workflows ADD CONSTRAINT workflows_published_version_fkey
    FOREIGN KEY (id, published_version) REFERENCES workflow_versions (workflow_id, version)
    DEFERRABLE INITIALLY DEFERRED;

CREATE TABLE workflow_executions (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organisation_id uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
    workflow_id     uuid NOT NULL,
    version         integer NOT NULL,
    conversation_id uuid,
    trigger         execution_trigger NOT NULL,
    status          execution_status NOT NULL DEFAULT 'queued',
    idempotency_key text,
    input           jsonb NOT NULL DEFAULT '{}',
    output          jsonb,
    error           text,
    started_by      uuid REFERENCES users ON DELETE SET NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    started_at      timestamptz,
    finished_at     timestamptz,
    UNIQUE (organisation_id, id),
    FOREIGN KEY (organisation_id, workflow_id) REFERENCES workflows (organisation_id, id) ON DELETE CASCADE,
    FOREIGN KEY (workflow_id, version) REFERENCES workflow_versions (workflow_id, version),
    FOREIGN KEY (organisation_id, conversation_id) REFERENCES conversations (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT workflow_executions_finished_when_over
        CHECK ((finished_at IS NOT NULL) = (status IN ('succeeded', 'failed', 'cancelled')))
);
COMMENT ON TABLE workflow_executions IS 'One run of a workflow version.';

CREATE UNIQUE INDEX workflow_executions_idempotency_key ON workflow_executions (organisation_id, idempotency_key)
    WHERE idempotency_key IS NOT NULL;
CREATE INDEX workflow_executions_recent_idx ON workflow_executions (organisation_id, workflow_id, created_at DESC)
    INCLUDE (status);
CREATE INDEX workflow_executions_active_idx ON workflow_executions (created_at)
    WHERE status IN ('queued', 'running', 'waiting');
CREATE INDEX workflow_executions_version_idx ON workflow_executions (workflow_id, version);
CREATE INDEX workflow_executions_conversation_idx ON workflow_executions (organisation_id, conversation_id)
    WHERE conversation_id IS NOT NULL;

CREATE TABLE execution_steps (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organisation_id uuid NOT NULL,
    execution_id    uuid NOT NULL,
    position        integer NOT NULL CHECK (position >= 0),
    attempt         smallint NOT NULL DEFAULT 1 CHECK (attempt BETWEEN 1 AND 20),
    name            text NOT NULL,
    tool_id         uuid,
    status          execution_status NOT NULL DEFAULT 'queued',
    input           jsonb NOT NULL DEFAULT '{}',
    output          jsonb,
    error           text,
    started_at      timestamptz,
    finished_at     timestamptz,
    duration        interval GENERATED ALWAYS AS (finished_at - started_at) STORED,
    UNIQUE (execution_id, position, attempt),
    FOREIGN KEY (organisation_id, execution_id) REFERENCES workflow_executions (organisation_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organisation_id, tool_id) REFERENCES tools (organisation_id, id)
);
COMMENT ON TABLE execution_steps IS 'One attempt at one step of an execution.';

CREATE INDEX execution_steps_output_idx ON execution_steps USING gin (output jsonb_path_ops);
CREATE INDEX execution_steps_tool_idx ON execution_steps (organisation_id, tool_id) WHERE tool_id IS NOT NULL;


-- Usage and webhooks -----------------------------------------------------------------------------------

CREATE TABLE usage_events (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organisation_id uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
    user_id         uuid REFERENCES users ON DELETE SET NULL,
    kind            usage_kind NOT NULL,
    quantity        numeric(20, 6) NOT NULL CHECK (quantity >= 0),
    model           text,
    occurred_at     timestamptz NOT NULL DEFAULT now(),
    attributes      jsonb NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE usage_events IS 'What is billed. Append-only and in order of time, hence the BRIN index.';

CREATE INDEX usage_events_occurred_at_idx ON usage_events USING brin (occurred_at) WITH (pages_per_range = 32);
CREATE INDEX usage_events_organisation_idx ON usage_events (organisation_id, occurred_at DESC);

CREATE TABLE webhooks (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organisation_id uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
    url             text NOT NULL CHECK (url LIKE 'https://_%'),
    events          text[] NOT NULL CHECK (cardinality(events) > 0),
    secret          bytea NOT NULL,
    is_enabled      boolean NOT NULL DEFAULT true,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    UNIQUE (organisation_id, id)
);
COMMENT ON TABLE webhooks IS 'An address of the customer''s that is told about events.';
COMMENT ON COLUMN webhooks.secret IS 'Signs the deliveries; encrypted by the application.';

CREATE INDEX webhooks_events_idx ON webhooks USING gin (events) WHERE is_enabled;

CREATE TABLE webhook_deliveries (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organisation_id uuid NOT NULL,
    webhook_id      uuid NOT NULL,
    event           text NOT NULL,
    payload         jsonb NOT NULL,
    status          delivery_status NOT NULL DEFAULT 'pending',
    attempts        smallint NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    response_status smallint CHECK (response_status BETWEEN 100 AND 599),
    next_attempt_at timestamptz DEFAULT now(),
    created_at      timestamptz NOT NULL DEFAULT now(),
    delivered_at    timestamptz,
    FOREIGN KEY (organisation_id, webhook_id) REFERENCES webhooks (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT webhook_deliveries_delivered_has_time CHECK ((status = 'delivered') = (delivered_at IS NOT NULL))
);
COMMENT ON TABLE webhook_deliveries IS 'One event for one webhook, retried with growing pauses until delivered or abandoned.';

CREATE INDEX webhook_deliveries_due_idx ON webhook_deliveries (next_attempt_at) WHERE status IN ('pending', 'failed');
CREATE INDEX webhook_deliveries_webhook_idx ON webhook_deliveries (organisation_id, webhook_id, created_at DESC);


-- Audit trail ------------------------------------------------------------------------------------------

CREATE SCHEMA audit;
COMMENT ON SCHEMA audit IS 'Who changed what, and when. Written by triggers only.';

CREATE TYPE audit.action AS ENUM ('insert', 'update', 'delete');

CREATE TABLE audit.log (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    occurred_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    organisation_id uuid,
    actor_id        uuid,
    action          audit.action NOT NULL,
    table_name      text NOT NULL,
    row_id          uuid,
    old_values      jsonb,
    new_values      jsonb,
    CONSTRAINT log_values_fit_action CHECK (
        (old_values IS NOT NULL) = (action <> 'insert') AND (new_values IS NOT NULL) = (action <> 'delete')
    )
);
COMMENT ON TABLE audit.log IS 'One row for each changed row of the audited tables.';
COMMENT ON COLUMN audit.log.organisation_id IS 'No foreign key: the trail outlives the organisation.';
COMMENT ON COLUMN audit.log.actor_id IS 'The setting app.user_id of the transaction; null for maintenance by hand.';

CREATE INDEX log_organisation_idx ON audit.log (organisation_id, occurred_at DESC);
CREATE INDEX log_row_idx ON audit.log (table_name, row_id);
CREATE INDEX log_actor_idx ON audit.log (actor_id, occurred_at DESC) WHERE actor_id IS NOT NULL;

CREATE FUNCTION audit.current_actor() RETURNS uuid
    LANGUAGE sql STABLE AS $$
    SELECT NULLIF(current_setting('app.user_id', true), '')::uuid
$$;
COMMENT ON FUNCTION audit.current_actor() IS 'The person on whose behalf this transaction works, as the application has set it.';

-- Runs with its owner's rights: those who may change a table may still not write the log.
CREATE FUNCTION audit.record_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
COMMENT ON FUNCTION audit.record_change() IS
    'Trigger: writes the change to audit.log, without the columns named in its arguments.';

CREATE FUNCTION audit.refuse_change() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit.log is append-only' USING ERRCODE = 'insufficient_privilege';
END;
$$;

CREATE TRIGGER log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.log
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();


-- Triggers ---------------------------------------------------------------------------------------------

CREATE TRIGGER organisations_updated_at BEFORE UPDATE ON organisations FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER users_updated_at BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER memberships_updated_at BEFORE UPDATE ON memberships FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER api_keys_updated_at BEFORE UPDATE ON api_keys FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER roles_updated_at BEFORE UPDATE ON roles FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER data_sources_updated_at BEFORE UPDATE ON data_sources FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER documents_updated_at BEFORE UPDATE ON documents FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER ai_agents_updated_at BEFORE UPDATE ON ai_agents FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER tools_updated_at BEFORE UPDATE ON tools FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER conversations_updated_at BEFORE UPDATE ON conversations FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER message_feedback_updated_at BEFORE UPDATE ON message_feedback FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER workflows_updated_at BEFORE UPDATE ON workflows FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER workflow_executions_updated_at BEFORE UPDATE ON workflow_executions FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER webhooks_updated_at BEFORE UPDATE ON webhooks FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- A message makes its conversation the most recent one.
CREATE FUNCTION touch_conversation() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    UPDATE conversations SET updated_at = now() WHERE id = NEW.conversation_id;
    RETURN NULL;
END;
$$;

CREATE TRIGGER messages_touch_conversation AFTER INSERT ON messages
    FOR EACH ROW EXECUTE FUNCTION touch_conversation();

CREATE TRIGGER organisations_audit AFTER INSERT OR UPDATE OR DELETE ON organisations
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER memberships_audit AFTER INSERT OR UPDATE OR DELETE ON memberships
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER invitations_audit AFTER INSERT OR UPDATE OR DELETE ON invitations
    FOR EACH ROW EXECUTE FUNCTION audit.record_change('token_hash');
CREATE TRIGGER api_keys_audit AFTER INSERT OR DELETE OR UPDATE OF name, expires_at, revoked_at ON api_keys
    FOR EACH ROW EXECUTE FUNCTION audit.record_change('key_hash', 'last_used_at');
CREATE TRIGGER roles_audit AFTER INSERT OR UPDATE OR DELETE ON roles
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER role_permissions_audit AFTER INSERT OR UPDATE OR DELETE ON role_permissions
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER role_assignments_audit AFTER INSERT OR UPDATE OR DELETE ON role_assignments
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER data_sources_audit AFTER INSERT OR UPDATE OR DELETE ON data_sources
    FOR EACH ROW EXECUTE FUNCTION audit.record_change('credentials', 'last_synced_at');
CREATE TRIGGER ai_agents_audit AFTER INSERT OR UPDATE OR DELETE ON ai_agents
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER workflows_audit AFTER INSERT OR UPDATE OR DELETE ON workflows
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER webhooks_audit AFTER INSERT OR UPDATE OR DELETE ON webhooks
    FOR EACH ROW EXECUTE FUNCTION audit.record_change('secret');


-- Views ------------------------------------------------------------------------------------------------

CREATE VIEW effective_permissions AS
    SELECT m.organisation_id, m.user_id, rp.permission
    FROM memberships m
    JOIN role_assignments ra ON ra.membership_id = m.id
    JOIN role_permissions rp ON rp.role_id = ra.role_id
    WHERE m.status = 'active'
    UNION
    SELECT m.organisation_id, m.user_id, p.key
    FROM memberships m
    CROSS JOIN permissions p
    WHERE m.is_owner;
COMMENT ON VIEW effective_permissions IS 'What each person may do in each organisation. Owners may do everything.';

CREATE VIEW conversation_summaries AS
    SELECT c.organisation_id,
           c.id AS conversation_id,
           c.user_id,
           coalesce(c.title, left(first_question.content, 80), 'New conversation') AS title,
           a.name AS agent_name,
           count(m.id) AS message_count,
           coalesce(sum(m.total_tokens), 0) AS total_tokens,
           max(m.created_at) AS last_message_at
    FROM conversations c
    LEFT JOIN ai_agents a ON a.id = c.agent_id
    LEFT JOIN messages m ON m.conversation_id = c.id
    LEFT JOIN LATERAL (
        SELECT q.content FROM messages q
        WHERE q.conversation_id = c.id AND q.role = 'user'
        ORDER BY q.created_at
        LIMIT 1
    ) AS first_question ON true
    WHERE c.archived_at IS NULL
    GROUP BY c.id, a.name, first_question.content;
COMMENT ON VIEW conversation_summaries IS 'The list of conversations as the application shows it.';

CREATE MATERIALIZED VIEW daily_usage AS
    SELECT organisation_id,
           (occurred_at AT TIME ZONE 'UTC')::date AS day,
           kind,
           coalesce(model, '') AS model,
           sum(quantity) AS quantity,
           count(*) AS events
    FROM usage_events
    GROUP BY organisation_id, day, kind, coalesce(model, '');
COMMENT ON MATERIALIZED VIEW daily_usage IS 'Usage a day, for invoices and charts; refreshed every hour by REFRESH MATERIALIZED VIEW CONCURRENTLY.';

CREATE UNIQUE INDEX daily_usage_key ON daily_usage (organisation_id, day, kind, model);
