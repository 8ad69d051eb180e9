DROP SCHEMA user_service_tests CASCADE;
