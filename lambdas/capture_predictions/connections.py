"""One database connection for as long as it lives."""

import time
from collections.abc import Callable

import psycopg


class Reconnecting:
    """Hands out one connection and opens another when it broke.

    A new one logs in anew, so that a login token is fetched when it is needed and never outlives
    its quarter of an hour. After a refusal the next calls fail at once for a while: a batch of
    messages must not wait for the same dead server one by one.

    Args:
        connect: Opens a connection.
        cool_down_s: How long a refusal stands.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        connect: Callable[[], psycopg.Connection],
        *,
        cool_down_s: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connect, self._cool_down_s, self._clock = connect, cool_down_s, clock
        self._connection: psycopg.Connection | None = None
        self._refusal: psycopg.OperationalError | None = None
        self._refused_until_s = 0.0

    def current(self) -> psycopg.Connection:
        """Return an open connection.

        Raises:
            psycopg.OperationalError: The database cannot be reached.
        """
        if self._connection is None or self._connection.closed or self._connection.broken:
            self._connection = self._opened()
        return self._connection

    def discard(self) -> None:
        """Close the connection; the next call opens another."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _opened(self) -> psycopg.Connection:
        if self._refusal is not None and self._clock() < self._refused_until_s:
            raise self._refusal
        try:
            connection = self._connect()
        except psycopg.OperationalError as err:
            self._refusal, self._refused_until_s = err, self._clock() + self._cool_down_s
            raise
        self._refusal = None
        return connection
