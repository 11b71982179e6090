"""Codecs that come with taktora: one file per format."""
