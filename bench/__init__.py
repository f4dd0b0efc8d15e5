"""Benchmarks, and the scripted model that they and the tests use. Nothing here is shipped."""
