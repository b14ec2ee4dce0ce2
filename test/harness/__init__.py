"""harness: boots machines for tests. See guest.py."""

from .guest import Guest, GuestFailure, Result, job, run_jobs
from .frames import FrameCounts, assert_no_frames_lost
from .host_files import host_files
from .ktap import KtapCase, KtapReport, parse_ktap

__all__ = ["Guest", "GuestFailure", "Result", "job", "run_jobs", "FrameCounts",
           "assert_no_frames_lost", "host_files", "KtapCase", "KtapReport", "parse_ktap"]
