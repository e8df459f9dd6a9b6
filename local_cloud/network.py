"""How our programs reach other hosts: as the user's environment says, but loopback always directly."""

import os
from collections.abc import Iterable, Mapping, MutableMapping

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_NO_PROXY = ("no_proxy", "NO_PROXY")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
# Where the certificate of a proxy that intercepts TLS is; our programs install no packages, so no mirrors.
_CERTIFICATES = ("ssl_cert_file", "ssl_cert_dir", "requests_ca_bundle", "curl_ca_bundle")


def direct_loopback(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that keep loopback away from every proxy, in both spellings.

    A ``*``, which sends nothing to a proxy, stays.
    """
    given = [part.strip() for name in _NO_PROXY for part in environment.get(name, "").split(",")]
    hosts = list(dict.fromkeys(part for part in (*given, *LOOPBACK) if part))
    value = "*" if "*" in hosts else ",".join(hosts)
    return dict.fromkeys(_NO_PROXY, value)


def keep_loopback_direct(environment: MutableMapping[str, str] = os.environ) -> None:
    """Never send loopback to a proxy, in this process and in every child that inherits its environment."""
    environment.update(direct_loopback(environment))


def network_environment() -> dict[str, str]:
    """Return how this process's environment says that other hosts are reached and trusted."""
    return proxy_environment() | _given(_CERTIFICATES)


def proxy_environment() -> dict[str, str]:
    """Return the proxies of this process's environment; files of this machine are not part of it."""
    return _given(_PROXIES) | direct_loopback(os.environ)


def _given(names: Iterable[str]) -> dict[str, str]:
    spelled = [spelling for name in names for spelling in (name, name.upper())]
    return {name: os.environ[name] for name in spelled if name in os.environ}
