"""The values behind pages and JSON: pure functions of rows; no clock, no database."""
