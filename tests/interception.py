"""A company's proxy that reads TLS: it answers for every host with certificates of its own authority.

It holds one package of PyPI and one of npm, so that no network is needed.
"""

import base64
import datetime as dt
import hashlib
import io
import json
import ssl
import tarfile
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

PACKAGE = "quiet-package"
HOSTS = ("pypi.org", "files.pythonhosted.org", "registry.npmjs.org")
_DAY = dt.timedelta(days=1)


@contextmanager
def intercepting_proxy(folder: Path) -> Iterator[tuple[str, Path]]:
    """Run the proxy; yield its address and its authority's certificate."""
    authority, chain = _certificates(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    pages = _python_pages() | _npm_pages()

    class Handler(_Handler):
        tls, answers = context, pages

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", authority
    server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    tls: ssl.SSLContext
    answers: Mapping[str, tuple[str, bytes]]

    def do_CONNECT(self) -> None:
        """Speak TLS as if we were the host."""
        self.send_response(200)
        self.end_headers()
        try:
            self.connection = self.tls.wrap_socket(self.connection, server_side=True)
        except OSError:  # a client that does not trust us hangs up
            self.close_connection = True
            return
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)
        self.close_connection = False

    def do_HEAD(self) -> None:
        """Answer without the body."""
        self.do_GET()

    def do_GET(self) -> None:
        """Answer from the pages that we hold."""
        kind, body = self.answers.get(self.path, ("text/plain", b""))
        self.send_response(200 if body else 404)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if self.command == "GET" else b"")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _python_pages() -> dict[str, tuple[str, bytes]]:
    wheel = "quiet_package-1.0-py3-none-any.whl"
    link = f'<a href="https://files.pythonhosted.org/{wheel}">{wheel}</a>'.encode()
    about = "quiet_package-1.0.dist-info"
    files = {
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {PACKAGE}\nVersion: 1.0\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{about}/RECORD": "".join(f"{about}/{name},,\n" for name in ("METADATA", "WHEEL", "RECORD")),
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return {f"/simple/{PACKAGE}/": ("text/html", link), f"/{wheel}": ("application/zip", packed.getvalue())}


def _npm_pages() -> dict[str, tuple[str, bytes]]:
    about = json.dumps({"name": PACKAGE, "version": "1.0.0"}).encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        entry = tarfile.TarInfo("package/package.json")
        entry.size = len(about)
        archive.addfile(entry, io.BytesIO(about))
    path = f"/{PACKAGE}/-/{PACKAGE}-1.0.0.tgz"
    digest = base64.b64encode(hashlib.sha512(packed.getvalue()).digest()).decode()
    dist = {"tarball": f"https://registry.npmjs.org{path}", "integrity": f"sha512-{digest}"}
    versions = {"1.0.0": {"name": PACKAGE, "version": "1.0.0", "dist": dist}}
    page = {"name": PACKAGE, "dist-tags": {"latest": "1.0.0"}, "versions": versions}
    return {
        f"/{PACKAGE}": ("application/json", json.dumps(page).encode()),
        path: ("application/octet-stream", packed.getvalue()),
    }


def _certificates(folder: Path) -> tuple[Path, Path]:
    """Write the authority's certificate, and the hosts' with its key."""
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    company = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "A company's authority")])
    authority = _signed(company, company, authority_key, authority_key, x509.BasicConstraints(True, None))
    hosts = x509.SubjectAlternativeName([x509.DNSName(host) for host in HOSTS])
    leaf = _signed(x509.Name([]), company, key, authority_key, hosts)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "authority.pem").write_bytes(authority)
    (folder / "hosts.pem").write_bytes(leaf + private)
    return folder / "authority.pem", folder / "hosts.pem"


def _signed(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
) -> bytes:
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - _DAY).not_valid_after(now + _DAY)
    certificate = builder.add_extension(extension, critical=True).sign(signer, hashes.SHA256())
    return certificate.public_bytes(serialization.Encoding.PEM)
