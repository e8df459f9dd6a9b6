"""How request bodies are read: each key once, and refused quickly however much is wrong with them."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Self

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError
from starlette.exceptions import HTTPException

from bikecast.serving.web.problems import errors

MAX_PROBLEMS = 100
MORE_PROBLEMS = "more_problems"  # stands for the problems beyond the first hundred; `more` counts them


class RequestBody(BaseModel):
    """A body of which nothing is ignored and at most a hundred problems are listed."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="wrap")
    @classmethod
    def _bounded(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(value)
        except ValidationError as err:
            if err.error_count() <= MAX_PROBLEMS:
                raise
            raise _first_problems(err) from None


def _first_problems(err: ValidationError) -> ValidationError:
    """Return the first problems and a count of the others.

    ``err.errors()`` would build a dictionary for each of what may be a hundred thousand.
    """
    text = err.json(include_url=False, include_context=False, include_input=False)
    decoder, position, problems = json.JSONDecoder(), 1, list[InitErrorDetails]()
    for _ in range(MAX_PROBLEMS):
        found, position = decoder.raw_decode(text, position)
        position += 1  # the comma
        kind = PydanticCustomError(found["type"], found["msg"])
        problems.append(InitErrorDetails(type=kind, loc=tuple(found["loc"]), input=None))
    more = {"more": err.error_count() - MAX_PROBLEMS}
    others = PydanticCustomError(MORE_PROBLEMS, "and {more} more", more)
    return ValidationError.from_exception_data(
        err.title, [*problems, InitErrorDetails(type=others, input=None)]
    )


class EachKeyOnce(APIRoute):
    """A route that refuses what names a key twice, in a query or an object of JSON: one would be ignored."""

    def __init__(
        self, *arguments: Any, responses: Mapping[int | str, Any] | None = None, **options: Any
    ) -> None:
        """Document the refusal beside the route's own answers."""
        super().__init__(*arguments, responses={**errors(400), **(responses or {})}, **options)

    def get_route_handler(self) -> Callable[[Request], Any]:
        """Return FastAPI's handler on a request that reads queries and JSON our way."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            names = [name for name, _ in request.query_params.multi_items()]
            if twice := _twice(names):
                raise HTTPException(400, f"the query has {twice!r} twice; send it once")
            response: Response = await handler(_Request(request.scope, request.receive))
            return response

        return handle


class _Request(Request):
    async def json(self) -> Any:
        """Parse the body.

        Raises:
            HTTPException: 400, a key stands twice in one object.
        """
        if not hasattr(self, "_json"):
            self._json = json.loads(await self.body(), object_pairs_hook=each_key_once)
        return self._json


def each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON.

    Raises:
        HTTPException: 400, a key stands there twice.
    """
    if twice := _twice([name for name, _ in pairs]):
        raise HTTPException(400, f"the body has the key {twice!r} twice in one object; send it once")
    return dict(pairs)


def _twice(names: list[str]) -> str:
    """Return the beginning of a name that is there twice, or nothing."""
    if len(set(names)) == len(names):
        return ""
    return Counter(names).most_common(1)[0][0][:100] or "(empty)"


def variant(name: str) -> str:
    """Return the tag of one kind of body, where a route takes several; it is not part of a field's path."""
    return f"<{name}>"


def is_variant(part: str | int) -> bool:
    """Tell whether a part of a problem's place names a kind of body, which pydantic puts there."""
    return isinstance(part, str) and part.startswith("<")
