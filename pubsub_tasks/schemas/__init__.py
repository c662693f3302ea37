"""Schemas for other programs: JSON Schema, AsyncAPI, and what changes between two versions."""
