"""The parts of the OpenAPI document; scripts/make_openapi.py puts them together."""
