"""The chart of all tables: a panel each, best first."""

from __future__ import annotations

import statistics
from pathlib import Path


def chart(
    results: dict[str, dict[str, list[float]]], titles: dict[str, str], ours: str, path: Path, title: str
) -> None:
    """Medians as bars, least and most as whiskers."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    heights = [len(values) + 1.5 for values in results.values()]
    figure, axes = plt.subplots(
        len(results), figsize=(9, 0.27 * sum(heights) + 0.5), height_ratios=heights, layout="constrained", squeeze=False
    )
    for axis, (job, values) in zip(axes[:, 0], results.items(), strict=True):
        middle = {name: statistics.median(numbers) for name, numbers in values.items()}
        names = sorted(middle, key=middle.get, reverse=job == "first")  # bars grow upwards: the best comes last
        widths = [middle[name] for name in names]
        spread = [
            [middle[name] - min(values[name]) for name in names],
            [max(values[name]) - middle[name] for name in names],
        ]
        colors = ["tab:orange" if name.startswith(ours) else "tab:blue" for name in names]
        axis.barh(names, widths, 0.75, xerr=spread, color=colors, error_kw={"lw": 0.8, "capsize": 2})
        for place, (name, width) in enumerate(zip(names, widths, strict=True)):
            figure_text = f"{width:,.0f}" if width >= 100 else f"{width:.1f}"
            axis.annotate(
                figure_text, (max(values[name]), place), (5, 0), textcoords="offset points", va="center", fontsize=7
            )
        axis.set_title(titles[job], fontsize=9, loc="left")
        axis.tick_params(labelsize=8)
        axis.margins(x=0.12)
        axis.spines[["top", "right"]].set_visible(False)
    figure.suptitle(title, fontsize=10)
    figure.savefig(path, dpi=120)
    plt.close(figure)
