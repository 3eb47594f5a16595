-- Takes back playbooks.
--
-- Running this loses data:
--   - every value of exception.current_playbook_id is lost
--   - every value of exception.current_step is lost
--   - every row of playbook_step is lost
--   - every row of playbook is lost

-- Drop trigger exception_leave_playbook on exception
DROP TRIGGER exception_leave_playbook ON exception;

-- Drop function leave_playbook()
DROP FUNCTION leave_playbook();

-- Drop index exception_current_playbook
DROP INDEX exception_current_playbook;

-- Drop foreign key exception_playbook_is_own of exception
ALTER TABLE exception DROP CONSTRAINT exception_playbook_is_own;

-- Drop check exception_step_has_playbook of exception
ALTER TABLE exception DROP CONSTRAINT exception_step_has_playbook;

-- Drop column exception.current_playbook_id
-- Loses data: every value of exception.current_playbook_id is lost
ALTER TABLE exception DROP COLUMN current_playbook_id;

-- Drop column exception.current_step
-- Loses data: every value of exception.current_step is lost
ALTER TABLE exception DROP COLUMN current_step;

-- Drop table playbook_step
-- Loses data: every row of playbook_step is lost
DROP TABLE playbook_step;

-- Drop table playbook
-- Loses data: every row of playbook is lost
DROP TABLE playbook;

-- Drop enum step_action
DROP TYPE step_action;
