"""What goes wrong on the way to a Lakebase database."""

import psycopg


class LakebaseUnavailable(psycopg.OperationalError):
    """The workspace gave no way into the database.

    An OperationalError, for that is what it is to whoever connects: the server cannot be reached
    now, and a later try may succeed.
    """
