"""Which web pages may call the API from a browser."""

from pydantic import Field
from pydantic_settings import BaseSettings


class OriginSettings(BaseSettings):
    """The part of a function's settings that names them."""

    allowed_origins: str = Field("", description="Origins such as `https://rides.example`, comma-separated.")

    @property
    def origins(self) -> tuple[str, ...]:
        """The origins; none keeps the API closed to browsers of other sites."""
        return tuple(origin for origin in self.allowed_origins.split(",") if origin)
