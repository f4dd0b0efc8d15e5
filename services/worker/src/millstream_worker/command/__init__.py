"""The parts of the command ``millstream``. It starts fast: no model library is imported here."""
