"""The only folder that knows a table."""
