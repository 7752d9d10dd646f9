"""Query parameters. A value that is not allowed raises Problem `invalid`, which names the parameter."""

from collections.abc import Collection, Mapping

from imagestore.kit.problems import invalid

# The longest `?search=`, in characters.
SEARCH_LENGTH = 200


def flag(params: Mapping[str, str], name: str) -> bool:
    """Whether the parameter is true or 1; False when it is absent."""
    return choice(params, name, ("true", "false", "1", "0"), default="false") in ("true", "1")


def choice(params: Mapping[str, str], name: str, choices: Collection[str], default: str = "") -> str:
    """One of the choices; `default` when absent or empty."""
    value = params.get(name) or default
    if value != default and value not in choices:
        raise invalid(name, f"{name} is one of: {', '.join(choices)}.")
    return value


def search_words(params: Mapping[str, str]) -> str:
    """`?search=`, at most SEARCH_LENGTH characters."""
    words = params.get("search", "").strip()
    if len(words) > SEARCH_LENGTH or "\x00" in words:
        raise invalid("search", f"Search for at most {SEARCH_LENGTH} plain characters.")
    return words
