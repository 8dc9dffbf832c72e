"""The way of a database from one schema to the next (Alembic)."""
