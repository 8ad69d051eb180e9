-- report(): a page of HTML that is XML, too, and in which no name is anything but text.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
-- Well-formed, as XML has it: nothing but tags, text, and characters by their numbers.
CREATE FUNCTION files.faults(page text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  body text := regexp_replace(page, '^<!DOCTYPE html>\n', '');
  tag_pattern text := '<(/?)([a-z][a-z0-9]*)((?:\s[a-zA-Z][a-zA-Z0-9-]*="[^"<>]*")*)\s*(/?)>';
  tag text[];
  open_tags text[] := '{}';
  rest text := regexp_replace(regexp_replace(body, '<style>.*?</style>', ''), tag_pattern, '', 'g');
BEGIN
  IF page !~ '^[\n -~]*$' THEN RETURN NEXT 'other than ASCII'; END IF;
  IF rest ~ '[<>"'']' THEN RETURN NEXT 'not a tag: ' || substring(rest FROM '.{0,40}[<>"''].{0,40}'); END IF;
  IF body ~ '&(?!#[0-9]+;)' THEN RETURN NEXT 'not a character: ' || substring(body FROM '&(?!#[0-9]+;).{0,40}'); END IF;
  FOR tag IN SELECT regexp_matches(body, tag_pattern, 'g') LOOP
    IF tag[2] IN ('script', 'img', 'link', 'iframe', 'object', 'form') OR tag[3] ~* '\s(on|src|xlink|href="[^#])' THEN
      RETURN NEXT 'outside part: ' || array_to_string(tag, ' ');
    END IF;
    IF tag[4] = '/' THEN CONTINUE; END IF;
    IF tag[1] = '' THEN
      open_tags := open_tags || tag[2];
    ELSIF open_tags[cardinality(open_tags)] = tag[2] THEN
      open_tags := trim_array(open_tags, 1);
    ELSE
      RETURN NEXT format('</%s> ends %s', tag[2], open_tags);
      RETURN;
    END IF;
  END LOOP;
  IF open_tags <> '{}' THEN RETURN NEXT 'open: ' || open_tags::text; END IF;
END $$;
-- What is the same everywhere: no times, no sizes by time, no style.
CREATE FUNCTION files.lines(page text) RETURNS SETOF text LANGUAGE sql AS $$
  SELECT line FROM regexp_split_to_table(
    regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(page,
      '<style>.*?</style>', '<style/>'),
      '<time>[^<]*</time>', 'TIME', 'g'),
      '[0-9.]+&#160;m?s(?!\w)', 'MS', 'g'),
      '( y| height|y1|y2)="[0-9.]+"', '\1="N"', 'g'),
      '\d{4}-\d\d-\d\d( [^<]*)?</t', 'DAY</t', 'g'),
      '(system identifier</dt><dd>|PostgreSQL |footer>migrator )[^<]*<', '\1X<', 'g'),
      'width: [0-9.]+%', 'width: N%', 'g'), '\n') line
    WHERE line <> '' AND line !~ 'class="share"';
$$;

-- Nothing yet.
SELECT files.faults(migrator.report());
SELECT files.lines(migrator.report());

-- A service with all there is to show.
CALL files.make('m/shop', '000001_users.up.sql', 'CREATE TABLE app.users ()', '000001_users.down.sql', 'DROP TABLE app.users',
  '000002_orders.up.sql', 'CREATE TABLE app.orders ()', '000003_fails.up.sql', 'SELECT 1/0', '000004_later.up.sql', 'SELECT 1',
  'dependencies.json', '{"migrations": {"000002": {"depends_on": ["000001"]},
    "000004": {"depends_on": ["000002", "000003"], "cross_service_dependencies": {"billing": ["000009"]}}}}');
SELECT migrator.register('shop', 'm/shop', search_path => 'app');
SELECT version, outcome FROM migrator.apply(service => 'shop', target => '000002');
\set VERBOSITY terse
SELECT migrator.apply(service => 'shop', target => '000003');
SELECT files.faults(migrator.report());
SELECT files.lines(migrator.report('shop'));

SET migrator.slow_threshold = 0;
SELECT count(*) FROM regexp_matches(migrator.report(), '<span class="pill warn">slow</span>', 'g');
RESET migrator.slow_threshold;

-- Without a registration it is the source of the last run.
CALL files.make('m/plain', '1_a.sql', 'SELECT 1');
SELECT outcome FROM migrator.apply('m/plain', 'plain');
SELECT line FROM files.lines(migrator.report('plain')) line WHERE line ~ 'not registered|nothing pending';

-- What a run would refuse is on the page.
CALL files.make('m/gone', '1_a.sql', 'SELECT 1');
SELECT migrator.register('gone', 'm/gone');
SELECT outcome FROM migrator.apply(service => 'gone');
CALL files.remove('m/gone');
CALL files.names('m/plain', '1_a.sql', '1_b.sql', '2_a.go');
SELECT files.faults(migrator.report());
SELECT line FROM files.lines(migrator.report('gone')) line WHERE line ~ 'class="box"|summary';
SELECT line FROM files.lines(migrator.report('plain')) line WHERE line ~ 'class="box"';
SELECT line FROM files.lines(migrator.report()) line WHERE line ~ 'class="tile|href=';
SELECT migrator.report('nobody');
SELECT migrator.report('Nob"ody');

-- Hostile names in every place: each is text.
CALL files.forget();
CALL files.make('m/h', E'1_<script>alert(1)<\u2215script>.up.sql', 'SELECT 1',
  E'2_"><img src=x onerror=y>&amp;''.up.sql', $x$SELECT '</style><script>alert("2")</script> ]]> --> &amp;'::int$x$,
  E'3_back\U0001F389.up.sql', 'SELECT 1',
  E'4_control\x01\x0B\x1B\x7F\ttab.up.sql', 'SELECT 1',
  'dependencies.json', '{"migrations": {"3": {"depends_on": ["1"]}, "4": {"depends_on": ["</title></svg><script>x</script>"]}}}');
CREATE ROLE "regress_migrator_<b>""'&" SUPERUSER;
SET application_name = '</td><script>alert(3)</script>';
SET ROLE "regress_migrator_<b>""'&";
SELECT migrator.register('evil', 'm/h', search_path => '"</dl><b>", app');
SELECT migrator.apply(service => 'evil', versions => '{1,2}');
SELECT migrator.baseline('m/h', 'evil', '1');
SELECT migrator.resolve('2', 'rolled_back', 'evil', note => E'</div>]]>\n<!-- <b onclick="x"> \u202Eback\u200B\u00A0\u0085\uFEFF\uFFFE');
SELECT files.faults(migrator.report());
SELECT line FROM files.lines(migrator.report()) line WHERE line ~ 'needed, and not here|class="box"|<dt>(for|search_path)';
CALL files.write('m/h/dependencies.json', '{"migrations": {"3": {"depends_on": ["1"]}}}');
CREATE SCHEMA "</dl><b>";
SELECT outcome FROM migrator.apply(service => 'evil', target => '3');
CREATE TABLE app."<svg onload=x>" ();
SELECT files.faults(migrator.report());
SELECT DISTINCT line FROM files.lines(migrator.report()) line WHERE line ~ 'script|onerror|onload|onclick|8238|65533|<b>|control|&#39;' ORDER BY 1;
RESET ROLE;
RESET application_name;
DROP TABLE app."<svg onload=x>";
DROP SCHEMA "</dl><b>" CASCADE;

-- A service of some roles is seen by them, and by those who may read the tables.
CREATE ROLE regress_migrator_reader;
CREATE ROLE regress_migrator_member;
GRANT EXECUTE ON FUNCTION migrator.report TO regress_migrator_reader, regress_migrator_member;
SELECT migrator.register('evil', 'm/h', options => '{"roles": ["regress_migrator_member"]}');
SELECT migrator.register('open', 'm/h');
GRANT USAGE ON SCHEMA files TO regress_migrator_reader;
SET ROLE regress_migrator_reader;
SELECT line FROM files.lines(migrator.report()) line WHERE line ~ 'href=|class="box"|<section id';
SELECT migrator.report('evil');
SET ROLE regress_migrator_member;
SELECT regexp_matches(migrator.report(), '<section id="s\d"><header><h2>[^<]*', 'g');
RESET ROLE;
GRANT SELECT ON migrator.migrations TO regress_migrator_reader;
SET ROLE regress_migrator_reader;
SELECT regexp_matches(migrator.report(), '<section id="s\d"><header><h2>[^<]*', 'g');
RESET ROLE;

-- Much: what is left out is said.
CALL files.forget();
CALL files.make('m/many');
CALL files.run($$cd m/many && i=1000 && while [ $i -lt 1600 ]; do i=$((i+1)); echo 'SELECT 1' > ${i}_n.up.sql; done; 
  (echo '{"migrations": {'; i=1001; while [ $i -lt 1600 ]; do i=$((i+1)); echo "\"$i\": {\"depends_on\": [\"$((i/2+500))\"]},"; done;
   echo '"1001": {}}}') > dependencies.json$$);
SELECT migrator.register('many', 'm/many');
SELECT migrator.baseline('m/many', 'many', '1300');
INSERT INTO migrator.runs (kind, service, started_at, outcome, applied, failed, duration_ms)
  SELECT 'up', 'many', now(), 'up_to_date', 0, 0, i FROM generate_series(1, 1000) i;
INSERT INTO migrator.history (service, event, note) SELECT 'many', 'accepted', i FROM generate_series(1, 1000) i;
SELECT files.faults(migrator.report());
SELECT line FROM files.lines(migrator.report()) line WHERE line ~ 'class="more"';
SELECT count(*) < 3000, max(length(line)) < 2000 FROM files.lines(migrator.report()) line;
CALL files.forget();
SELECT migrator.register('a', 'm/shop');
SET default_transaction_read_only = on;
SELECT files.faults(migrator.report('*'));
RESET default_transaction_read_only;
REVOKE ALL ON FUNCTION migrator.report FROM regress_migrator_reader, regress_migrator_member;
REVOKE ALL ON SCHEMA files FROM regress_migrator_reader;
REVOKE ALL ON migrator.migrations FROM regress_migrator_reader;
DROP OWNED BY "regress_migrator_<b>""'&";
DROP ROLE regress_migrator_reader, regress_migrator_member, "regress_migrator_<b>""'&";
