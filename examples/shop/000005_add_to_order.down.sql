DROP FUNCTION add_to_order(bigint, text, integer);
