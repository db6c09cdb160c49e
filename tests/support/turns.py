"""Steps of an event loop."""

from collections.abc import Generator


class Turn:
    """`await Turn()` lets the event loop make one turn: what is ready runs."""

    def __await__(self) -> Generator[None, None, None]:
        yield
