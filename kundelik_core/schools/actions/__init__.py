"""Write the structure of schools: the one way for the generator, imports and the office."""
