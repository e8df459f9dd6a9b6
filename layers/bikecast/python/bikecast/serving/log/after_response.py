"""Work after the answer: a Lambda environment stays awake until the prediction log is sent.

A function is frozen as soon as it and its extensions ask for the next event, but its caller has the
answer as soon as the function returned it. An extension that runs as a thread of the function asks
a little later. Source: AWS Lambda, "Extensions API", and "Lambda execution environment lifecycle".
"""

import json
import logging
import threading
import time
import urllib.request
from collections.abc import Callable
from typing import Any, Self

log = logging.getLogger(__name__)
VERSION = "2020-01-01"
NAME = "bikecast-after-response"
PAUSE_S = 0.5
MAX_FAILURES = 10  # in a row; then there is no runtime any more


class AfterResponse:
    """Holds the environment until ``finish`` returns, once after each answer.

    Args:
        runtime_api: Host and port of Lambda's runtime API.
        finish: Does what is left to do; must not raise and must return in a few seconds.
    """

    def __init__(self, runtime_api: str, finish: Callable[[], object]) -> None:
        self._base = f"http://{runtime_api}/{VERSION}/extension"
        self._finish = finish
        self._answered = threading.Event()
        self._id = ""

    def start(self) -> Self:
        """Register with Lambda; allowed while the function is initialised only.

        Raises:
            OSError: The runtime refuses.
        """
        body = json.dumps({"events": ["INVOKE"]}).encode()
        with self._call("register", {"Lambda-Extension-Name": NAME}, body=body) as response:
            self._id = response.headers["Lambda-Extension-Identifier"]
        threading.Thread(target=self._follow, name="after-response", daemon=True).start()
        return self

    def answered(self) -> None:
        """Tell that the function returns now."""
        self._answered.set()

    def _follow(self) -> None:
        failures = 0
        while failures < MAX_FAILURES:
            if not self._invoked():
                failures += 1
                continue
            failures = 0
            self._answered.wait()
            self._answered.clear()
            self._finish()

    def _invoked(self) -> bool:
        try:
            self._call("event/next", {"Lambda-Extension-Identifier": self._id}).close()
        except OSError as err:  # a snapshot was restored while we waited, say
            log.warning("asking for the next event failed", extra={"reason": str(err)})
            time.sleep(PAUSE_S)
            return False
        return True

    def _call(self, path: str, headers: dict[str, str], *, body: bytes | None = None) -> Any:
        request = urllib.request.Request(f"{self._base}/{path}", data=body, headers=headers)  # noqa: S310 - Lambda's own loopback address
        return urllib.request.urlopen(request)  # noqa: S310 - the same; the next event may take hours
