"""`make run`: all of Millstream on one machine, with no server installed."""
