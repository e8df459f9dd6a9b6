"""A champion that is proven to load, and the message about one that does not."""

from bikecast.errors import ArtifactError
from bikecast.registry.manifest import ChampionManifest
from bikecast.serving.choice import serving_of
from training_job.runtime.context import Context


def require_loads(context: Context, manifest: ChampionManifest) -> None:
    """Load a version as the predictor would.

    Raises:
        ArtifactError: A file is missing or damaged, or it is of other code or of another use case.
    """
    serving_of(context.use_case).loaders.model(context.serving, manifest)


def unloadable(champion: ChampionManifest, err: ArtifactError) -> str:
    """Say that the champion does not load, and what a person can do: nobody is promoted until then."""
    way_out = (
        f"`bikecast rollback` puts version {champion.previous.version} back"
        if champion.previous
        else "there is no champion before it to roll back to"
    )
    return (
        f"the champion (version {champion.version}) does not load: {err}. "
        f"Nobody is promoted until it does: {way_out}"
    )
