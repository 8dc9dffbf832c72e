"""The command line: joins things, decides nothing. Nobody imports it."""
