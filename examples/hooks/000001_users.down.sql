DROP TABLE user_service.users;
DROP SCHEMA user_service;
