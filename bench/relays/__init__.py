"""Two relays to compare ours with, as they are commonly built. Each is smaller, and promises less.

Neither has a log, a cursor or a bound on what waits for a slow viewer: what is published while a
viewer is away is lost to it.
"""
