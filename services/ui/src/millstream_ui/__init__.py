"""Millstream's chat page. It talks to the API over HTTP and to nothing else of ours."""
