"""Loading a use case's files into a checked table, and reading the table as arrays."""

from bikecast.examples.loading import forget_simulated, load_files, publish
from bikecast.examples.reading.judging import why_unreadable
from bikecast.examples.reading.unlabelled import read_unlabelled
from bikecast.examples.reports import LoadReport, latest_report
from bikecast.examples.samples import columns_of, target_of, to_sample
from bikecast.examples.sources import folder_files, stored_files
from bikecast.examples.staging import judged_otherwise, stage
from bikecast.examples.tables import partitions, read_table

__all__ = [
    "LoadReport",
    "columns_of",
    "folder_files",
    "forget_simulated",
    "judged_otherwise",
    "latest_report",
    "load_files",
    "partitions",
    "publish",
    "read_table",
    "read_unlabelled",
    "stage",
    "stored_files",
    "target_of",
    "to_sample",
    "why_unreadable",
]
