"""Answering: from a job in the queue to a stored answer, told event by event on the way."""
