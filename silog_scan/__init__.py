"""Scanning, stock and reconciliation of deliveries, for election logistics."""
