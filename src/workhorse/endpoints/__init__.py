"""Where servers are: addresses, logins, URLs, and the search for the primary. No I/O in here."""

from workhorse.endpoints.endpoint import Endpoint
from workhorse.endpoints.logins import Address, EndpointError, Login, Tls

__all__ = ["Address", "Endpoint", "EndpointError", "Login", "Tls"]
