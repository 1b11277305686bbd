"""What the app's answers cost this process: counted here, asked for by ``greenroom prove``. Standard library only."""

import os
import threading
import time
from typing import Any

CPU_MAX = "/sys/fs/cgroup/cpu.max"


class Work:
    """Answers of the app in this process, and how long threads were busy with them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.requests = 0
        self.busy_s = 0.0

    def add(self, began: float) -> None:
        """An answer that was begun at this moment (seconds of ``time.perf_counter``) is made."""
        took = time.perf_counter() - began
        with self._lock:
            self.requests += 1
            self.busy_s += took

    def told(self) -> "dict[str, Any]":
        """``cpu_s``: what the whole process has used so far; ``delay_s``: how long its threads waited for a core; ``cores``: how many it may
        use at once."""
        with self._lock:
            counted = {"requests": self.requests, "busy_s": self.busy_s}
        return {**counted, "cpu_s": time.process_time(), "delay_s": delay(), "cores": cores()}


def delay(tasks: str = "/proc/self/task") -> float:
    """The seconds that this process's threads were ready to run and had no core; 0 where the kernel does not count them."""
    total = 0
    try:
        for task in os.listdir(tasks):  # noqa: PTH208
            with open(f"{tasks}/{task}/schedstat", encoding="ascii") as file:  # noqa: PTH123
                total += int(file.read().split()[1])
    except (OSError, ValueError, IndexError):
        return 0.0
    return total / 1e9


def cores(limit: str = CPU_MAX) -> float:
    """Cores that this process may use: those of its affinity, or fewer by its control group's limit."""
    most = float(len(os.sched_getaffinity(0)))
    try:
        with open(limit, encoding="ascii") as file:  # noqa: PTH123
            quota, period = file.read().split()
        return most if quota == "max" else min(most, int(quota) / int(period))
    except (OSError, ValueError):
        return most
