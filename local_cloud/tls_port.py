"""The emulator's server answers over TLS on a second port; plain HTTP stays for its own clients.

Its ``USE_SSL`` would turn TLS on for every client alike, functions and containers too, none of which
knows the certificate. Runs in the emulator's environment.
"""

from pathlib import Path
from typing import Any

import hypercorn.asyncio
import trustme

HOSTS = ("127.0.0.1", "localhost")


def also_serve(port: int, folder: Path) -> None:
    """Make the next server listen on loopback's ``port`` as well, with a new certificate.

    Its key stays in ``folder``; that of the authority, whose certificate is ``ca.pem``, is kept nowhere.
    """
    authority = trustme.CA(organization_name="bikecast, embedded cloud")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    server = folder / "server.pem"
    authority.issue_cert(*HOSTS).private_key_and_cert_chain_pem.write_to_path(server)
    server.chmod(0o600)
    original = hypercorn.asyncio.serve

    def serve(app: Any, config: Any, **options: Any) -> Any:
        config.insecure_bind, config.bind = config.bind, [f"127.0.0.1:{port}"]
        config.certfile = config.keyfile = str(server)
        return original(app, config, **options)

    hypercorn.asyncio.serve = serve
