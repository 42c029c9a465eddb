CREATE SCHEMA app; COMMENT ON SCHEMA app IS E'it''s\ntwo \\ lines';
