"""What a column is told to be, and what a person must say."""

from typing import Any

import pandas as pd
import pytest

from bikecast.errors import InputError
from console.scaffold.columns import Found, describe
from console.scaffold.planning import Said, check_name, plan_of


def column(*values: Any, name: str = "x") -> Found:
    return describe(pd.Series(values, name=name, dtype=object))


def table(*, times: int = 40, **columns: list[Any]) -> pd.DataFrame:
    """Rows that come many times, so that no class is too rare."""
    return pd.DataFrame({name: values * times for name, values in columns.items()}, dtype=object)


@pytest.mark.parametrize(
    ("values", "kind", "low", "high", "integer"),
    [
        (("1", "2", "4"), "number", 0, 6, True),
        (("0.5", " 2.25 "), "number", 0, 3.2, False),
        (("-10", "10"), "number", -20, 20, True),
        (("0", "1", "1"), "number", 0, 1, True),
        ((7, 7.5), "number", 0, 8.3, False),
        (("2007", "2009"), "number", 0, 2300, True),
        (("-0,5", "3,25"), "number", -3, 6, False),
        (("1,234.5", "-2"), "number", -700, 1900, False),
        (("2.310,60", "0,1", "7"), "number", 0, 4000, False),
        (("2\u202f310,60", "0,1"), "number", 0, 4000, False),
        (("1 234 567", "1 000"), "number", 0, 1_900_000, True),
    ],
)
def test_numbers_have_a_range_with_room(
    values: tuple[Any, ...], kind: str, low: float, high: float, integer: bool
) -> None:
    found = column(*values)
    assert (found.kind, found.low, found.integer) == (kind, low, integer)
    assert found.high == pytest.approx(high, abs=0.06)


def test_missing_values_and_marks_of_missing_values_make_a_number_optional() -> None:
    assert column("1", "NA", "3").optional
    assert column("1", "", None).optional
    found = column("1", "?", "3", "4")
    assert (found.kind, found.optional, found.marks) == ("number", True, ("?",))


def test_a_comma_that_may_mean_two_things_is_not_guessed() -> None:
    assert column("-0,5", "?").swaps == ((",", "."),)
    assert column("1,234,567", "8").swaps == ((",", ""),)
    with pytest.raises(InputError, match=r"'x': the comma of numbers such as 1,234 may"):
        column("1,234", "5,678")


def test_numbers_with_other_words_among_them_are_no_numbers() -> None:
    assert column("1", "2", "many", "2").kind == "category"


@pytest.mark.parametrize(
    ("values", "clock", "formats"),
    [
        (("2024-01-02", "2024-01-03"), False, ("ISO8601",)),
        (("2024-01-02 08:00", "2024-01-02 09:00:01"), True, ("ISO8601",)),
        (("2024-01-02T08:00:00Z", "2024-01-02T09:00:00+01:00"), True, ("offset",)),
        (("31/01/2024", "01/02/2024"), False, ("%d/%m/%Y",)),
        (("01/31/2024 05:00", "02/01/2024 23:10"), True, ("%m/%d/%Y %H:%M",)),
        (("1.2.2024", "13.2.2024"), False, ("%d.%m.%Y",)),
        (("01/02/2024", "03/04/2024"), False, ("%m/%d/%Y", "%d/%m/%Y")),
    ],
)
def test_dates_are_told_by_every_value(
    values: tuple[str, ...], clock: bool, formats: tuple[str, ...]
) -> None:
    found = column(*values)
    assert (found.kind, found.clock, found.formats) == ("moment", clock, formats)


def test_ambiguous_dates_must_be_said() -> None:
    rows = table(day=["01/02/2024", "03/04/2024"], x=["1", "2"], y=["a", "b"])
    with pytest.raises(InputError, match=r"'day' may be %m/%d/%Y or %d/%m/%Y: say which with --time-format"):
        plan_of(rows, Said("toy", "y"))
    said = plan_of(rows, Said("toy", "y", time_format="%d/%m/%Y"))
    assert said.time is not None
    assert said.time.formats == ("%d/%m/%Y",)
    with pytest.raises(InputError, match="no column has such dates in every row; 'day' is written ISO8601"):
        plan_of(rows.assign(day="2024-01-31"), Said("toy", "y", time_format="%d/%m/%Y"))


def test_dates_in_words_are_read_as_a_person_says() -> None:
    rows = table(day=["3 Jan 2024", "4 Feb 2024"], x=["1", "2"], y=["a", "b"])
    assert plan_of(rows, Said("toy", "y")).time is None
    said = plan_of(rows, Said("toy", "y", time_format="%d %b %Y"))
    assert said.time is not None


def test_columns_without_use_are_left_out_with_the_reason() -> None:
    many = [f"word {n}" for n in range(260)] * 2
    rows = table(
        same=["1"] * 520, empty=[""] * 520, words=many, x=[str(n % 7) for n in range(520)], y=["a", "b"] * 260
    )
    plan = plan_of(rows, Said("toy", "y"))
    assert [found.name for found in plan.inputs] == ["x"]
    assert {found.name: found.why for found in plan.left_out} == {
        "same": "it is the same in every row",
        "empty": "it is empty",
        "words": "260 different texts, more than 250: group them or make numbers of them in a reader",
    }


def test_key_is_an_identity_else_what_tells_rows_apart_in_time() -> None:
    hours = [f"2024-01-01 0{n // 2}:00" for n in range(6)]
    base = {"at": hours, "shop": ["a", "b"] * 3, "y": ["1.5", "2", "3", "4", "5", "6"]}
    said = Said("toy", "y", task="regression")
    assert plan_of(table(times=1, **base), said).key == ("at", "shop")
    named = plan_of(table(times=1, customerID=[str(n) for n in range(6)], **base), said)
    assert named.key == ("customerID",)
    assert [found.kind for found in named.inputs] == ["text", "moment", "category"]
    assert plan_of(table(times=1, at=hours, y=base["y"]), said).key == ()
    names = {
        "row": range(1, 7),
        "column0": (9, 3, 4, 1, 8, 7),
        "Kunden-Nr": ("K7", "K1", "K2", "X3", "X4", "9"),
    }
    for name, values in names.items():
        counted = plan_of(table(times=1, **{name: list(map(str, values))}, **base), said)
        assert counted.key == (name,)


@pytest.mark.parametrize(
    ("target", "said", "task", "classes", "rare"),
    [
        ([str(n) for n in range(20)], None, "regression", (), ""),
        (["3", "10", "3"], None, "classification", ("3", "10"), "10"),
        (["3", "10", "3"], "regression", "regression", (), ""),
        (["no", "yes", "no"], None, "classification", ("no", "yes"), "yes"),
        (["1.0", "0.0", "1.0", ""], None, "classification", ("0", "1"), "0"),
    ],
)
def test_task_follows_the_target_unless_a_person_says_so(
    target: list[str], said: Any, task: str, classes: tuple[str, ...], rare: str
) -> None:
    plan = plan_of(table(x=[str(n) for n in range(len(target))], y=target), Said("toy", "y", task=said))
    assert (plan.task, plan.classes, plan.rare) == (task, classes, rare)


def test_classes_that_are_too_rare_to_judge_are_named_with_the_ways_out() -> None:
    rows = table(x=["1", "2", "3"], y=["a", "b", "a"])
    rows.loc[:2, "y"] = "c"
    with pytest.raises(
        InputError, match=r"too few rows of the classes b \(39\), c \(3\) .* give them another class$"
    ):
        plan_of(rows, Said("toy", "y"))
    numbers = rows.assign(y=rows["y"].map({"a": "1", "b": "2", "c": "3"}))
    with pytest.raises(InputError, match=r"3 \(3\) .* --task regression$"):
        plan_of(numbers, Said("toy", "y"))


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (Said("toy", "y", time="when"), "no input 'when'; there are x"),
        (Said("toy", "y", time="x"), "--time x: not every value is a date or a time"),
        (Said("toy", "y", key=("y",)), "no input 'y'"),
        (Said("toy", "y", task="regression"), "'y': not every value is a number"),
        (Said("toy", "x", task="classification"), "'x': 70 different values; classes are 2 to 60"),
    ],
)
def test_what_cannot_be_is_refused_by_name(said: Said, message: str) -> None:
    rows = table(x=[str(n) for n in range(70)], y=["a", "b"] * 35)
    with pytest.raises(InputError, match=message):
        plan_of(rows, said)


def test_a_baseline_groups_by_what_tells_most_of_the_target() -> None:
    weights = [str(n % 50) for n in range(2_000)]
    rows = table(
        times=1,
        colour=["red", "blue"] * 1_000,
        carat=weights,
        cut=["a", "a", "b", "c"] * 500,
        price=[str(3 * int(weight) + (30 if n % 2 else 0)) for n, weight in enumerate(weights)],
    )
    plan = plan_of(rows, Said("toy", "price"))
    assert [(key.name, key.of) for key in plan.grouping.keys] == [("carat", "bin"), ("colour", "")]
    assert len(plan.grouping.keys[0].edges) == 9
    chance = plan_of(rows.assign(price=[str(n * 7919 % 1_999) for n in range(2_000)]), Said("toy", "price"))
    assert chance.grouping.keys == ()


def test_classes_are_told_by_groups_too() -> None:
    rows = table(x=["1", "1", "9", "9"], kind=["p", "q", "p", "q"], y=["no", "no", "yes", "no"])
    assert {key.name for key in plan_of(rows, Said("toy", "y")).grouping.keys} == {"x", "kind"}


@pytest.mark.parametrize("name", ["Toy", "class", "a-b", "1a"])
def test_name_is_one_that_a_package_can_have(name: str) -> None:
    with pytest.raises(InputError, match="name: lower case with underscores"):
        check_name(name)


def test_an_input_that_tells_the_target_alone_is_named() -> None:
    rows = table(
        gone=["", "2024-01-02", "", "2024-02-03"],
        state=["on", "off", "on", "off"],
        age=["1", "5", "9", "7"],
        target=["p", "q", "r", "p"],
        y=["no", "yes", "no", "yes"],
    )
    assert plan_of(rows, Said("toy", "y")).grouping.telling == ("gone", "state", "age")
