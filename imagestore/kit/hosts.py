"""Which hosts are of a home: much is right there that is wrong on the open internet."""

import ipaddress

# Names that no public DNS has: RFC 6762, RFC 8375, RFC 6761, and those of routers.
_OF_A_HOME = (".local", ".home.arpa", ".localhost", ".internal", ".lan", ".home", ".fritz.box", ".test")


def is_at_home(host: str) -> bool:
    """Whether this name or address is of this machine or of a private network; a bare name is, too."""
    try:
        return not ipaddress.ip_address(host.strip("[]").partition("%")[0]).is_global
    except ValueError:
        return "." not in host or host.endswith(_OF_A_HOME)
