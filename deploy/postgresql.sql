-- Run once after `silog-scan init`, as the server's administrator, in the station's database:
-- psql -d silog -f postgresql.sql, then \password silog_station.
-- The serving station reads and writes rows. It changes no table, and no event.
CREATE ROLE silog_station LOGIN NOINHERIT;
DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO silog_station', current_database());
END
$$;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO silog_station;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO silog_station;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO silog_station;
REVOKE UPDATE, DELETE ON event FROM silog_station;
REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM silog_station;
-- Tables that a newer version adds.
ALTER DEFAULT PRIVILEGES FOR ROLE silog_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO silog_station;
ALTER DEFAULT PRIVILEGES FOR ROLE silog_owner IN SCHEMA public
    GRANT USAGE ON SEQUENCES TO silog_station;
