"""What a client may ask for in the query of its URL: the table, the grammar, the query. Pure."""
