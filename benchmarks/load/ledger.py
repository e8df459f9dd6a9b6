"""The rows that Postgres holds, compared with the answers that clients got."""

from dataclasses import dataclass
from typing import Any

from tests.deployment import Deployment

AT_ONCE = 5000


@dataclass(frozen=True)
class Stored:
    """Accepted predictions beside the rows of ``monitoring.predictions``; ``sent_again`` by redrive."""

    accepted: int
    missing: int
    different: int
    sent_again: dict[str, int]


def stored_rows(cloud: Deployment, accepted: dict[str, tuple[str, str]], sent_again: Any) -> Stored:
    """Compare every accepted prediction with its row."""
    missing = different = 0
    names = list(accepted)
    query = "select id, model_version, source from monitoring.predictions where id = any(%s)"
    for begin in range(0, len(names), AT_ONCE):
        some = names[begin : begin + AT_ONCE]
        found = {name: (version, source) for name, version, source in cloud.sql(query, some)}
        missing += len(some) - len(found)
        different += sum(accepted[name] != who for name, who in found.items())
    return Stored(len(names), missing, different, dict(sent_again))
