"""docs/validation.md and its figure, from the numbers that `make calibrate` and `make agree` leave."""

import json
from pathlib import Path

import numpy as np
from permaps.statistics.registry import STATISTICS

from validation import discoveries, gates, joint, joint_power, power, studies
from validation.intervals import expected_range, paired_difference, wilson

HERE = Path(__file__).parent
DOCS = HERE.parents[1] / "docs"
NAMES = {
    "voxel": "voxel",
    "tfce": "TFCE",
    "cluster_size": "cluster size",
    "cluster_mass": "cluster mass",
    "stepped": "TFCE of nilearn",
}


def keep(name, numbers):
    """Keep numbers for the page."""
    (HERE / "results").mkdir(exist_ok=True)
    text = json.dumps(numbers, indent=1, sort_keys=True)
    (HERE / f"results/{name}.json").write_text(text + "\n", encoding="utf-8")


def kept(name):
    """Return numbers kept before, or None."""
    path = HERE / f"results/{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def write():
    """Write page and figure."""
    (DOCS / "figures").mkdir(parents=True, exist_ok=True)
    if calibration := kept("calibration"):
        draw(calibration, DOCS / "figures/calibration.png")
    (DOCS / "validation.md").write_text(text(), encoding="utf-8")


def text():
    """Return the page, Markdown."""
    parts = [_HEAD]
    for name, section in (
        ("calibration", _calibration),
        ("power", _power),
        ("joint", _joint),
        ("discoveries", _discoveries),
        ("example", _example),
        ("agreement", _agreement),
    ):
        if numbers := kept(name):
            parts.append(section(numbers))
    return "\n".join([*parts, _mutations(), _GOLDEN])


_HEAD = """\
# Does it hold?

This page is generated: `make calibrate` measures error rates and power, `make agree` compares with other
tools. What of it fits into half a minute runs with every `make test`.
"""

_GOLDEN = """\
## Numbers that hold

`tests/unit/test_golden.py` compares a small run with the numbers in `tests/unit/golden/`. Relabellings,
counts and cluster sizes are compared exactly, by hash. Statistics are compared to a relative 1e-6, which
leaves room for a processor that rounds otherwise. Whoever changes the statistics on purpose
renews them with `make golden`, and the change of the files shows in the review what it did.
"""


def _table(header, rows):
    lines = ["| " + " | ".join(row) + " |" for row in (header, ["---"] * len(header), *rows)]
    return "\n".join(lines) + "\n"


def _percent(share):
    return f"{100 * share:.1f}"


def _with_interval(share, low, high):
    return f"{_percent(share)} ({_percent(low)} to {_percent(high)})"


def _calibration(numbers):
    n = numbers["n"]
    low, high = expected_range(n, studies.ALPHA, 0.95)
    rows, notes = [], []
    known = [
        (s, numbers["rejections"][s.name])
        for s in studies.SCENARIOS.values()
        if s.name in numbers["rejections"]
    ]
    for scenario, counts in known:
        mark = ""
        if scenario.fails:
            if scenario.fails not in notes:
                notes.append(scenario.fails)
            mark = f" [{notes.index(scenario.fails) + 1}]"
        cells = [_with_interval(counts[s] / n, *wilson(counts[s], n)) for s in studies.STATISTICS]
        rows.append([scenario.title + mark, *cells])
    right = [counts[s] / n for scenario, counts in known if not scenario.fails for s in studies.STATISTICS]
    inside = sum(low <= rate <= high for rate in right)
    listed = "\n".join(f"{i}. Known to fail: {note}." for i, note in enumerate(notes, 1))
    settings = studies.SETTINGS
    volume = " x ".join(map(str, studies.SHAPE))
    return f"""\
## Error rate under the null

How often anything at all is significant at 5 % in {n:,} data sets without an effect, in per cent, with 95 %
Wilson intervals. A right test comes out between {_percent(low)} and {_percent(high)} in 95 of 100 cases;
{inside} of the {len(right)} rates that should be right do. Clusters may lie below: maps without any cluster
tie.

{_table(["design and noise", *(NAMES[s] for s in studies.STATISTICS)], rows)}
{listed}

![Error rates with intervals](figures/calibration.png)

Volumes have {volume} voxels, and noise of {studies.FWHM:g} voxels FWHM. Every data set has
{numbers["relabellings"]} relabellings of its own besides the observed one. Tests are two-sided, voxels have
{settings["connectivity"]} neighbours, and clusters are formed at p = {settings["cluster_p"]}. Exponential
noise has skewness 2; heavy-tailed noise multiplies whole maps so that each voxel is t with 3 degrees of
freedom. The nuisance has an effect of
its own, as has the covariate that is a map. In blocks, half the variance is shared by the participants of a
block (of a family, where blocks are nested). The variance is smoothed by as much as the noise. Missing values
lie in patches, elsewhere in each map; maps that are cut lack the same half of the volume. The surface is a
sheet of 25 x 40 vertices; the vertices and voxels that are corrected together are 500 each; regions are
neighbours in a row.

### Values missing by group

Where one group alone lacks people at a voxel, its t has another null than elsewhere if noise is skewed.
Groups of 3 and 15 have heavier tails than groups of 9 and 15. The rows of cut maps show that the rate holds,
since relabelling goes on among the participants whom a voxel has ([how](peers.md#missing-values)). At one
voxel the test is then that of a study of these alone. Over voxels with other participants it is approximate.
A label that moves on where somebody is missing stays where nobody is. So relabelled maps are a little
rougher than the observed one at the edges of what is missing. Where every map has patches of its own, TFCE
and clusters can so come out somewhat high (the rows of 10 % missing), and voxels somewhat low. Blocks that
change places as wholes leave such a voxel as wholes, and clusters come out higher still. From 5 % of missing values
on, the terminal and the limitations say so. Values that are missing because of what they would have been are another
matter: no relabelling helps there.
"""


def _power(numbers):
    rows, differences = [], []
    for signal in power.SIGNALS:
        found = numbers["signals"][signal.name]
        for method in power.METHODS:
            anywhere, share = found["any"][method], found["share"][method]
            rows.append([signal.title, NAMES[method], _with_interval(*anywhere), _percent(share)])
        differences.append(
            f"| {signal.title} | {_with_interval(*found['any_difference'])} | "
            f"{_with_interval(*found['share_difference'])} |"
        )
    return f"""\
## Power, and the stepped TFCE

{numbers["per_group"]} v {numbers["per_group"]} participants, {numbers["n"]} data sets for each signal, \
{numbers["relabellings"]} relabellings. "Anywhere" says in how
many data sets, in per cent, a true voxel was found at all. "Of the signal" is the share of true voxels found, on
average.

{_table(["signal", "statistic", "anywhere", "of the signal"], rows)}
nilearn's TFCE sums over 100 steps of each map's own maximum and does not multiply by the step, so that maps
with a high maximum are scaled down. Here it saw the same t maps of the same relabellings as ours, and the
same formula for p. Ours minus nilearn's, paired, in percentage points with 95 % intervals (Newcombe's for
proportions, and the normal one for means):

| signal | anywhere | of the signal |
| --- | --- | --- |
{chr(10).join(differences)}
"""


def _joint(numbers):
    n, outcomes = numbers["n"], numbers["outcomes"]
    low, high = map(_percent, expected_range(n, studies.ALPHA, 0.95))

    def measured(rows):
        return [row for row in rows if row.name in outcomes]

    def rates(row, keys, what="found"):
        counts = [outcomes[row.name][what][key] for key in keys]
        return [_with_interval(count / n, *wilson(count, n)) for count in counts]

    joined = [
        [row.scenario.title, str(row.count), *rates(row, row.STATISTICS)] for row in measured(joint.JOINED)
    ]
    one_active = [
        [row.scenario.title, *rates(row, ("conjunction", "friston"))] for row in measured(joint.CONJUNCTIONS)
    ]
    unlike = [
        [row.title, ", ".join(row.names), title, *rates(row, ("any", *row.names), by)]
        for row in measured(joint.UNLIKE)
        for by, title in (("smallest", "smallest p"), ("largest", "largest value"))
    ]
    few_groups = [[row.title, *rates(row, row.WAYS)] for row in measured(joint.FEW_GROUPS)]
    statistics = [STATISTICS[name].label for name in joint.Joined.STATISTICS]
    each = studies.ALPHA / 2 * (numbers["relabellings"] + 1)
    return f"""\
## Several tests together

How often anything is significant at 5 % in {n:,} data sets, in per cent, with 95 % Wilson intervals, by the voxel
statistic and {numbers["relabellings"]} relabellings. A right test comes out between {low} and {high} in 95 of 100
cases. The noise of any two inputs has a correlation of {joint.CORRELATION:g}, before it is made exponential.

Joint tests of inputs without an effect:

{_table(["design and noise", "inputs", *statistics], joined)}
Two inputs, of which one has an effect of {joint.STRONG:g} standard deviations everywhere and the other has none, so
that a conjunction has nothing to find. Friston's combination takes the largest p too, but relabels it: it asks
whether there is an effect in any input, and is right to say so. It is no conjunction.

{_table(["design and noise", "conjunction", "Friston"], one_active)}
Two unlike tests without an effect are corrected together. This is done by the smallest p of each relabelling, as in
`corr-cfwe` and `corr-ifwe`, and by the largest of all values. "Any" is the error rate over both. The columns beside
it say how often each test finds something, which is alike for both if the correction is balanced. The smallest p
comes in steps: in either test {each:g} of {numbers["relabellings"] + 1} relabellings are significant, or some
more if they are the same in both.

{_table(["design and noise", "tests", "corrected by", "any", "the first", "the second"], unlike)}
Of six groups of 4 with exponential noise, the F of 2 rows is above 5 % when it is tested alone, too. So no
correction for several tests helps. The cause is who changes places. The other groups are nuisance then, fitted
to four people each, and their residuals come into the tested groups. With skewed noise they are not quite like those
that are there. If only people of the tested groups change places, which needs no such residuals, the rate holds.
Where groups are small and noise may be skewed, leave out those that are not tested (`quality.query`):

{_table(["design and noise", *joint.OfFewGroups.WAYS], few_groups)}
{_joint_power(numbers)}"""


def _joint_power(numbers):
    n, rows = numbers["n_power"], []
    names = {name: STATISTICS[name].label for name in joint_power.JOINT}
    names |= {"smallest": "smallest p over inputs", "bonferroni": "Bonferroni over inputs"}
    for planted in joint_power.PLANTED:
        if found := numbers["outcomes"].get(planted.name):
            for method in joint_power.METHODS:
                count, gained, lost = (found[what][method] for what in ("anywhere", "gained", "lost"))
                rows.append(
                    [
                        planted.title,
                        f"{planted.correlation:g}",
                        names[method],
                        _with_interval(count / n, *wilson(count, n)),
                        _with_interval(*_difference(n, count, gained, lost)) if gained or lost else "0",
                        _percent(found["share"][method] / n),
                    ]
                )
    if not rows:
        return ""
    header = ["signal", "correlation", "method", "anywhere", "minus Bonferroni", "of the signal"]
    return f"""
### Power of joint tests

The signal that is "{joint_power.SIGNAL.title}" above, in one or both of two inputs of {joint_power.PER_GROUP} v \
{joint_power.PER_GROUP} participants. Their noise is normal and has
this correlation; {n} data sets each. "Anywhere" says in how many data sets, in per cent, a true voxel is found at
all. Beside it is the paired difference to Bonferroni's method, in percentage points with Newcombe's 95 % interval.
"Of the signal" is the share of true voxels found, on average. Bonferroni's method tests each input at half of
5 %; the
smallest p over inputs is `corr-ifwe`. These two say in which input the effect is. A joint test says that there
is one.

{_table(header, rows)}"""


def _difference(n, count, gained, lost):
    """Return how much more often one method than another finds something, with its interval, from counts."""
    one = np.repeat([True, True, False, False], [gained, count - gained, lost, n - count - lost])
    other = np.repeat([False, True, True, False], [gained, count - gained, lost, n - count - lost])
    return paired_difference(one, other)


def _discoveries(numbers):
    n, planted = numbers["n"], numbers["planted"]
    rows = []
    known = [(name, numbers["outcomes"].get(name)) for name in discoveries.SCENARIOS]
    for name, outcome in [row for row in known if row[1]]:
        failed, found = outcome["failed"], outcome["found"]
        rates = [_with_interval(failed[str(s)] / n, *wilson(failed[str(s)], n)) for s in discoveries.SHIFTS]
        shares = [_percent(found[str(key)] / n / planted) for key in (*discoveries.SHIFTS, "ari")]
        rows.append([studies.SCENARIOS[name].title, *rates, *shares])
    low, high = (f"shift {shift}" for shift in discoveries.SHIFTS)
    header = [
        "design and noise", f"fails, {low}", f"fails, {high}", f"found, {low}", f"found, {high}", "found, ARI",
    ]  # fmt: skip
    worst = max(count / n for row in numbers["outcomes"].values() for count in row["failed"].values())
    highest, n_voxels = expected_range(n, studies.ALPHA, 0.95)[1], np.prod(studies.SHAPE)
    alpha, worst, highest, share = map(_percent, (studies.ALPHA, worst, highest, planted / n_voxels))
    return f"""\
## Bounds on true discoveries

An effect lies in a ball of {planted} of {n_voxels:,} voxels, in {n:,} data sets of each design and noise.
"Fails" says in how many of them, in per cent, the bound of *any* set exceeds the truth, the worst of all sets
included. That may be at most {alpha}, and the largest rate here is {worst}. A rate that is just right is at most
{highest} in 97.5 of 100 cases. "Found" says what share of the ball is active by the bound, on average, in per
cent. ARI is nilearn's bound, from the parametric p of the same maps. Ours come from
{numbers["relabellings"]} relabellings.

{_table(header, rows)}
A shift pays where the signal is wide and no single voxel stands out, and costs where single voxels do. ARI knows
nothing of the correlation between voxels. It takes account of how many voxels have an effect, which ours does
not, and that makes up for much here, where {share} % of all voxels have one.
"""


def _example(numbers):
    voxels, relabellings = numbers["n_elements"], numbers["n_relabellings"]
    levels = [numbers["levels"][str(shift)] for shift in discoveries.SHIFTS]
    rows = [
        [STATISTICS[stat].label, *(f"{value:,}" for value in values)] for stat, *values in numbers["clusters"]
    ]
    header = [
        "cluster by",
        "voxels",
        *(f"active, shift {shift}" for shift in discoveries.SHIFTS),
        "active, ARI",
    ]
    return f"""\
### In the default run

The clusters of `make run` ({voxels:,} voxels, {relabellings:,} relabellings), and how many of their voxels are
active, at least. Relabelling calibrates the level of the thresholds to {levels[0]:.3f}, and to {levels[1]:.3f}
with shift {discoveries.SHIFTS[1]}; by Simes' inequality it would be {studies.ALPHA}.

{_table(header, rows)}"""


def _agreement(numbers):
    rows = [
        [row[k] for k in ("peer", "quantity", "difference", "bound", "verdict")] for row in numbers["rows"]
    ]
    notes = "\n".join(f"- {note}" for note in numbers["notes"])
    return f"""\
## Agreement with other tools

{numbers["data"]} Where a tool takes relabellings, it got ours.

{_table(["tool", "quantity", "difference", "should be", "verdict"], rows)}
{notes}
"""


def _mutations():
    rows = [[m.title, m.caught_by] for m in gates.MUTATIONS]
    return f"""\
## Would an error be noticed?

Each of these changes a line of the library, and the tests make sure that a check then fails
(`tests/validation/test_calibration.py`).

{_table(["change", "caught by the check of"], rows)}"""


def draw(numbers, path):
    """Draw the error rates with their intervals."""
    import matplotlib.pyplot as plt
    from permaps.figures import style

    n = numbers["n"]
    shown = [s for s in studies.SCENARIOS.values() if s.name in numbers["rejections"]]
    colours = dict(zip(studies.STATISTICS, (style.BLACK, style.BLUE, style.ORANGE, style.GREEN), strict=True))
    figure, axis = plt.subplots(figsize=(7.5, 0.8 + 0.34 * len(shown)), layout="constrained")
    low, high = expected_range(n, studies.ALPHA, 0.95)
    axis.axvspan(100 * low, 100 * high, color="#dddddd", lw=0, label="95 % of right tests")
    axis.axvline(100 * studies.ALPHA, color=style.GREY, lw=0.8)
    for k, statistic in enumerate(studies.STATISTICS):
        for row, scenario in enumerate(shown):
            count = numbers["rejections"][scenario.name][statistic]
            ends = [100 * x for x in wilson(count, n)]
            y = row + 0.18 * (k - 1.5)
            axis.plot(ends, [y, y], color=colours[statistic], lw=1.2)
            label = NAMES[statistic] if row == 0 else None
            axis.plot(100 * count / n, y, "o", ms=3.5, color=colours[statistic], label=label)
    axis.set_yticks(range(len(shown)), [s.title + (" (fails)" if s.fails else "") for s in shown])
    axis.set_ylim(len(shown) - 0.4, -0.6)
    # Those that fail reach far: a logarithmic axis keeps the others apart.
    axis.set_xscale("log")
    axis.set_xticks([2, 3, 5, 10, 20, 50, 100], ["2", "3", "5", "10", "20", "50", "100"])
    axis.minorticks_off()
    axis.set_xlim(1.5, 100)
    axis.set_xlabel("family-wise error rate, %")
    figure.legend(loc="outside upper right", ncols=5)
    style.save(figure, path)


if __name__ == "__main__":
    write()
