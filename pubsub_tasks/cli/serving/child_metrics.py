"""What a supervisor answers at /metrics: the sums over its child processes, also those that have ended."""

from collections.abc import Mapping
from typing import Any

from ...processes.supervisor import Supervisor
from ...telemetry.health_server import Answer, Page
from ...telemetry.metrics.process_totals import ProcessTotals
from ...telemetry.metrics.prometheus_text import CONTENT_TYPE, is_installed, text_of_families
from .child_health import ask_all

PATH = "/metrics"


def child_metrics(supervisor: Supervisor) -> Mapping[str, Answer]:
    """The answer by its path; none if prometheus_client is not installed."""
    if not is_installed():
        return {}
    totals = ProcessTotals()
    supervisor.on_metrics = totals.add

    def answer() -> tuple[bool, Any]:
        answers = ask_all(supervisor.children, PATH)
        reports = {name: report for name, (_, report) in answers.items() if "families" in report}
        return True, Page(text_of_families(totals.families(reports)), CONTENT_TYPE)

    return {PATH: answer}
