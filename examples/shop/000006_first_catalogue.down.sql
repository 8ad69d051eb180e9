DELETE FROM orders WHERE customer_id IN (SELECT id FROM customers WHERE email = 'ada@example.org');
DELETE FROM customers WHERE email = 'ada@example.org';
DELETE FROM products WHERE sku IN ('MUG-01', 'MUG-02', 'TEA-10', 'TEA-11', 'POT-01');
