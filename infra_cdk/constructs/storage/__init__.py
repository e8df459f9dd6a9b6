"""What keeps data: buckets, queues, the database."""
