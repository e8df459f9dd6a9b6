"""Only the emulator calls an image function's process.

AWS: a function's runtime is reached by Lambda alone, which asks IAM first.
MiniStack: it posts to a port of the container, which on loopback every user of this machine can do as well.
The container engine writes a secret that our host of functions asks for; it is sent with each such call.
"""

import os
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ministack.services import lambda_svc

from local_cloud.fidelity.anchors import require

HEADER = "X-Bikecast-Secret"
_PATH = "/2015-03-31/functions/function/invocations"


class SecretHandler(urllib.request.BaseHandler):
    """Adds the secret to calls of functions on loopback."""

    def http_request(self, request: urllib.request.Request) -> urllib.request.Request:
        """Return the request with the secret, if a function's process gets it."""
        address = urlsplit(request.full_url)
        if (address.hostname, address.path) == ("127.0.0.1", _PATH):
            # Read each time: an engine that was started anew has another one.
            request.add_header(HEADER, Path(os.environ["BIKECAST_FUNCTION_SECRET_FILE"]).read_text())
        return request


def apply() -> None:
    """Send the secret along."""
    caller: Any = lambda_svc._invoke_rie
    require(caller, _PATH, "resp = urllib.request.urlopen(req, timeout=timeout)")
    urllib.request.install_opener(urllib.request.build_opener(SecretHandler()))
