"""PostgreSQL: connections, schema and migrations, roles, views, and the server of our own."""
