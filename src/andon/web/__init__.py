"""The dashboard: pages and JSON twins made from the same values, live by server-sent events."""
