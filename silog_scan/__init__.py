"""Barcode scanning, stock, and reconciliation against delivery manifests, for election logistics."""
