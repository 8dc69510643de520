"""Invoice items: amounts that wait for a customer's next invoice."""
