"""Schemathesis loads this file (tests/test_schema.py): how to send a body whose type it does not know."""

import schemathesis

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
