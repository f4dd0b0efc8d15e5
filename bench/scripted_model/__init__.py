"""A model server for tests and benchmarks: the question decides the answer."""
