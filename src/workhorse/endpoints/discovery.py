"""Finding the server to write to: behind sentinels, or for a slot of a Cluster.

The search is a generator: it yields an `Ask`, is sent the answer or thrown the error, and
returns an address. So the sync and the asyncio connection share it, and a test needs no server.
"""

from __future__ import annotations

import binascii
from collections.abc import Generator
from typing import Any, NamedTuple

from workhorse.endpoints.endpoint import Endpoint
from workhorse.endpoints.logins import Address, Login, address_text, parse_address
from workhorse.exceptions import ConnectionLost, ServerError

ASK_TIMEOUT = 1.0
"""How long a sentinel or a node of a Cluster may take to answer, seconds: there are others."""

SLOTS = 16384


class Ask(NamedTuple):
    """One command for one server, on a connection of its own."""

    address: Address
    login: Login
    words: tuple[str, ...]


Search = Generator[Ask, Any, Address]


def slot_of(namespace: str) -> int:
    """The Cluster slot of every key that begins with `{namespace}`."""
    return binascii.crc_hqx(namespace.encode(), 0) % SLOTS


def find_primary(endpoint: Endpoint, slot: int) -> Search:
    """Where writes for *slot* go now.

    Raises:
        ConnectionLost: Nobody could say, for now; the text has each one's reason.
    """
    if endpoint.kind == "sentinel":
        return (yield from _ask_sentinels(endpoint))
    if endpoint.kind == "cluster":
        return (yield from _ask_nodes(endpoint, slot))
    return endpoint.addresses[0]


def moved_to(error: ServerError, answered_by: Address) -> Address:
    """The address in a MOVED reply; one without a host means the host that answered."""
    text = error.text.rpartition(" ")[2]
    host, port = parse_address(text)
    if text.rpartition(":")[0]:
        return host, port
    return (answered_by if isinstance(answered_by, str) else answered_by[0]), port


def _ask_sentinels(endpoint: Endpoint) -> Search:
    reasons = []
    for sentinel in endpoint.addresses:
        question = ("SENTINEL", "GET-MASTER-ADDR-BY-NAME", endpoint.service or "")
        try:
            answer = yield Ask(sentinel, endpoint.sentinel_login, question)
            if answer is None:
                reasons.append(f"{address_text(sentinel)} knows no {endpoint.service!r}")
                continue
            primary = (answer[0].decode(), int(answer[1]))
            # A sentinel may be behind the times: the server itself knows best what it is.
            role = yield Ask(primary, endpoint.login, ("ROLE",))
        except ServerError as error:
            reasons.append(str(error))
            continue
        if role[0] == b"master":
            return primary
        reasons.append(f"{address_text(primary)} is a {role[0].decode()}")
    raise ConnectionLost(f"no primary for {endpoint}: " + "; ".join(dict.fromkeys(reasons)))


def _ask_nodes(endpoint: Endpoint, slot: int) -> Search:
    reasons = []
    for node in endpoint.addresses:
        try:
            ranges = yield Ask(node, endpoint.login, ("CLUSTER", "SLOTS"))
        except ServerError as error:
            reasons.append(str(error))
            continue
        for first, last, (host, port, *_), *_ in ranges:
            if first <= slot <= last:
                known = host.decode() if host else ""
                return (known or node[0], port)
        reasons.append(f"{address_text(node)} knows no node for slot {slot}")
    raise ConnectionLost(f"no primary for {endpoint}: " + "; ".join(dict.fromkeys(reasons)))
