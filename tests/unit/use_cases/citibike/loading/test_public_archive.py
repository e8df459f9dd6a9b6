"""Months downloaded from the public archive: listed, resumed, checked."""

import hashlib
from pathlib import Path

import pytest

from bikecast.errors import InputError
from tests.unit.web import QUICK, Site, serving
from use_cases.citibike.loading.public_archive import (
    ArchiveFile,
    choose,
    download_file,
    list_archive,
    months_between,
)
from use_cases.citibike.web import Patience, WebError, download

BODY = bytes(range(256)) * 20_000
FILE = ArchiveFile("202401-citibike-tripdata.zip", len(BODY), hashlib.md5(BODY).hexdigest())
NAMES = [
    "2023-citibike-tripdata.zip",
    "202401-citibike-tripdata.zip",
    "202402-citbike-tripdata.csv.zip",
    "JC-202401-citibike-tripdata.csv.zip",
    "JC-202207-citbike-tripdata.csv.zip",
    "JC-201708 citibike-tripdata.csv.zip",
    "index.html",
    "robots.txt",
]


def listing(names: list[str], *, token: str | None = None) -> bytes:
    contents = "".join(
        f"<Contents><Key>{name}</Key><Size>{len(BODY)}</Size><ETag>&quot;{FILE.etag}&quot;</ETag></Contents>"
        for name in names
    )
    more = f"<NextContinuationToken>{token}</NextContinuationToken>" if token else ""
    return f'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{contents}{more}</ListBucketResult>'.encode()


def site(**options: object) -> Site:
    return Site({"/": listing(NAMES), f"/{FILE.name}": BODY}, **options)  # type: ignore[arg-type]  # keywords of Site


def test_listing_names_trip_files_only() -> None:
    with serving(site()) as served:
        names = [file.name for file in list_archive(url=served.url, patience=QUICK)]
    assert names == NAMES[:6]


def test_months_come_from_their_own_file_or_their_years() -> None:
    files = [ArchiveFile(name, 1, "") for name in NAMES[:6]]
    chosen = choose(files, months_between("2023-11", "2024-02"))
    assert [file.name for file in chosen] == NAMES[:3]
    assert [file.name for file in choose(files, ["2022-07"], jersey_city=True)] == [NAMES[4]]


def test_a_name_with_a_blank_is_listed_and_downloaded(tmp_path: Path) -> None:
    name = "JC-201708 citibike-tripdata.csv.zip"
    file = ArchiveFile(name, len(BODY), FILE.etag)
    assert choose([file], ["2017-08"], jersey_city=True) == [file]
    with serving(Site({"/JC-201708%20citibike-tripdata.csv.zip": BODY})) as served:
        path = download_file(file, tmp_path, url=served.url, patience=QUICK)
    assert (path.name, path.read_bytes()) == (name, BODY)


def test_month_that_is_not_there_is_named_with_the_latest() -> None:
    files = [ArchiveFile(name, 1, "") for name in NAMES[:6]]
    with pytest.raises(InputError, match="no file for 2024-03, 2024-04; its latest month is 2024-02"):
        choose(files, months_between("2024-02", "2024-04"))


@pytest.mark.parametrize(
    ("first", "last"), [("2024-13", "2024-12"), ("2024-02", "2024-01"), ("202401", "2024-02")]
)
def test_range_of_months_is_checked(first: str, last: str) -> None:
    with pytest.raises(InputError):
        months_between(first, last)


def test_download_is_whole_and_reports_progress(tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    with serving(site()) as served:
        path = download_file(
            FILE, tmp_path, url=served.url, patience=QUICK, progress=lambda *step: seen.append(step)
        )
    assert path.read_bytes() == BODY
    assert seen[-1] == (FILE.name, len(BODY), len(BODY))


def test_download_goes_on_where_the_connection_ended(tmp_path: Path) -> None:
    with serving(site(cut_after=[1_000_000, 3_000_000], failures=[503])) as served:
        path = download_file(FILE, tmp_path, url=served.url, patience=QUICK)
        assert served.ranges == [None, None, "bytes=1000000-", "bytes=3000000-"]
    assert path.read_bytes() == BODY
    assert [file.name for file in tmp_path.iterdir()] == [FILE.name]


def test_download_starts_again_where_a_server_cannot_resume(tmp_path: Path) -> None:
    with serving(site(cut_after=[1_000_000], honours_ranges=False)) as served:
        assert download_file(FILE, tmp_path, url=served.url, patience=QUICK).read_bytes() == BODY


def test_download_of_an_earlier_run_is_continued(tmp_path: Path) -> None:
    (tmp_path / f"{FILE.name}.part").write_bytes(BODY[:2_000_000])
    with serving(site()) as served:
        download_file(FILE, tmp_path, url=served.url, patience=QUICK)
        assert served.ranges == ["bytes=2000000-"]


def test_file_that_is_there_is_not_downloaded_again(tmp_path: Path) -> None:
    (tmp_path / FILE.name).write_bytes(BODY)
    with serving(site()) as served:
        download_file(FILE, tmp_path, url=served.url, patience=QUICK)
        assert served.ranges == []


def test_damaged_download_is_refused_and_removed(tmp_path: Path) -> None:
    with (
        serving(Site({f"/{FILE.name}": BODY[:-1] + b"!"})) as served,
        pytest.raises(WebError, match="checksum"),
    ):
        download_file(FILE, tmp_path, url=served.url, patience=QUICK)
    assert not list(tmp_path.iterdir())


def test_download_longer_than_announced_is_refused(tmp_path: Path) -> None:
    with serving(site()) as served, pytest.raises(WebError, match="instead of"):
        download(served.url + FILE.name, tmp_path / "a", size_bytes=10, patience=QUICK)


def test_missing_file_fails_at_once(tmp_path: Path) -> None:
    with serving(Site({})) as served:
        with pytest.raises(WebError, match="answered 404"):
            download_file(FILE, tmp_path, url=served.url, patience=QUICK)
        assert len(served.ranges) == 1


def test_listing_over_several_pages_is_read_whole() -> None:
    class Pages(dict[str, bytes]):
        """Answers the second page to the second question."""

        turns = 0

        def get(self, key: str, default: object = None) -> bytes:
            self.turns += 1
            return listing(NAMES[:2], token="more") if self.turns == 1 else listing(NAMES[2:])

    with serving(Site(Pages())) as served:
        assert len(list_archive(url=served.url, patience=QUICK)) == 6
        assert served.queries[1]["continuation-token"] == ["more"]


def test_web_page_instead_of_a_listing_is_told() -> None:
    with (
        serving(Site({"/": b"<html><p>Sign in to this network"})) as served,
        pytest.raises(WebError, match="listing"),
    ):
        list_archive(url=served.url, patience=QUICK)


def test_without_a_network_the_message_says_what_to_do() -> None:
    with pytest.raises(WebError, match=r"cannot be reached.*load a folder of files instead, or simulate"):
        list_archive(url="http://127.0.0.1:9/", patience=Patience(attempts=2, longest_wait_s=0.01))
