"""Faults of a deployed embedded cloud: its processes die, its bucket refuses."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil

from tests.deployment import Deployment, eventually


def processes(cloud: Deployment, *words: str) -> list[psutil.Process]:
    """Processes of this cloud whose command line holds every word; other clouds' are not touched."""
    ours = str(cloud.state_dir)
    found = []
    for process in psutil.process_iter():
        try:
            told = " ".join(process.cmdline())
            env = process.environ() if "training_job" in told else {}
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        mine = ours in told or env.get("AWS_ENDPOINT_URL") == cloud.endpoint_url
        if mine and all(word in told for word in words):
            found.append(process)
    return found


def kill(cloud: Deployment, *words: str) -> None:
    """Kill what matches, with no chance to clean up."""
    for process in eventually(lambda: processes(cloud, *words)):
        os.kill(process.pid, signal.SIGKILL)


@contextmanager
def frozen(cloud: Deployment, *words: str) -> Iterator[None]:
    """Suspend what matches and its children: connections stay open and nobody answers."""
    found = [each for match in processes(cloud, *words) for each in (match, *match.children(recursive=True))]
    for process in found:
        process.suspend()
    try:
        yield
    finally:
        for process in found:
            process.resume()


@contextmanager
def nobody_reads(cloud: Deployment) -> Iterator[None]:
    """An outage of the serving bucket as the predictor sees it: every read is refused."""
    s3, bucket = cloud.client("s3"), cloud.outputs["buckets"]["model-serving"]
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject"}
    policy = {"Version": "2012-10-17", "Statement": [statement | {"Resource": f"arn:aws:s3:::{bucket}/*"}]}
    before = _policy(s3, bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    try:
        yield
    finally:
        if before is None:
            s3.delete_bucket_policy(Bucket=bucket)
        else:
            s3.put_bucket_policy(Bucket=bucket, Policy=before)


def _policy(s3: Any, bucket: str) -> str | None:
    try:
        return str(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    except s3.exceptions.ClientError:
        return None
