"""Trip files of any era become hourly counts: read, judged row by row, kept by ride, counted by hour.

``month.ingest_month`` keeps the rides of some files; ``publish.publish_tables`` counts them. Any split
of the same rides over files, in any order and with any repetition, gives the same tables.
"""
