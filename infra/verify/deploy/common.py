"""What every step uses: the AWS clients, what was seen, what differs from AWS, waiting with a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

import boto3
from botocore.config import Config

T = TypeVar("T")

# How long to wait between two looks.
PAUSE = 0.2

_deviations: list[str] = []


class Failure(Exception):
    """A step that did not go as it should, told in one sentence."""


def ok(text: str) -> None:
    print(f"ok  {text}", flush=True)


def expect(holds: object, sentence: str) -> None:
    if not holds:
        raise Failure(sentence)


def deviation(text: str) -> None:
    """Something that AWS would do otherwise; told at the end."""
    if text not in _deviations:
        _deviations.append(text)


def deviations() -> list[str]:
    return list(_deviations)


def until(what: str, seconds: float, look: Callable[[], T | None]) -> T:
    """The first answer of `look` that is not empty."""
    deadline = time.monotonic() + seconds
    while True:
        if found := look():
            return found
        if time.monotonic() >= deadline:
            raise Failure(f"{what}: not seen within {seconds:.0f} s")
        time.sleep(PAUSE)


def client(service: str):
    """Address, region and credentials are in the environment. Nothing is tried twice: a failure is shown."""
    return boto3.client(
        service,
        config=Config(
            connect_timeout=5, read_timeout=120, retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}
        ),
    )
