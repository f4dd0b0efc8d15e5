"""A local stand-in for Databricks Model Serving, with real models from wheels."""
