"""Plots of what was measured, as PNG files: rates, slots, latency and start-up."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks.contenders import KINDS, PROCESSES, SLOTS, WAIT, slow
from tests.benchmarks.section import Results, Round

_YTICKS = (250, 500, 1_000, 2_000, 4_000)
OURS, BARE = "#1f6fb2", "#9aa0a6"
PALETTE = ("#c9ccd1", "#5b6770", "#e08e45", "#b23a48", "#7a9e7e", "#1f6fb2", "#8fbbe0")


def draw(
    folder: Path,
    results: Results,
    latencies: Mapping[str, Sequence[float]],
    stages: Mapping[str, Mapping[str, float]],
    machine: str,
) -> list[Path]:
    """Draw what was measured; returns the files. Raises ModuleNotFoundError without matplotlib."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    pyplot.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    folder.mkdir(parents=True, exist_ok=True)
    figures: dict[str, Any] = {}
    rates = {name: results[name] for name in ("consuming", "network", "publishing") if name in results}
    if rates:
        figures["rates"] = _rates(pyplot, rates)
    if "slots" in results:
        figures["slots"] = _slots(pyplot, results["slots"])
    if latencies:
        figures["latency"] = _latency(pyplot, latencies)
    if stages:
        figures["startup"] = _startup(pyplot, stages)
    files = []
    for name, figure in figures.items():
        figure.text(0.01, 0.005, machine, fontsize=7, color="#70757a")
        files.append(folder / f"{name}.png")
        figure.savefig(files[-1], dpi=120)
        pyplot.close(figure)
    return files


def _rates(pyplot: Any, results: Results) -> Any:
    """Rate and CPU by contender, with the range of all rounds."""
    titles = {"consuming": "consuming", "network": "consuming, 10 ms of network", "publishing": "publishing"}
    heights = [len(rounds[0]) for rounds in results.values()]
    figure, axes = pyplot.subplots(
        len(results), 2, figsize=(10, 1.2 + 0.36 * sum(heights)), squeeze=False,
        gridspec_kw={"height_ratios": heights}, layout="constrained",
    )  # fmt: skip
    for row, (section, rounds) in zip(axes, results.items(), strict=True):
        for axis, name, unit in zip(
            row, ("messages/s", "CPU ms/1,000"), ("messages a second", "CPU, ms for 1,000"), strict=True
        ):
            _bars(axis, rounds, name)
            axis.set_xlabel(unit)
        row[1].set_yticklabels([])
        row[0].set_title(titles[section], loc="left", fontweight="bold")
    figure.get_layout_engine().set(rect=(0, 0.03, 1, 0.97))
    return figure


def _bars(axis: Any, rounds: Sequence[Round], figure: str) -> None:
    names = list(rounds[0])
    values = [[each[name][figure] for each in rounds] for name in names]
    middle = [median(each) for each in values]
    error = [
        [m - min(v) for m, v in zip(middle, values, strict=True)],
        [max(v) - m for m, v in zip(middle, values, strict=True)],
    ]
    colors = [BARE if name.startswith(("bare", "decoding")) else OURS for name in names]
    axis.barh(names, middle, xerr=error, color=colors, height=0.7, error_kw={"lw": 0.9, "ecolor": "#333"})
    for index, value in enumerate(middle):
        axis.text(0.01 * max(middle), index, f"{value:,.0f}", va="center", color="white", fontsize=8)
    axis.invert_yaxis()


def _slots(pyplot: Any, rounds: Sequence[Round]) -> Any:
    """Rate by slots and processes, beside what so many slots could do at most."""
    figure, axes = pyplot.subplots(1, len(KINDS), figsize=(9, 3.8), sharey=True, layout="constrained")
    for axis, kind in zip(axes, KINDS, strict=True):
        for processes, color in zip(PROCESSES, (OURS, "#e08e45"), strict=True):
            rates = [median([r[slow(s, kind, processes)]["messages/s"] for r in rounds]) for s in SLOTS]
            most = [slots * processes / WAIT for slots in SLOTS]
            label = f"{processes} process{'es' * (processes > 1)}"
            axis.plot(SLOTS, rates, marker="o", color=color, label=label)
            axis.plot(SLOTS, most, ls=":", color=color, lw=1, label=f"{label}, at most")
        axis.set(title=kind, xlabel="slots in each process", xscale="log", yscale="log")
        axis.set_xticks(SLOTS, [str(each) for each in SLOTS])
        axis.set_xticks([], minor=True)
        axis.set_yticks(_YTICKS, [f"{each:,}" for each in _YTICKS])
        axis.set_yticks([], minor=True)
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("messages a second, handlers wait 20 ms")
    axes[0].legend(fontsize=8)
    figure.get_layout_engine().set(rect=(0, 0.04, 1, 0.96))
    return figure


def _latency(pyplot: Any, latencies: Mapping[str, Sequence[float]]) -> Any:
    """The share of messages whose handler had started after so many milliseconds."""
    figure, axis = pyplot.subplots(figsize=(7, 3.8), layout="constrained")
    for (name, taken), color in zip(latencies.items(), (BARE, OURS), strict=True):
        values = sorted(taken)
        shares = [100 * (index + 1) / len(values) for index in range(len(values))]
        axis.plot(values, shares, color=color, lw=2, label=name)
    axis.set(xlabel="ms from publish to the start of the handler", ylabel="% of messages", ylim=(0, 101))
    axis.set_xlim(0, max(sorted(taken)[int(0.995 * (len(taken) - 1))] for taken in latencies.values()) * 1.1)
    for share in (50, 99):
        axis.axhline(share, color="#bbb", lw=0.7, ls=":")
    axis.grid(alpha=0.3, axis="x")
    axis.legend()
    figure.get_layout_engine().set(rect=(0, 0.04, 1, 0.96))
    return figure


def _startup(pyplot: Any, stages: Mapping[str, Mapping[str, float]]) -> Any:
    """Milliseconds of a start, by what is imported."""
    figure, axis = pyplot.subplots(figsize=(9, 3.4), layout="constrained")
    names, left = list(stages), [0.0] * len(stages)
    for stage, color in zip(next(iter(stages.values())), PALETTE, strict=True):
        spent = [stages[name][stage] for name in names]
        axis.barh(names, spent, left=left, color=color, label=stage, height=0.65)
        left = [before + more for before, more in zip(left, spent, strict=True)]
    axis.invert_yaxis()
    axis.set_xlabel("ms from the command to the first message, with imports traced")
    axis.legend(fontsize=8, ncols=4, loc="lower center", bbox_to_anchor=(0.4, 1.0), frameon=False)
    figure.get_layout_engine().set(rect=(0, 0.05, 1, 0.95))
    return figure
