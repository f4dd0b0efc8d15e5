"""Measures the page in Chromium; see specs/010-chat-page/research.md."""
