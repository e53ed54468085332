"""The specification curve of a contrast: its effect, p and extent in every specification, beside what was chosen.

After Simonsohn, Simmons & Nelson (2020, Nature Human Behaviour 4:1208).
"""

import itertools
import re

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from permaps.figures.charts import SHADES
from permaps.figures.style import BLACK, BLUE, GREY, heading, plt
from permaps.reporting.words import number
from permaps.statistics.registry import STATISTICS

# Letters of a crossed value that fit into the figure.
LONGEST = 28
# More specifications than this have no room for a dot each.
MOST_NAMED = 60


def shortened(values: list[str]) -> list[str]:
    """Return the values of a key as they fit into the figure: without what is the same in all, if they are long.

    Parameters
    ----------
    values : list of str
        All differ, and so does what is returned.
    """
    if max(map(len, values)) <= LONGEST:
        return values
    # Whole words, such as those that the patterns of several inputs have before and after the input.
    begin = re.match(r"(.*[^A-Za-z0-9])?", _common(values))[0]
    rest = [value[len(begin) :] for value in values]
    end = re.search(r"([^A-Za-z0-9].*)?$", _common([value[::-1] for value in rest])[::-1])[0]
    rest = [value.removesuffix(end) for value in rest]
    if all(rest) and len(begin + end) > LONGEST // 2:
        values = [f"{'…' * bool(begin)}{value}{'…' * bool(end)}" for value in rest]
    cut = [value if len(value) <= LONGEST else f"{value[: LONGEST - 1]}…" for value in values]
    if len(set(cut)) == len(cut):
        return cut
    return [f"{i}: {value[: LONGEST - 5]}…" for i, value in enumerate(values, 1)]


def _common(texts):
    """Return what several texts begin with."""
    alike = itertools.takewhile(lambda letters: len(set(letters)) == 1, zip(*texts, strict=False))
    return "".join(letters[0] for letters in alike)


def curve(
    table: pd.DataFrame,
    choices: dict[str, dict[str, str]],
    alpha: float,
    title: str,
    effect: str,
    elements: str,
) -> Figure:
    """Draw the specifications in the order of their effects: effect, p, extent, and what each of them chose.

    Parameters
    ----------
    table : pandas.DataFrame
        A row per specification and statistic: `analysis`, `statistic`, `effect`, `p_fwe`, `extent`, `significant`.
    choices : dict of str to dict of str to str
        By the name of the analysis: the value of each key that is crossed, as text.
    alpha : float
        Corrected level.
    title, effect, elements : str
        Of the figure; what the effect is; what the extent counts.
    """
    first = table.drop_duplicates("analysis").sort_values("effect", kind="stable")
    order = {name: i for i, name in enumerate(first["analysis"])}
    options = [
        (key, value)
        for key in next(iter(choices.values()))
        for value in dict.fromkeys(chosen[key] for chosen in choices.values())
    ]
    width = min(max(6.5, 3.2 + 0.28 * len(order)), 16)
    heights = [1.6, 1.6, 1.3, max(0.19 * len(options), 0.4)]
    figure, axes = plt.subplots(
        4, 1, sharex=True, figsize=(width, sum(heights) + 1.1), layout="constrained",
        gridspec_kw={"height_ratios": heights},
    )  # fmt: skip
    heading(figure, title)
    _effects(axes[0], first, table, effect)
    size = 5 if len(order) <= MOST_NAMED else 2.5
    _p_and_extent(axes[1], axes[2], table, order, size)
    axes[1].axhline(-np.log10(alpha), color=GREY, lw=1, ls="--", zorder=0)
    axes[1].set_ylim(0, 1.12 * max(axes[1].get_ylim()[1], -np.log10(alpha)))
    axes[2].set_ylabel(f"significant\n{elements}")
    _choices(axes[3], order, choices, options, size)
    axes[3].set_xlim(-0.7, len(order) - 0.3)
    return figure


def _effects(panel, first, table, effect):
    anywhere = table.groupby("analysis")["significant"].any()
    filled = first["analysis"].map(anywhere).to_numpy()
    x, y = np.arange(len(first)), first["effect"].to_numpy()
    panel.axhline(0, color=GREY, lw=0.8, zorder=0)
    panel.axhline(np.median(y), color=BLACK, lw=0.8, ls=":", zorder=0)
    panel.plot(x[filled], y[filled], "o", color=BLUE, ms=5, label="significant by some statistic")
    panel.plot(x[~filled], y[~filled], "o", mfc="white", mec=BLUE, ms=5, label="by none")
    panel.set_ylabel(effect)
    panel.legend(ncols=2, loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0.1, handletextpad=0.2)
    panel.annotate(
        f"median {number(np.median(y))}", (0.005, np.median(y)), xycoords=("axes fraction", "data"),
        xytext=(0, 3), textcoords="offset points", fontsize=7, color=BLACK,
    )  # fmt: skip


def _p_and_extent(above, below, table, order, size):
    """Draw -log10 p and extent by each statistic, a dot for each specification."""
    statistics = list(dict.fromkeys(table["statistic"]))
    for i, statistic in enumerate(statistics):
        rows = table[table["statistic"] == statistic]
        # Beside one another, not one behind another.
        x = rows["analysis"].map(order) + (i - (len(statistics) - 1) / 2) * 0.16
        look = {
            "marker": "osD^v"[i % 5], "ms": size, "ls": "none", "color": SHADES[i % len(SHADES)],
            "label": STATISTICS[statistic].label, "alpha": 0.9,
        }  # fmt: skip
        above.plot(x, -np.log10(rows["p_fwe"]), **look)
        below.plot(x, rows["extent"], **look)
    above.set_ylabel("$-\\log_{10}$ peak p", parse_math=True)
    above.legend(
        ncols=len(statistics), loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0.1, handletextpad=0.2
    )
    most = max(table["extent"].max(), 1)
    if most > 100 * max(table["extent"].min(), 1):
        below.set_yscale("symlog", linthresh=10)
        below.set_ylim(-2, 2 * most)  # on this scale, a few per cent more would cut the dots
    else:
        below.yaxis.set_major_locator(MaxNLocator("auto", integer=True))
        below.set_ylim(-0.05 * most, 1.12 * most)
    below.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def _choices(panel, order, choices, options, size):
    """Mark what each specification chose, a line for each value of each key."""
    line = {option: -i for i, option in enumerate(options)}
    dots = [(order[name], line[choice]) for name, chosen in choices.items() for choice in chosen.items()]
    panel.plot(*zip(*dots, strict=True), "s", color=BLACK, ms=size * 0.8)
    keys = [key for key, _ in options]
    shown = [
        value for key in dict.fromkeys(keys) for value in shortened([of for its, of in options if its == key])
    ]
    # A key stands where its values begin.
    labels = [
        f"{key}  {value}" if key and (i == 0 or keys[i - 1] != key) else value
        for i, (key, value) in enumerate(zip(keys, shown, strict=True))
    ]
    panel.set_yticks([-i for i in range(len(options))], labels)
    panel.set_ylim(-len(options) + 0.4, 0.6)
    panel.tick_params(axis="both", length=0)
    panel.set_xticks([])
    panel.spines[["left", "bottom"]].set_visible(False)
    for i in range(1, len(options)):
        if keys[i] != keys[i - 1]:
            panel.axhline(-i + 0.5, color="#DDDDDD", lw=0.8)
