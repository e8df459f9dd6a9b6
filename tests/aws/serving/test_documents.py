"""The pages of documents open without the internet: what they load comes from the API itself."""

import re

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from bikecast.serving.web.http import create_app
from lambdas.operate.app import add_docs_files


@pytest.fixture(params=["", "/monitoring"])
def client(request: pytest.FixtureRequest) -> TestClient:
    app: FastAPI = create_app(
        title="t", version="1", description="d", max_body_bytes=10, posts=(), prefix=request.param
    )
    add_docs_files(app)
    return TestClient(app, base_url=f"http://testserver{request.param}/")


def test_everything_that_the_page_loads_is_served_beside_it(client: TestClient) -> None:
    page = client.get("docs")
    assert page.status_code == 200
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    loaded = [address for address in addresses if not address.startswith("data:")]
    assert len(loaded) == 2
    for address in loaded:
        assert "//" not in address
        assert client.get(address).status_code == 200


def test_no_other_file_is_served(client: TestClient) -> None:
    assert client.get("docs/redoc.standalone.js").status_code == 422
