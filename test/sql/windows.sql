-- maintenance_window_required: runs begin within a window, and say when the next one opens. No time of today is printed: windows
-- are made around now(), and times of the calendar are asked of window_times().
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE a();', '2_b.sql', 'CREATE TABLE b();', '3_c.sql', 'CREATE TABLE c();');
SET timezone = 'Europe/Berlin';

-- The calendar: [opens, closes), over midnight, on some days.
CREATE FUNCTION times(opens time, closes time, days text[], zone text, VARIADIC ats text[])
  RETURNS TABLE (at timestamptz, open_now boolean, opens_next timestamptz) LANGUAGE sql AS $$
  SELECT a::timestamptz, t.* FROM unnest(ats) a, migrator.window_times(opens, closes, days, NULL, zone, a::timestamptz) t;
$$;
-- 2026-03-07 is a Saturday
SELECT * FROM times('02:00', '04:00', '{sat}', 'Europe/Berlin', '2026-03-07 01:59:59.999999', '2026-03-07 02:00',
  '2026-03-07 03:59:59.999999', '2026-03-07 04:00', '2026-03-08 02:30');
SELECT * FROM times('22:00', '02:00', '{sat,sun}', 'Europe/Berlin', '2026-03-07 21:59', '2026-03-07 22:00', '2026-03-08 01:59',
  '2026-03-08 02:00', '2026-03-09 01:00', '2026-03-09 03:00', '2026-03-10 01:00');
SELECT * FROM times('22:00', '24:00', NULL, 'Europe/Berlin', '2026-03-07 21:59', '2026-03-07 23:59:59', '2026-03-08 00:00');
-- the same time twice is a whole day
SELECT * FROM times('00:00', '00:00', '{sun}', 'Europe/Berlin', '2026-03-07 23:59', '2026-03-08 00:00', '2026-03-08 23:59', '2026-03-09 00:00');
-- another zone than the session's: Saturday there
SELECT * FROM times('01:00', '02:00', '{sat}', 'Asia/Tokyo', '2026-03-06 16:59', '2026-03-06 17:00', '2026-03-06 18:00');
SELECT * FROM times('20:00', '21:00', '{fri}', 'America/Los_Angeles', '2026-03-07 04:59', '2026-03-07 05:00', '2026-03-07 06:00');
-- The clock is put forward from 2 to 3 on 2026-03-29: a window in the hour that is not there does not open, others are shorter.
SELECT * FROM times('02:00', '03:00', NULL, 'Europe/Berlin', '2026-03-28 01:00 UTC', '2026-03-29 00:30 UTC', '2026-03-29 01:00 UTC', '2026-03-29 01:30 UTC');
SELECT * FROM times('01:00', '04:00', NULL, 'Europe/Berlin', '2026-03-28 23:59 UTC', '2026-03-29 00:00 UTC', '2026-03-29 01:59 UTC', '2026-03-29 02:00 UTC');
-- It is put back from 3 to 2 on 2026-10-25: that hour counts when it comes the second time, others are longer.
SELECT * FROM times('02:00', '03:00', NULL, 'Europe/Berlin', '2026-10-25 00:30 UTC', '2026-10-25 01:00 UTC', '2026-10-25 01:59 UTC', '2026-10-25 02:00 UTC');
SELECT * FROM times('01:00', '04:00', NULL, 'Europe/Berlin', '2026-10-24 22:59 UTC', '2026-10-24 23:00 UTC', '2026-10-25 02:59 UTC', '2026-10-25 03:00 UTC');
-- once, as the bounds say
SELECT at, t.* FROM (VALUES ('2026-03-07 21:59'::timestamptz), ('2026-03-07 22:00'), ('2026-03-08 02:00')) v(at),
  migrator.window_times(NULL, NULL, NULL, '[2026-03-07 22:00, 2026-03-08 02:00)', 'UTC', at) t;
SELECT at, t.* FROM (VALUES ('2026-03-07 22:00'::timestamptz), ('2026-03-08 02:00')) v(at),
  migrator.window_times(NULL, NULL, NULL, '(2026-03-07 22:00, 2026-03-08 02:00]', 'UTC', at) t;
SELECT * FROM migrator.window_times(NULL, NULL, NULL, '(,)', 'UTC', now());
-- ends of time, and nothing
SELECT t.* FROM (VALUES ('infinity'::timestamptz), ('-infinity'), ('294276-12-31 23:00')) v(at),
  migrator.window_times('00:00', '00:00', NULL, NULL, 'UTC', at) t;
SELECT * FROM migrator.window_times(NULL, NULL, NULL, NULL, NULL, NULL);
SELECT * FROM migrator.window_times('01:00', '02:00', '{}', NULL, 'UTC', now());
-- a zone that is not known any more, after an update of the time zone data, never opens
SELECT * FROM migrator.window_times('00:00', '00:00', NULL, NULL, 'Nowhere/Atall', now());

-- A run.
SELECT migrator.register('default', 'm/d', options => '{"maintenance_window_required": true}');
SELECT version, outcome FROM migrator.apply();
\echo :LAST_ERROR_SQLSTATE
CALL migrator.up();
\echo :LAST_ERROR_SQLSTATE
-- over, or yet to come; the other service's is not ours
SELECT migrator.add_maintenance_window(during => tstzrange(now() - interval '1 day', now() + interval '1 day'), service => 'other');
SELECT version, outcome FROM migrator.apply();
INSERT INTO migrator.windows (during, time_zone, added_by) VALUES (tstzrange(now() - interval '2 days', now() - interval '1 day'), 'UTC', 'test');
SELECT version, outcome FROM migrator.apply();
SELECT migrator.add_maintenance_window(during => '[2999-03-07 22:00, 2999-03-08 02:00)', time_zone => 'America/New_York');
SELECT version, outcome FROM migrator.apply();
-- of two the one that opens first, in its zone
SELECT migrator.add_maintenance_window(during => '[2998-07-07 22:00 UTC,)', time_zone => 'Asia/Kolkata', service => 'default');
CALL migrator.up();
SELECT to_regclass('a');
-- The transaction's time does not count: it began before the window did, and goes on when it is closed.
BEGIN;
SELECT migrator.add_maintenance_window(during => tstzrange(clock_timestamp(), clock_timestamp() + interval '1 day')) AS id \gset
SELECT version, outcome FROM migrator.apply(target => '1');
SELECT migrator.drop_maintenance_window(:id);
SELECT version, outcome FROM migrator.apply(target => '2');
ROLLBACK;
-- Open: for all services, weekly, each day all day.
SELECT migrator.add_maintenance_window('00:00', '24:00', note => 'always') AS id \gset
SELECT version, outcome FROM migrator.apply(target => '1');
CALL migrator.up(target => '1') \gset
SELECT :'result'::jsonb - 'duration_ms' AS result;
-- It closes during a run: what was begun ends, the next migration does not begin.
CALL files.write('m/d/2_b.sql', $$CREATE TABLE b(); UPDATE migrator.windows SET dropped_at = now() WHERE note = 'always';$$);
CALL migrator.up();
\echo :LAST_ERROR_SQLSTATE
SELECT version, state FROM migrator.status();
SELECT outcome, applied, failed, skipped FROM migrator.runs ORDER BY run_id DESC LIMIT 1;
-- with on_error continue, too
SELECT migrator.add_maintenance_window('00:00', '24:00', note => 'always') AS id \gset
CALL files.write('m/d/3_c.sql', 'SELECT 1/0;');
CALL files.write('m/d/4_d.sql', $$UPDATE migrator.windows SET dropped_at = now() WHERE note = 'always';$$);
CALL files.write('m/d/5_e.sql', 'CREATE TABLE e();');
CALL migrator.up(on_error => 'continue');
SELECT version, state FROM migrator.status() WHERE version > '2';
-- nothing to do needs no window
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE a();');
CALL migrator.up(options => '{"verbose": false}') \gset
SELECT :'result'::jsonb - 'duration_ms' AS result;
SELECT version, outcome FROM migrator.apply();

-- The view.
SELECT migrator.add_maintenance_window('22:00', '02:30', '{sun,sat,sun}', time_zone => 'Europe/Berlin',
  service => 'default', note => 'nights of the weekend') AS id \gset
SELECT service, opens, closes, days, time_zone, during, note, open_now IS NOT NULL AS known, opens_next > now() AS next
  FROM migrator.maintenance_windows WHERE id = :id;
SELECT id, service, time_zone, during, open_now, opens_next FROM migrator.maintenance_windows WHERE lower(during) > now() ORDER BY id;
SELECT migrator.drop_maintenance_window(:id), migrator.drop_maintenance_window(:id);
SELECT count(*) FROM migrator.maintenance_windows WHERE id = :id;
SELECT dropped_by, dropped_at IS NOT NULL AS dropped, added_by FROM migrator.windows WHERE id = :id;
-- without a zone it is the session's
SELECT migrator.add_maintenance_window('22:00', '23:00') AS id \gset
SELECT time_zone FROM migrator.maintenance_windows WHERE id = :id;

-- Refused.
SELECT migrator.add_maintenance_window();
SELECT migrator.add_maintenance_window('22:00');
SELECT migrator.add_maintenance_window(days => '{sat}');
SELECT migrator.add_maintenance_window('24:00', '02:00');
SELECT migrator.add_maintenance_window('22:00', '23:00', '{sat,Sonntag}');
SELECT migrator.add_maintenance_window('22:00', '23:00', '{}');
SELECT migrator.add_maintenance_window('22:00', '23:00', '{sat,NULL}');
SELECT migrator.add_maintenance_window('22:00', '23:00', during => '[2999-01-01,)');
SELECT migrator.add_maintenance_window(during => '[2999-01-01,)', days => '{sat}');
SELECT migrator.add_maintenance_window(during => 'empty');
SELECT migrator.add_maintenance_window(during => '[2000-01-01, 2000-01-02)');
SELECT migrator.add_maintenance_window('22:00', '23:00', time_zone => 'Europe/Berln');
SELECT migrator.add_maintenance_window('22:00', '23:00', time_zone => '');
SELECT migrator.add_maintenance_window('22:00', '23:00', service => 'No');
SELECT migrator.drop_maintenance_window(NULL);
BEGIN READ ONLY;
SELECT migrator.add_maintenance_window('22:00', '23:00');
ROLLBACK;
-- Who may: whoever was granted it, and may act for the service; for all of them only who may act for each.
CREATE ROLE regress_migrator_dev;
CREATE ROLE regress_migrator_ops;
SELECT migrator.register('theirs', 'm/d', options => '{"roles": ["regress_migrator_ops"]}');
SET ROLE regress_migrator_dev;
SELECT migrator.add_maintenance_window('22:00', '23:00');
SELECT migrator.drop_maintenance_window(1);
SELECT * FROM migrator.maintenance_windows;
INSERT INTO migrator.windows (during, time_zone, added_by) VALUES ('(,)', 'UTC', 'me');
-- the calendar is nobody's secret
SELECT open_now FROM migrator.window_times('00:00', '00:00', NULL, NULL, 'UTC', now());
RESET ROLE;
GRANT EXECUTE ON FUNCTION migrator.add_maintenance_window, migrator.drop_maintenance_window TO regress_migrator_dev, regress_migrator_ops;
GRANT pg_write_all_data TO regress_migrator_dev;
SET ROLE regress_migrator_dev;
INSERT INTO migrator.windows (during, time_zone, added_by) VALUES ('(,)', 'UTC', 'me');
UPDATE migrator.maintenance_windows SET days = NULL;
SELECT migrator.add_maintenance_window('22:00', '23:00');
SELECT migrator.add_maintenance_window('22:00', '23:00', service => 'theirs');
SELECT migrator.add_maintenance_window('22:00', '23:00', service => 'default') > 0 AS added;
RESET ROLE;
SET ROLE regress_migrator_ops;
SELECT migrator.add_maintenance_window('22:00', '23:00') AS id \gset
SELECT migrator.add_maintenance_window('22:00', '23:00', service => 'theirs') AS theirs \gset
RESET ROLE;
SET ROLE regress_migrator_dev;
SELECT migrator.drop_maintenance_window(:id);
SELECT migrator.drop_maintenance_window(:theirs);
RESET ROLE;
DROP OWNED BY regress_migrator_dev, regress_migrator_ops;
DROP ROLE regress_migrator_dev, regress_migrator_ops;
