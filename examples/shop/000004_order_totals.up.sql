-- What the back office reads: every order with its total.
CREATE VIEW order_totals AS
SELECT o.id AS order_id,
       c.email,
       o.state,
       count(i.product_id) AS lines,
       coalesce(sum(i.quantity * i.unit_price), 0) AS total
FROM orders o
JOIN customers c ON c.id = o.customer_id
LEFT JOIN order_items i ON i.order_id = o.id
GROUP BY o.id, c.email;
