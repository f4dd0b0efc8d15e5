"""What can keep an instance from starting, or end it."""


class CannotRun(Exception):
    """The instance cannot start or go on; the message says what to do about it."""


class StopRequested(Exception):
    """Somebody asked for the stop while the instance was still starting."""
