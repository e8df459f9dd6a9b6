"""Whoever is called by an alarm finds what to do."""

import re
from pathlib import Path

from bikecast.drift import Kind
from tests.infra.conftest import Assembly

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"What to do: (?P<page>[\w/.]+)#(?P<section>[\w-]+)$")
PARTS = ("**Means**", "**Look at**", "**Do**")


def sections(page: str) -> dict[str, str]:
    """Return the text of each third-level section by its heading."""
    parts = re.split(r"^###? (.+)$", (ROOT / page).read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_each_alarm_names_a_section_of_the_runbook_that_says_what_to_do(aws: Assembly) -> None:
    alarms = [each.properties["AlarmDescription"] for each in aws.resources("AWS::CloudWatch::Alarm")]
    assert len(alarms) >= 27
    for description in alarms:
        link = LINK.search(description)
        assert link is not None, description
        text = sections(link["page"]).get(link["section"], "")
        assert all(part in text for part in PARTS), f"{description}: no such section, or a part is missing"


def test_each_kind_of_incident_has_a_section() -> None:
    known = sections("docs/runbook.md")
    for kind in Kind:
        assert all(part in known[f"incident: {kind}"] for part in PARTS)


def test_no_section_is_about_an_alarm_that_does_not_exist(aws: Assembly) -> None:
    alarms = [
        LINK.search(each.properties["AlarmDescription"]) for each in aws.resources("AWS::CloudWatch::Alarm")
    ]
    named = {link["section"] for link in alarms if link} | {f"incident: {kind}" for kind in Kind}
    written = {name for name, text in sections("docs/runbook.md").items() if PARTS[0] in text}
    assert written == named
