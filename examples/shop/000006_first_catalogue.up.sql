-- The first catalogue, a first customer and her order.
COPY products (sku, name, price, active) FROM stdin;
MUG-01	Mug, white	7.90	t
MUG-02	Mug, blue; hand-made	12.50	t
TEA-10	Assam, 100 g	6.20	t
TEA-11	Sencha, 100 g	8.40	t
POT-01	Teapot, 1 l	34.00	f
\.

INSERT INTO customers (email, name) VALUES ('ada@example.org', 'Ada');

DO $$
DECLARE
    new_order bigint;
BEGIN
    INSERT INTO orders (customer_id)
    SELECT id FROM customers WHERE email = 'ada@example.org'
    RETURNING id INTO new_order;

    PERFORM add_to_order(new_order, 'MUG-02', 2);
    PERFORM add_to_order(new_order, 'TEA-10');
END;
$$;
