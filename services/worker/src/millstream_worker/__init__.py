"""Millstream's worker: answers questions from documents, and takes documents in."""
