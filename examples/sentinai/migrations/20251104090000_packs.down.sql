-- Takes back packs.
--
-- Running this loses data:
--   - every row of tenant_policy_pack_version is lost
--   - every row of domain_pack_version is lost

-- Drop table tenant_policy_pack_version
-- Loses data: every row of tenant_policy_pack_version is lost
DROP TABLE tenant_policy_pack_version;

-- Drop table domain_pack_version
-- Loses data: every row of domain_pack_version is lost
DROP TABLE domain_pack_version;

-- Drop enum pack_status
DROP TYPE pack_status;
