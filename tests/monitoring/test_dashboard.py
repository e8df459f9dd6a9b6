"""The dashboard's page in a real browser, over what the monitor really wrote."""

import datetime as dt
import http.server
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bikecast.errors import NotFoundError
from bikecast.monitoring.findings.glance import NEVER_WATCHED, glances
from bikecast.monitoring.findings.summary import write_summary
from bikecast.monitoring.reports.stored_reports import Page, find_page
from bikecast.monitoring.requests import MonitorRequest
from bikecast.monitoring.run import Ports, monitor
from bikecast.monitoring.windows import Source
from bikecast.names import DASHBOARD_SUMMARY_KEY, WINDOWS_PREFIX
from bikecast.registry.champion_store import ChampionStore
from bikecast.registry.manifest import ChampionManifest, ChangeAction
from tests.monitoring.conftest import NOW, City
from tests.unit.serving.world import PUBLISHED, change
from use_cases.citibike.monitoring.watch import WATCH

PAGE = Path("lambdas/operate/dashboard.html").read_bytes()
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
KEY = "k-123"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=6000",
    "--dump-dom",
)

HOURS = [dt.datetime(2025, 4, 1, 9) + dt.timedelta(hours=hour) for hour in range(168)]
FORECAST = {
    "weather_issued_at": "2025-04-01T04:00:00Z",
    "demand_known_until": "2025-03-31",
    "predictions": [
        {"date": str(hour), "prediction": 900.0, "low": 700.0, "high": 1100.0, "rain": 0.1 * (hour.day == 3)}
        for hour in HOURS
    ],
}
LEADS = {
    name: {
        "serves": True,
        "hourly": {"rmse": rmse, "wape": 0.1, "coverage": covered},
        "day": {"rmse": 700.0, "wape": 0.13, "coverage": 0.9},
    }
    for name, rmse, covered in (("observed", 565.0, 0.91), ("168 h before the day", 1055.0, 0.84))
}


@pytest.fixture
def api(ports: Ports) -> Iterator[str]:
    """An API that shows the page to anybody and the data to who has the key."""
    request = MonitorRequest(
        window_start=dt.datetime(2025, 1, 6),
        window_end=dt.datetime(2025, 3, 31),
        every="1w",
        source=Source.PROCESSED,
        html=False,
    )
    assert len(list(monitor(request, ports, WATCH))) == 12
    last = {"window_start": dt.datetime(2025, 3, 24), "every": None, "html": True}
    list(monitor(request.model_copy(update=last), ports, WATCH))
    other = {
        **NEVER_WATCHED,
        "use_case": "obesity",
        "champion": "9",
        "paused": True,
        "pause_reason": "why not",
    }
    found = [*glances(ports.reports, ["citibike"]), other]
    bodies = {
        "monitoring/summary": ports.reports.read(DASHBOARD_SUMMARY_KEY).body,
        "monitoring/use-cases": json.dumps({"use_cases": found}).encode(),
        "forecast": json.dumps(FORECAST).encode(),
        "model": json.dumps({"interval_coverage": 0.9, "leads": LEADS}).encode(),
    }
    with _served(bodies) as url:
        yield url


@contextmanager
def _served(bodies: Mapping[str, bytes]) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.endswith("/dashboard"):
                return self._send(200, "text/html", PAGE)
            allowed = self.headers.get("x-api-key") == KEY
            if not allowed:
                return self._send(403, "text/plain", b"")
            name = self.path.partition("?")[0].rpartition("/v1/")[2]
            return self._send(200, "application/json", bodies[name])

        def _send(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1/dashboard"
    server.shutdown()


def _seen(url: str, folder: Path, *, width: int = 1280) -> str:
    if BROWSER is None:
        pytest.skip("no Chromium on this machine: the page was not looked at")
    command = [BROWSER, *FLAGS, f"--user-data-dir={folder}", f"--window-size={width},1500", url]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout


def test_the_page_shows_what_the_monitor_found(api: str, tmp_path: Path) -> None:
    seen = _seen(f"{api}#key={KEY}", tmp_path)
    for text in ("Version 1", "Performance by window", "SNWD", "Learnt from", "None so far", "mark ok"):
        assert text in seen
    assert seen.count('class="dot ') == 12 + 4 + len(LEADS)  # windows, the legend, and leads
    assert "Evidently's pages of 2025-03-24 to 2025-03-30" in seen
    assert "Data quality</button>" in seen
    assert "All use cases" in seen
    assert "paused: why not" in seen
    assert KEY not in seen


def test_the_page_opens_with_the_newest_weeks_the_hours_ahead_and_the_error_by_lead(
    api: str, tmp_path: Path
) -> None:
    seen = _seen(f"{api}#key={KEY}", tmp_path)
    for text in (
        "2025-03-17 to 2025-03-30: the newest weeks that the monitor judged, 336 hours with actual values",
        "Demand known until 2025-03-31; weather forecast issued 2025-04-01 04:00 UTC.",
        'class="watch">84.0',
    ):
        assert text in seen
    assert seen.index("Last two weeks") < seen.index("Performance by window")
    assert seen.count('<path class="rain"') == 24 + 1  # a day of rain, and the legend


def test_the_newest_hours_of_a_replaced_champion_are_not_shown(ports: Ports) -> None:
    _watch_one_week(ports)
    recent = _summary(ports)["recent"]
    assert (recent["time"][0], recent["time"][-1]) == ("2025-03-24T00:00", "2025-03-30T23:00")
    assert {len(recent[name]) for name in ("time", "actual", "predicted", "low", "high")} == {168}
    _replace_retired(ports)
    assert _summary(ports)["recent"] is None


def test_an_open_incident_says_what_now_and_no_text_of_it_becomes_markup(ports: City, tmp_path: Path) -> None:
    _report_trouble(ports, incident="abc", version=_champion(ports).version, at=PUBLISHED)
    summary = _summary(ports)
    hostile = "<img src=x onerror=\"document.body.dataset.owned='yes'\">"
    summary["incidents"][0]["reason"] = summary["incidents"][0]["model_version"] = hostile
    summary["decisions"][0]["reason"] = summary["champion"]["version"] = hostile
    bodies = {"monitoring/summary": json.dumps(summary), "monitoring/use-cases": '{"use_cases": []}'}
    bodies |= {"forecast": json.dumps(FORECAST), "model": "{}"}
    with _served({name: body.encode() for name, body in bodies.items()}) as url:
        seen = _seen(f"{url}#key={KEY}", tmp_path)
    assert '<code>bikecast --use-case citibike close abc --reason "…"</code>' in seen
    assert 'and at "incident: drift" in docs/runbook.md' in seen
    assert seen.count("&lt;img src=x") >= 4
    assert "<img" not in seen
    assert "data-owned" not in seen


def test_the_page_fits_a_phone(api: str, tmp_path: Path) -> None:
    assert 'data-overflow="no"' in _seen(f"{api}#key={KEY}", tmp_path, width=500)


def test_without_a_key_the_page_asks_for_one(api: str, tmp_path: Path) -> None:
    seen = _seen(api, tmp_path)
    assert "The data behind this page need a key." in seen
    assert "Version 1" not in seen


def test_the_summary_is_small_and_is_json_for_a_browser(ports: Ports) -> None:
    list(
        monitor(
            MonitorRequest(
                window_start=dt.datetime(2025, 3, 24),
                window_end=dt.datetime(2025, 3, 31),
                source=Source.PROCESSED,
                html=False,
            ),
            ports,
            WATCH,
        )
    )
    body = ports.reports.read(DASHBOARD_SUMMARY_KEY).body
    assert len(body) < 200_000
    summary = json.loads(body, parse_constant=lambda name: pytest.fail(f"{name} is not valid JSON"))
    assert {"champion", "windows", "heat", "incidents", "decisions", "thresholds", "automation"} <= set(
        summary
    )


def test_the_page_needs_nothing_from_elsewhere_and_never_makes_markup_of_data() -> None:
    text = PAGE.decode()
    assert re.findall(r"https?://[^\"'\s]+", text) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)
    assert '<html lang="en">' in text
    assert 'name="viewport"' in text
    assert len(PAGE) < 40_000


def test_what_was_found_about_a_retired_champion_is_not_shown_beside_its_successor(ports: Ports) -> None:
    _watch_one_week(ports)
    version = _champion(ports).version
    shown = _summary(ports)["windows"]
    assert {window["model_version"] for window in shown} == {version}
    assert find_page(ports.reports, Page.MODEL).startswith(f"{WINDOWS_PREFIX}{version}/")
    _replace_retired(ports)
    after = _summary(ports)
    assert (after["windows"], after["live_error"], after["heat"]["windows"]) == ([], [], [])
    with pytest.raises(NotFoundError, match="no such report"):
        find_page(ports.reports, Page.MODEL)


def test_incidents_and_decisions_of_a_retired_champion_are_the_past(ports: City) -> None:
    _report_trouble(ports, incident="before", version=_champion(ports).version, at=PUBLISHED)
    before = _summary(ports)
    assert [(row["status"], row["retired"]) for row in before["incidents"]] == [("open", False)]
    assert [row["retired"] for row in before["decisions"]] == [False]
    _replace_retired(ports)
    _report_trouble(ports, incident="after", version="real", at=PUBLISHED + dt.timedelta(hours=1))
    after = _summary(ports)
    assert [
        (row["id"], row["status"], row["retired"], row["closed_reason"]) for row in after["incidents"]
    ] == [
        ("after", "open", False, None),
        ("before", "closed", True, "its champion was retired"),
    ]
    assert [(row["reason"], row["retired"]) for row in after["decisions"]] == [
        ("after", False),
        ("before", True),
    ]


def _watch_one_week(ports: Ports) -> None:
    request = MonitorRequest(
        window_start=dt.datetime(2025, 3, 24), window_end=dt.datetime(2025, 3, 31), source=Source.PROCESSED
    )
    list(monitor(request, ports, WATCH))


def _champion(ports: Ports) -> ChampionManifest:
    manifest = ChampionStore(ports.serving).read().manifest
    assert manifest is not None
    return manifest


def _replace_retired(ports: Ports) -> None:
    champions, manifest = ChampionStore(ports.serving), _champion(ports)
    champions.retire(change(ChangeAction.RETIRED), replacing=champions.look())
    successor = manifest.model_copy(update={"version": "real", "previous": None})
    champions.publish(successor, change(ChangeAction.PROMOTED), replacing=champions.look())


def _summary(ports: Ports) -> dict[str, Any]:
    with ports.connect() as connection:
        write_summary("citibike", ports.serving, ports.reports, connection, now=NOW)
    found: dict[str, Any] = json.loads(ports.reports.read(DASHBOARD_SUMMARY_KEY).body)
    return found


def _report_trouble(ports: City, *, incident: str, version: str, at: dt.datetime) -> None:
    values = {"id": incident, "version": version, "day": at.replace(tzinfo=None), "at": at}
    with ports.owner() as connection:
        connection.execute(
            "insert into monitoring.incidents (id, use_case, model_version, kind, severity, reason,"
            " window_start, window_end, opened_at, evidence)"
            " values (%(id)s, 'citibike', %(version)s, 'drift', 1, 'wind', %(day)s, %(day)s, %(at)s, '{}')",
            values,
        )
        connection.execute(
            "insert into monitoring.decisions (use_case, id, decided_at, decision, reason, record,"
            " record_uri) values ('citibike', %(id)s, %(at)s, 'promoted', %(id)s, '{}', '')",
            values,
        )
