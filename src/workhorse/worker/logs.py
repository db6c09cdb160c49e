"""How jobs and their worker log, if the user has said so: DICT_CONFIG, as in RQ."""

from __future__ import annotations

import pickle
from typing import Any


def dictate(pickled: bytes) -> None:
    """Set up `logging` in this process by a pickled dictionary.

    What it says of RQ's loggers holds for ours, unless it speaks of ours itself. Loggers that
    are there already are not silenced, unless it says so.

    Raises:
        ValueError: `logging` cannot make anything of it.
    """
    import logging.config  # noqa: PLC0415 - only where it is wanted

    config: dict[str, Any] = pickle.loads(pickled)  # noqa: S301 - from the user's own settings
    loggers = config.get("loggers", {})
    ours = {
        f"workhorse{name[2:]}": told
        for name, told in loggers.items()
        if name == "rq" or name.startswith("rq.")
    }
    logging.config.dictConfig(
        {"disable_existing_loggers": False, **config, "loggers": ours | loggers}
    )
