# SPDX-License-Identifier: BSD-3-Clause
"""What is measured, what it must be and what it should be, and the table of it."""
import collections

Figure = collections.namedtuple("Figure", "key must goal least text")

# `least`: the figure is to be at least so much; else at most. None: nothing is asked of it.
FIGURES = (
    Figure("pipeline_conforming_cycles", 160, 110, False, "cycles a packet within its limits"),
    Figure("pipeline_waiting_cycles", 250, 160, False, "cycles a packet when all of them wait"),
    Figure("pipeline_software_sums_cycles", None, None, False, "the same from a NIC that verifies no checksums"),
    Figure("pipeline_both_directions_cycles", None, None, False, "cycles a packet, half of them the servers'"),
    Figure("pipeline_conforming_two_workers_cycles", None, None, False, "the same with two workers, each"),
    Figure("pipeline_waiting_two_workers_cycles", None, None, False, "all waiting, two workers, each"),
    Figure("peer_ratio", 3, 7, True, "packets a second to DPDK's libraries', all waiting"),
    Figure("peer_ratio_conforming", None, None, True, "the same, within their limits"),
    Figure("htb16k_ratio", 30, 60, True, "packets a second to Linux HTB's with 16384 classes"),
    Figure("htb1k_ratio", None, None, True, "the same, 1024 classes"),
    Figure("htb1_ratio", None, None, True, "the same, one class"),
    Figure("connections_per_second", 1.5e6, 3.5e6, True, "opened and closed, on one core"),
    Figure("bytes_per_flow", 192, 128, False, "memory of a connection, index included"),
    Figure("pacing_error_p50_us", None, None, False, "departure after its due time, 100 thousand a second"),
    Figure("pacing_error_p99_us", 50, 10, False, "the same, one in a hundred is later"),
    Figure("pacing_kept_off_percent", None, None, False, "of the time something else ran on the worker's core"),
    Figure("pacing_early", 0, 0, False, "departures before their due time"),
    Figure("pacing_alone_error_p99_us", None, None, False, "with real-time priority, as on a core of its own"),
    Figure("pacing_calm_error_p99_us", None, None, False, "ten thousand a second, with real-time priority"),
    Figure("fair_share_min_over_max", None, None, True, "of 100 customers at one provider, one of them a flood"),
    Figure("limit_error_percent", 1, 0.1, False, "worst mean rate, 1 a minute to 10 Gbit/s"),
    Figure("updates_per_second", 2e5, 1e6, True, "decisions published while forwarding, in batches"),
    Figure("updates_single_per_second", None, None, True, "the same one by one, each published alone"),
    Figure("update_throughput_loss_percent", 5, 2, False, "what forwarding loses by 200 thousand a second"),
    Figure("updates_1m_loss_percent", None, None, False, "by a million a second"),
    Figure("updates_own_200k_loss_percent", None, None, False, "by 200 thousand on customers who send just then"),
    Figure("refuse_latency_p50_us", None, None, False, "from a decision's frame to the first refusal"),
    Figure("refuse_latency_p99_us", 5000, 1000, False, "the same, one in a hundred takes longer"),
)


def median(values):
    return sorted(values)[len(values) // 2]


def spread(values):
    """Of the rounds, about their median."""
    return (max(values) - min(values)) / abs(median(values)) if len(values) > 1 and median(values) else None


def verdict(figure, value):
    if value is None:
        return "not measured"
    if figure.must is None:
        return ""
    within = (lambda limit: value >= limit) if figure.least else (lambda limit: value <= limit)
    return "goal" if within(figure.goal) else "must" if within(figure.must) else "MISSED"


def short(value):
    if value is None:
        return "-"
    for size, unit in ((1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (size if unit == 'M' else 1e3):.3g} {unit}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def table(result):
    """Rows of the table, for printing."""
    yield f"{'':<40} {'measured':>10} {'spread':>7} {'must':>7} {'goal':>7}  {'':<12}"
    for figure in FIGURES:
        value = result["figures"].get(figure.key)
        apart = result["spread"].get(figure.key)
        yield (f"{figure.key:<40} {short(value):>10} {'' if apart is None else f'{apart:.0%}':>7} "
               f"{short(figure.must):>7} {short(figure.goal):>7}  {verdict(figure, value):<12} {figure.text}")
    for note in result["notes"]:
        yield f"note: {note}"
