"""What Millstream's API and worker must agree on.

Events and frames, jobs, Redis keys, the token log (Redis) and the ledger (PostgreSQL). Nothing in
here knows Flask, Celery or a model.
"""
