-- A schema with the users of the service.
CREATE SCHEMA user_service;
CREATE TABLE user_service.users (
  id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email text NOT NULL UNIQUE
);
