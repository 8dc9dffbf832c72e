"""Engines: messages in, one transaction per batch, acknowledged after commit."""
