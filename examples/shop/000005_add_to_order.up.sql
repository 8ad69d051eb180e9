-- The one way to put a product into an order: it keeps the price of that moment.
CREATE FUNCTION add_to_order(p_order_id bigint, p_sku text, p_quantity integer DEFAULT 1) RETURNS void
LANGUAGE plpgsql AS $function$
DECLARE
    product products;
BEGIN
    SELECT * INTO product FROM products WHERE sku = p_sku AND active;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no product % is on sale', p_sku
            USING HINT = $hint$Look for it with: SELECT sku FROM products WHERE active;$hint$;
    END IF;

    INSERT INTO order_items (order_id, product_id, quantity, unit_price)
    VALUES (p_order_id, product.id, p_quantity, product.price)
    ON CONFLICT (order_id, product_id) DO UPDATE
        SET quantity = order_items.quantity + excluded.quantity;
END;
$function$;
