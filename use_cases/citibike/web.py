"""Plain HTTPS for a few public sources: retried with backoff, resumable, clear where there is no network."""

import logging
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from bikecast.errors import StoreError

logger = logging.getLogger(__name__)

Result = TypeVar("Result")
Progress = Callable[[int, int], None]

LOAD_OR_SIMULATE = "load a folder of files instead, or simulate"

_USER_AGENT = "bikecast (hourly bike demand; public data)"
_CHUNK_BYTES = 1 << 20
_TRANSIENT_STATUSES = {408, 425, 429, 500, 502, 503, 504}


class WebError(StoreError):
    """A public source could not be reached or answered with an error."""


@dataclass(frozen=True)
class Patience:
    """How long to try.

    Args:
        attempts: Of one call.
        longest_wait_s: Between two attempts; waits double from a second, at random.
        timeout_s: For a connection and for each piece of an answer.
    """

    attempts: int = 5
    longest_wait_s: float = 30.0
    timeout_s: float = 30.0


def read_url(
    url: str,
    *,
    query: Mapping[str, str] | None = None,
    patience: Patience | None = None,
    instead: str = LOAD_OR_SIMULATE,
) -> bytes:
    """Return the body of an address.

    Args:
        url: Address.
        query: Its parameters.
        patience: How long to try.
        instead: What a person can do without a network; it ends the error's sentence.
    Raises:
        WebError: No network, or an error answer; transient ones were tried again first.
    """
    address = f"{url}?{urllib.parse.urlencode(query)}" if query else url
    patience = patience or Patience()

    def call() -> bytes:
        with _open(address, {}, patience) as answer:
            return answer.read()

    return _retried(call, address, patience, instead=instead)


def download(
    url: str,
    path: Path,
    *,
    size_bytes: int,
    progress: Progress | None = None,
    patience: Patience | None = None,
) -> None:
    """Write an address to a file, going on where an earlier attempt stopped.

    What is there so far is kept in ``<path>.part``; the file appears when it is whole.

    Args:
        url: Address.
        path: File to write.
        size_bytes: Size that the whole has.
        progress: Called with bytes so far and ``size_bytes``.
        patience: How long to try; each attempt that moved on goes on from there.
    Raises:
        WebError: No network, an error answer, or another size than announced.
    """
    part = path.with_name(path.name + ".part")
    patience = patience or Patience()
    _retried(lambda: _append(url, part, size_bytes, progress, patience), url, patience)
    if part.stat().st_size != size_bytes:
        found = part.stat().st_size
        part.unlink()
        raise WebError(f"{url} gave {found:,} bytes instead of {size_bytes:,}; try again")
    part.replace(path)


def _append(url: str, part: Path, size_bytes: int, progress: Progress | None, patience: Patience) -> None:
    done = part.stat().st_size if part.exists() else 0
    if done >= size_bytes:
        return
    with _open(url, {"Range": f"bytes={done}-"} if done else {}, patience) as answer:
        resumed = answer.status == 206
        done = done if resumed else 0
        with part.open("ab" if resumed else "wb") as file:
            while chunk := answer.read(_CHUNK_BYTES):
                file.write(chunk)
                done += len(chunk)
                if progress is not None:
                    progress(done, size_bytes)
    if done < size_bytes:
        raise ConnectionError(f"the connection ended after {done:,} of {size_bytes:,} bytes")


def _open(address: str, headers: Mapping[str, str], patience: Patience) -> HTTPResponse:
    if not address.startswith(("https://", "http://")):
        raise WebError(f"{address} is not a web address")
    request = urllib.request.Request(address, headers={"User-Agent": _USER_AGENT, **headers})  # noqa: S310 - checked
    response: HTTPResponse = urllib.request.urlopen(request, timeout=patience.timeout_s)  # noqa: S310 - checked
    return response


def _retried(
    call: Callable[[], Result], address: str, patience: Patience, *, instead: str = LOAD_OR_SIMULATE
) -> Result:
    retrying = Retrying(
        stop=stop_after_attempt(patience.attempts),
        wait=wait_random_exponential(multiplier=1, max=patience.longest_wait_s),
        retry=retry_if_exception(_is_transient),
        before_sleep=_log,
        reraise=True,
    )
    try:
        return retrying(call)
    except urllib.error.HTTPError as err:
        raise WebError(f"{address} answered {err.code} {err.reason}: {_beginning(err)}") from err
    except (OSError, HTTPException) as err:
        host = urllib.parse.urlsplit(address).netloc
        raise WebError(
            f"{host} cannot be reached ({err}) after {patience.attempts} attempts; without a network, "
            f"{instead}"
        ) from err


def _is_transient(err: BaseException) -> bool:
    if isinstance(err, urllib.error.HTTPError):
        return err.code in _TRANSIENT_STATUSES
    return isinstance(err, OSError | HTTPException)


def _beginning(err: urllib.error.HTTPError) -> str:
    return err.read(200).decode(errors="replace").strip()


def _log(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    logger.warning("trying again", extra={"attempt": state.attempt_number, "error": str(error)})
