"""Connectors as the plug-in sees them, and gateways elsewhere."""
