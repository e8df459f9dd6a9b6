"""Looks up what the tags of the base images stand for and writes it down: ``python -m layers.image_digests``.

Source: https://distribution.github.io/distribution/spec/api/ and its token authentication.
"""

import json
import re
import sys

import httpx

from layers.base_images import BASE_IMAGES, DIGESTS

KINDS = "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json"
# Docker's registry answers under another name than its images bear.
HOSTS = {"docker.io": "registry-1.docker.io"}
PARAMETER = re.compile(r'(\w+)="([^"]*)"')
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class RegistryError(Exception):
    """A registry cannot be reached or does not know the image."""


def look_up(client: httpx.Client, name: str) -> str:
    """Return the digest that an image's tag stands for.

    Raises:
        RegistryError: The registry cannot be reached, refuses, or names no digest.
    """
    host, _, rest = name.partition("/")
    repository, _, tag = rest.partition(":")
    url = f"https://{HOSTS.get(host, host)}/v2/{repository}/manifests/{tag}"
    try:
        answer = client.head(url, headers={"accept": KINDS})
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            token = _token(client, answer.headers.get("www-authenticate", ""))
            answer = client.head(url, headers={"accept": KINDS, "authorization": f"Bearer {token}"})
    except (httpx.HTTPError, ValueError) as err:
        raise RegistryError(f"{name}: {url} cannot be reached ({err})") from err
    digest = answer.headers.get("docker-content-digest", "")
    if answer.is_error or not DIGEST.fullmatch(digest):
        raise RegistryError(f"{name}: {url} answers {answer.status_code} and no digest")
    return str(digest)


def _token(client: httpx.Client, challenge: str) -> str:
    asked = dict(PARAMETER.findall(challenge))
    answer = client.get(asked.pop("realm", ""), params=asked)
    return str(answer.json().get("token", "")) if answer.is_success else ""


def main() -> int:
    """Write all digests down, or none."""
    try:
        with httpx.Client(timeout=30, follow_redirects=True) as client:
            digests = {image.name: look_up(client, image.name) for image in BASE_IMAGES.values()}
    except RegistryError as err:
        sys.stderr.write(f"error: {err}; nothing was written\n")
        return 1
    DIGESTS.write_text(json.dumps(digests, indent=2) + "\n")
    sys.stdout.write(f"{DIGESTS.name} is written: commit it\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
