-- Takes back add_settings.
--
-- Running this loses data:
--   - every row of settings is lost

-- Drop table settings
-- Loses data: every row of settings is lost
DROP TABLE settings;
