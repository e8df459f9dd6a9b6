"""Request bodies around the rows of a use case, and what its own routes may ask of the prediction service."""

from collections.abc import Sequence
from typing import Annotated, Any, Protocol

from pydantic import BaseModel, BeforeValidator, Field, create_model
from pydantic_core import PydanticCustomError

from bikecast.serving.web.bodies import RequestBody
from bikecast.serving.web.gateway import TOO_MANY_ROWS

MAX_ROWS = 1000


class Predicts(Protocol):
    """The prediction service, as the routes that a use case adds see it."""

    def predict(self, rows: Sequence[BaseModel], *, request: str) -> list[dict[str, Any]]:
        """Answer rows of the use case's request model, in their order, and log them under the request's id.

        Each answer has ``prediction``, the number or the name of the class, ``model``, ``model_version`` and
        ``source``; where there are any, ``low`` and ``high`` of an interval, ``probabilities`` by class.
        """
        ...


def rows_request(row: type[BaseModel], *, name: str, field: str = "input_data") -> type[BaseModel]:
    """Return the model of a body that lists rows under one field.

    Args:
        row: Model of one row.
        name: Of the model in the API's document.
        field: Where the rows are.
    """
    rows = Annotated[list[row], BeforeValidator(_within_limit)]  # type: ignore[valid-type]  # made at run time
    listed: Any = (rows, Field(min_length=1, description=f"At most {MAX_ROWS} rows."))
    model: type[BaseModel] = create_model(
        name, __base__=RequestBody, __doc__="Rows to predict.", **{field: listed}
    )
    return model


def _within_limit(rows: Any) -> Any:
    """Refuse a list that is too long before its rows are checked; that is answered by 413."""
    if isinstance(rows, list) and len(rows) > MAX_ROWS:
        raise PydanticCustomError(TOO_MANY_ROWS, f"at most {MAX_ROWS} rows a request; split the batch")
    return rows
