"""Where the files, tables and reports of a use case lie in the data bucket."""

from bikecast.names import Prefix

ALL = "all"  # the one partition of rows without a time
_SUFFIX = ".parquet"


def raw_prefix(use_case: str) -> str:
    """Prefix of the files as they came."""
    return f"{Prefix.FILES}{use_case}/"


def table_key(use_case: str, partition: str) -> str:
    """Key of one partition of the checked table."""
    return f"{Prefix.TABLES}{use_case}/{partition}{_SUFFIX}"


def partition_of(use_case: str, key: str) -> str | None:
    """Return the partition that a key holds, None for any other key."""
    name = key.removeprefix(f"{Prefix.TABLES}{use_case}/").removesuffix(_SUFFIX)
    return name if key == table_key(use_case, name) and "/" not in name else None


def table_prefix(use_case: str) -> str:
    """Prefix of the partitions and of what they are made of."""
    return f"{Prefix.TABLES}{use_case}/"


def entries_prefix(use_case: str) -> str:
    """Prefix of what is known of each source, and of its rows."""
    return f"{table_prefix(use_case)}_sources/"


def report_key(use_case: str, name: str = "latest") -> str:
    """Key of a load's report."""
    return f"{Prefix.LOAD_REPORTS}{use_case}/{name}.json"


def quarantine_key(use_case: str, source: str) -> str:
    """Key of the refused rows of one source."""
    return f"{Prefix.QUARANTINE}{use_case}/{source}{_SUFFIX}"
