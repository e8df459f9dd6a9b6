"""A declaration that names what it does not declare is refused when it is read."""

from dataclasses import replace

import pytest

from bikecast.use_case import Monitoring, Number, later
from bikecast.use_case.inputs import level_text
from tests.unit.examples.toy import TOY, toy


def test_key_and_important_inputs_must_be_declared() -> None:
    with pytest.raises(ValueError, match="toy: parcel must be declared as inputs"):
        toy(key=("parcel",))
    with pytest.raises(ValueError, match="toy: colour must be declared as inputs"):
        replace(TOY, monitoring=Monitoring(important=("colour",)))


@pytest.mark.parametrize("time", ["weight", "shipped_at"])
def test_time_must_be_a_moment_among_the_inputs(time: str) -> None:
    with pytest.raises(ValueError, match=f"time {time} must be a required input of kind Moment"):
        toy(time=time)


def test_months_need_a_time() -> None:
    with pytest.raises(ValueError, match="partition `month` needs the time of a row"):
        toy(time=None)


def test_later_imports_when_it_is_called() -> None:
    absent = later("no_such_module:function")
    assert later("math:sqrt")(9) == 3
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        absent()


@pytest.mark.parametrize(
    ("value", "levels", "text"),
    [(2, (), "2"), (2.0, (), "2"), ("2.0", ("1", "2"), "2"), ("2.0", ("2.0",), "2.0"), (" a ", (), "a")],
)
def test_code_is_the_same_level_however_wide_it_is_written(
    value: object, levels: tuple[str, ...], text: str
) -> None:
    assert level_text(value, levels) == text


def test_a_range_whose_ends_are_swapped_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Number\(90, 13\): the least number comes first"):
        Number(90, 13)
