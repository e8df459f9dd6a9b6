"""The buckets as the chosen use case sees them: each has its own part of serving and reports."""

from bikecast.names import Output, use_case_prefix
from bikecast.storage import S3Store, ScopedStore
from console.cloud.outputs import read_stack_outputs
from console.cloud.session import Cloud
from console.settings import use_case


def data_store(cloud: Cloud) -> S3Store:
    """Return the data bucket, which all use cases share."""
    return S3Store(cloud.s3, read_stack_outputs(cloud.cloudformation).require(Output.DATA_BUCKET))


def serving_store(cloud: Cloud) -> ScopedStore:
    """Return what serves: champion, models, automation."""
    return _scoped(cloud, Output.SERVING_BUCKET)


def reports_store(cloud: Cloud) -> ScopedStore:
    """Return what was decided and found."""
    return _scoped(cloud, Output.REPORTS_BUCKET)


def _scoped(cloud: Cloud, output: Output) -> ScopedStore:
    bucket = read_stack_outputs(cloud.cloudformation).require(output)
    return ScopedStore(S3Store(cloud.s3, bucket), use_case_prefix(use_case()))
