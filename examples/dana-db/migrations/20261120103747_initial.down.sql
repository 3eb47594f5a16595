-- Takes back initial.
--
-- Running this loses data:
--   - every row of audit.log is lost
--   - every row of agent_data_sources is lost
--   - every row of agent_tools is lost
--   - every row of data_source_syncs is lost
--   - every row of execution_steps is lost
--   - every row of invitations is lost
--   - every row of message_citations is lost
--   - every row of document_chunks is lost
--   - every row of documents is lost
--   - every row of data_sources is lost
--   - every row of message_feedback is lost
--   - every row of messages is lost
--   - every row of role_assignments is lost
--   - every row of api_keys is lost
--   - every row of memberships is lost
--   - every row of role_permissions is lost
--   - every row of permissions is lost
--   - every row of roles is lost
--   - every row of sessions is lost
--   - every row of tools is lost
--   - every row of usage_events is lost
--   - every row of webhook_deliveries is lost
--   - every row of webhooks is lost
--   - every row of workflow_executions is lost
--   - every row of conversations is lost
--   - every row of ai_agents is lost
--   - every row of prompt_templates is lost
--   - every row of workflow_versions is lost
--   - every row of workflows is lost
--   - every row of organisations is lost
--   - every row of users is lost
--   - the schema audit goes, and everything in it with it
--   - extension btree_gin goes with everything it brought: types, functions and its own tables
--   - extension citext goes with everything it brought: types, functions and its own tables
--   - extension pg_trgm goes with everything it brought: types, functions and its own tables
--   - extension vector goes with everything it brought: types, functions and its own tables

-- Drop function audit.current_actor()
DROP FUNCTION audit.current_actor();

-- Drop function match_document_chunks(uuid, vector, integer, double precision)
DROP FUNCTION match_document_chunks(uuid, vector, integer, double precision);

-- Drop materialized view daily_usage
DROP MATERIALIZED VIEW daily_usage;

-- Drop view conversation_summaries
DROP VIEW conversation_summaries;

-- Drop view effective_permissions
DROP VIEW effective_permissions;

-- Drop table audit.log
-- Loses data: every row of audit.log is lost
DROP TABLE audit.log;

-- Drop function audit.refuse_change()
DROP FUNCTION audit.refuse_change();

-- Drop table agent_data_sources
-- Loses data: every row of agent_data_sources is lost
DROP TABLE agent_data_sources;

-- Drop table agent_tools
-- Loses data: every row of agent_tools is lost
DROP TABLE agent_tools;

-- Drop table data_source_syncs
-- Loses data: every row of data_source_syncs is lost
DROP TABLE data_source_syncs;

-- Drop table execution_steps
-- Loses data: every row of execution_steps is lost
DROP TABLE execution_steps;

-- Drop table invitations
-- Loses data: every row of invitations is lost
DROP TABLE invitations;

-- Drop table message_citations
-- Loses data: every row of message_citations is lost
DROP TABLE message_citations;

-- Drop table document_chunks
-- Loses data: every row of document_chunks is lost
DROP TABLE document_chunks;

-- Drop table documents
-- Loses data: every row of documents is lost
DROP TABLE documents;

-- Drop table data_sources
-- Loses data: every row of data_sources is lost
DROP TABLE data_sources;

-- Drop table message_feedback
-- Loses data: every row of message_feedback is lost
DROP TABLE message_feedback;

-- Drop table messages
-- Loses data: every row of messages is lost
DROP TABLE messages;

-- Drop function touch_conversation()
DROP FUNCTION touch_conversation();

-- Drop table role_assignments
-- Loses data: every row of role_assignments is lost
DROP TABLE role_assignments;

-- Drop table api_keys
-- Loses data: every row of api_keys is lost
DROP TABLE api_keys;

-- Drop table memberships
-- Loses data: every row of memberships is lost
DROP TABLE memberships;

-- Drop table role_permissions
-- Loses data: every row of role_permissions is lost
DROP TABLE role_permissions;

-- Drop table permissions
-- Loses data: every row of permissions is lost
DROP TABLE permissions;

-- Drop table roles
-- Loses data: every row of roles is lost
DROP TABLE roles;

-- Drop table sessions
-- Loses data: every row of sessions is lost
DROP TABLE sessions;

-- Drop table tools
-- Loses data: every row of tools is lost
DROP TABLE tools;

-- Drop table usage_events
-- Loses data: every row of usage_events is lost
DROP TABLE usage_events;

-- Drop table webhook_deliveries
-- Loses data: every row of webhook_deliveries is lost
DROP TABLE webhook_deliveries;

-- Drop table webhooks
-- Loses data: every row of webhooks is lost
DROP TABLE webhooks;

-- Drop table workflow_executions
-- Loses data: every row of workflow_executions is lost
DROP TABLE workflow_executions;

-- Drop table conversations
-- Loses data: every row of conversations is lost
DROP TABLE conversations;

-- Drop table ai_agents
-- Loses data: every row of ai_agents is lost
DROP TABLE ai_agents;

-- Drop table prompt_templates
-- Loses data: every row of prompt_templates is lost
DROP TABLE prompt_templates;

-- Drop foreign key workflows_published_version_fkey of workflows
ALTER TABLE workflows DROP CONSTRAINT workflows_published_version_fkey;

-- Drop table workflow_versions
-- Loses data: every row of workflow_versions is lost
DROP TABLE workflow_versions;

-- Drop table workflows
-- Loses data: every row of workflows is lost
DROP TABLE workflows;

-- Drop table organisations
-- Loses data: every row of organisations is lost
DROP TABLE organisations;

-- Drop function audit.record_change()
DROP FUNCTION audit.record_change();

-- Drop table users
-- Loses data: every row of users is lost
DROP TABLE users;

-- Drop function set_updated_at()
DROP FUNCTION set_updated_at();

-- Drop domain digest
DROP DOMAIN digest;

-- Drop domain email
DROP DOMAIN email;

-- Drop domain slug
DROP DOMAIN slug;

-- Drop enum audit.action
DROP TYPE audit.action;

-- Drop enum data_source_kind
DROP TYPE data_source_kind;

-- Drop enum delivery_status
DROP TYPE delivery_status;

-- Drop enum document_status
DROP TYPE document_status;

-- Drop enum execution_status
DROP TYPE execution_status;

-- Drop enum execution_trigger
DROP TYPE execution_trigger;

-- Drop enum feedback_rating
DROP TYPE feedback_rating;

-- Drop enum membership_status
DROP TYPE membership_status;

-- Drop enum message_role
DROP TYPE message_role;

-- Drop enum organisation_plan
DROP TYPE organisation_plan;

-- Drop enum sync_status
DROP TYPE sync_status;

-- Drop enum tool_kind
DROP TYPE tool_kind;

-- Drop enum usage_kind
DROP TYPE usage_kind;

-- Drop schema audit
-- Loses data: the schema audit goes, and everything in it with it
DROP SCHEMA audit;

-- Drop extension btree_gin
-- Loses data: extension btree_gin goes with everything it brought: types, functions and its own tables
DROP EXTENSION IF EXISTS btree_gin;

-- Drop extension citext
-- Loses data: extension citext goes with everything it brought: types, functions and its own tables
DROP EXTENSION IF EXISTS citext;

-- Drop extension pg_trgm
-- Loses data: extension pg_trgm goes with everything it brought: types, functions and its own tables
DROP EXTENSION IF EXISTS pg_trgm;

-- Drop extension vector
-- Loses data: extension vector goes with everything it brought: types, functions and its own tables
DROP EXTENSION IF EXISTS vector;
