"""Load tests by locust: many askers and viewers, each answer held against what was said."""
