-- Takes back tenants.
--
-- Running this loses data:
--   - every row of tenant is lost

-- Drop table tenant
-- Loses data: every row of tenant is lost
DROP TABLE tenant;

-- Drop function set_updated_at()
DROP FUNCTION set_updated_at();

-- Drop enum tenant_status
DROP TYPE tenant_status;
