"""The supervisor: one table of services, started in path order, ended in reverse."""
