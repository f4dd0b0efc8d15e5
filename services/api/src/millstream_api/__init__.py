"""Millstream's HTTP API: accepts questions, enqueues them, and relays their token logs.

It knows nothing of models: what it needs to know of answers is in ``millstream_contract``.
"""
