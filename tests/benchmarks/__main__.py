"""Our worker and producer beside bare boto3 loops, in one run.

    python -m tests.benchmarks [SECTION ...] [--runs 5] [--markdown FILE] [--plot FOLDER]

Contenders take turns, each in a process of its own, so that a machine that slows down slows them all.
Figures are medians of all rounds, with the lowest and highest beside; ratios are to the bare loop of the same
round. What stands in for AWS is a canned endpoint, so quick that the client is what is measured, or the local
broker, which behaves like SQS. Each section's module says what it measures.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path

from pubsub_tasks.errors import MissingExtra
from tests.benchmarks import fifo, idle, latency, memory, plots, report, startup, throughput, wire
from tests.benchmarks.section import Options, Results, Round, Section, Stage
from tests.benchmarks.stage import ENDPOINTS, started

SECTIONS: Mapping[str, Section] = {
    "consuming": throughput.CONSUMPTION,
    "network": throughput.NETWORK,
    "publishing": throughput.PUBLICATION,
    "latency": latency.SECTION,
    "startup": startup.SECTION,
    "memory": memory.SECTION,
    "idle": idle.SECTION,
    "slots": throughput.BY_SLOTS,
    "fifo": fifo.SECTION,
    "wire": wire.SECTION,
}


def main(arguments: list[str] | None = None) -> None:
    parsed = _parse(arguments)
    options = Options(parsed.runs, parsed.scale, parsed.endpoint, parsed.delay_ms)
    machine, results = report.machine(), Results()
    print(machine)
    for name in parsed.sections:
        results[name] = measured(name, SECTIONS[name], options)
        report.show(SECTIONS[name], results[name])
    if parsed.markdown:
        tables = [report.markdown(SECTIONS[name], rounds) for name, rounds in results.items()]
        parsed.markdown.write_text("\n".join([machine, "", *tables]), encoding="utf-8")
    if parsed.plot:
        stages = startup.stages() if "startup" in results else {}
        samples = latency.SAMPLES if "latency" in results else {}
        try:
            files = plots.draw(parsed.plot, results, samples, stages, machine)
        except ModuleNotFoundError as error:
            raise MissingExtra("--plot", "plots") from error
        print(*files, sep="\n")


def measured(name: str, section: Section, options: Options) -> list[Round]:
    """All rounds of a section, after one that does not count if caches would slow it down."""
    runs = options.runs if options.scale < 1 else section.runs or options.runs
    delay = section.delay_ms if options.delay_ms is None else options.delay_ms
    rounds = []
    with started(section.endpoint or options.endpoint, delay) as (url, sqs):
        for number in range(-1 if section.warm_up else 0, runs):
            found = section.measure(Stage(options, url, sqs, f"{name}-{number + 1}"))
            rounds += [found] if number >= 0 else []
    return rounds


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    made = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument(
        "sections", nargs="*", metavar="SECTION", default=list(SECTIONS), help=", ".join(SECTIONS)
    )
    made.add_argument("--runs", type=int, default=5, help="rounds of each section (5)")
    made.add_argument("--scale", type=float, default=1, help="of counts of messages and of seconds (1)")
    made.add_argument("--endpoint", choices=list(ENDPOINTS), default="canned", help="what stands in for AWS")
    made.add_argument("--delay-ms", type=float, help="added to each answer; each section's own by default")
    made.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables")
    made.add_argument("--plot", type=Path, metavar="FOLDER", help="draw plots (extra `plots`)")
    parsed = made.parse_args(arguments)
    if unknown := set(parsed.sections) - set(SECTIONS):
        made.error(f"no section {', '.join(sorted(unknown))}: they are {', '.join(SECTIONS)}")
    return parsed


if __name__ == "__main__":
    main()
