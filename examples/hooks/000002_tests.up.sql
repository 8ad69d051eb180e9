-- Tests of the schema, for pgTAP: post_migrate.sql runs them after each run.
CREATE SCHEMA user_service_tests;
CREATE FUNCTION user_service_tests.test_users() RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
  RETURN NEXT has_table('user_service'::name, 'users'::name, 'there are users');
  RETURN NEXT col_is_unique('user_service'::name, 'users'::name, 'email'::name, 'and no email is two users''');
END $$;
