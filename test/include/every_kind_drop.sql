-- Takes away what every_kind.sql made.
SET client_min_messages = error;
DROP PUBLICATION IF EXISTS regress_published;
DROP EVENT TRIGGER IF EXISTS regress_events;
DROP FOREIGN DATA WRAPPER IF EXISTS regress_wrapper CASCADE;
DROP ACCESS METHOD IF EXISTS regress_heap CASCADE;
DROP LANGUAGE IF EXISTS regress_language CASCADE;
DROP SUBSCRIPTION IF EXISTS regress_subscribed;
ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM regress_migrator_other;
DROP SCHEMA IF EXISTS app CASCADE;
CREATE SCHEMA app;
SET client_min_messages = warning;
