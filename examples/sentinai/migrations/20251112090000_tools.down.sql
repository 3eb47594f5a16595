-- Takes back tools.
--
-- Running this loses data:
--   - every value of playbook_step.tool_scope is lost
--   - every value of playbook_step.tool_id is lost
--   - every row of tool_definition is lost

-- Drop index playbook_step_tool
DROP INDEX playbook_step_tool;

-- Drop check playbook_step_only_calls_have_tool of playbook_step
ALTER TABLE playbook_step DROP CONSTRAINT playbook_step_only_calls_have_tool;

-- Drop check playbook_step_tool_is_global_or_own of playbook_step
ALTER TABLE playbook_step DROP CONSTRAINT playbook_step_tool_is_global_or_own;

-- Drop check playbook_step_tool_is_whole of playbook_step
ALTER TABLE playbook_step DROP CONSTRAINT playbook_step_tool_is_whole;

-- Drop foreign key playbook_step_tool_scope_tool_id_fkey of playbook_step
ALTER TABLE playbook_step DROP CONSTRAINT playbook_step_tool_scope_tool_id_fkey;

-- Drop column playbook_step.tool_scope
-- Loses data: every value of playbook_step.tool_scope is lost
ALTER TABLE playbook_step DROP COLUMN tool_scope;

-- Drop column playbook_step.tool_id
-- Loses data: every value of playbook_step.tool_id is lost
ALTER TABLE playbook_step DROP COLUMN tool_id;

-- Drop table tool_definition
-- Loses data: every row of tool_definition is lost
DROP TABLE tool_definition;

-- Drop enum tool_type
DROP TYPE tool_type;
