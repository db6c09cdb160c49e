"""Performing a search for the primary: one short-lived link for each question."""

from __future__ import annotations

import contextlib

from workhorse.endpoints.discovery import ASK_TIMEOUT, Search
from workhorse.endpoints.logins import Address
from workhorse.exceptions import ServerError
from workhorse.links.blocking import Link


def find(search: Search) -> Address:
    """The address that a search returns.

    Raises:
        ConnectionLost: Nobody could say.
    """
    try:
        ask = next(search)
        while True:
            try:
                link = Link.open(ask.address, ask.login, timeout=ASK_TIMEOUT)
                with contextlib.closing(link):
                    answer = link.call(ask.words, ASK_TIMEOUT)
            except ServerError as error:
                ask = search.throw(error)
            else:
                ask = search.send(answer)
    except StopIteration as found:
        address: Address = found.value
        return address


async def afind(search: Search) -> Address:
    """The address that a search returns, without blocking the event loop.

    Raises:
        ConnectionLost: Nobody could say.
    """
    from workhorse.links.aio import AsyncLink  # noqa: PLC0415 - imports asyncio

    try:
        ask = next(search)
        while True:
            try:
                link = await AsyncLink.open(
                    ask.address, ask.login, timeout=ASK_TIMEOUT, reply_timeout=ASK_TIMEOUT
                )
                with contextlib.closing(link):
                    answer = await link.request(ask.words)
            except ServerError as error:
                ask = search.throw(error)
            else:
                ask = search.send(answer)
    except StopIteration as found:
        address: Address = found.value
        return address
