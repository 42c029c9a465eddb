COMMENT ON SCHEMA public IS 'the usual place'; 
