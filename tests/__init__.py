"""Makes this the package `tests`: some wheels bring one of their own, which would hide ours."""
