"""How long requests wait for a server: the laws that the reckoning of capacity stands on.

Utilisation and service demand: P. J. Denning, J. P. Buzen, "The Operational Analysis of Queueing Network Models", ACM Computing
Surveys 10 (3), 1978. M/M/c and the tail of its waiting time: D. Gross, J. F. Shortle, J. M. Thompson, C. M. Harris, "Fundamentals
of Queueing Theory", 4th edition, Wiley 2008, chapter 2. All times are in seconds, rates in requests a second.
"""

from __future__ import annotations

import math


def utilisation(rate: float, demand_s: float) -> float:
    """The share of one server that is busy: requests a second times the seconds that each needs of it (utilisation law, U = X D)."""
    return rate * demand_s


def erlang_c(servers: int, offered: float) -> float:
    """The share of requests that find all servers of an M/M/c queue busy; ``offered`` is rate times service time, in servers.

    1 where the servers cannot keep up. By Erlang B's recursion, B(n) = a B(n-1) / (n + a B(n-1)), then C = B / (1 - u (1 - B)).
    """
    if offered >= servers:
        return 1.0
    blocked = 1.0
    for n in range(1, servers + 1):
        blocked = offered * blocked / (n + offered * blocked)
    return blocked / (1 - offered / servers * (1 - blocked))


def wait(servers: int, rate: float, service_s: float, share: float) -> float:
    """The seconds that all but ``share`` (0 to 1) of requests wait at most for a server; infinite where they cannot keep up.

    P(wait > t) = C exp(-(c/s - rate) t), where C is :func:`erlang_c`.
    """
    offered = utilisation(rate, service_s)
    if offered >= servers:
        return math.inf
    if offered <= 0:
        return 0.0
    spare = servers / service_s - rate
    return max(0.0, math.log(max(erlang_c(servers, offered), 1e-300) / share) / spare)


def mean_wait(servers: int, rate: float, service_s: float) -> float:
    """The seconds that a request waits for a server on average, C / (c/s - rate); infinite where they cannot keep up."""
    offered = utilisation(rate, service_s)
    if offered >= servers:
        return math.inf
    return erlang_c(servers, offered) / (servers / service_s - rate) if offered > 0 else 0.0
