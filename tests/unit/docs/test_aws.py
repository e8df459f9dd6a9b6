"""Whoever follows the page of AWS from its beginning finds every command, in the order of need."""

import typer

from console.__main__ import app
from tests.unit.docs.markdown import Page

PAGE = Page("docs/aws.md")
# The embedded cloud's own, those that write a declaration, and the worker that ECS makes needless.
NOT_FOR_AWS = {
    *("demo", "up", "down", "env", "restore", "simulate", "trace", "monitor"),
    *("init", "use-cases", "worker"),
}
IN_ORDER = (
    "make setup",
    "aws sts get-caller-identity",
    "make image-digests",
    "make synth TARGET=aws",
    "bikecast deploy",
    "bikecast outputs",
    "bikecast load",
    "bikecast train",
    "bikecast approve",
    "bikecast predict",
    "cdk deploy -c delivery=",
    "BIKECAST_ENV=prod",
    "create-db-snapshot",
    "bikecast destroy",
    "bikecast destroy --everything",
    "cdk destroy -c delivery=",
    "delete-stack --stack-name CDKToolkit",
)


def test_commands_come_in_the_order_in_which_they_are_needed() -> None:
    lines = "\n".join(line for line in PAGE.code if line not in PAGE.spans())
    places = [lines.find(each) for each in IN_ORDER]
    assert -1 not in places, IN_ORDER[places.index(-1)]
    assert places == sorted(places)


def test_every_command_of_the_console_is_on_the_page_unless_it_is_not_for_aws() -> None:
    known = typer.main.get_command(app)
    named = {word for words in PAGE.commands() for word in words}
    assert set(getattr(known, "commands")) - NOT_FOR_AWS <= named  # noqa: B009 - a group, to the types a command
    assert not NOT_FOR_AWS - set(getattr(known, "commands"))  # noqa: B009 - the same
