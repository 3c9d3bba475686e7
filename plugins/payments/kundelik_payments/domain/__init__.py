"""What is true of orders, payments and refunds, without any I/O."""
