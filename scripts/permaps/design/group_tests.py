"""What is tested, by the names of its files. The rules look everything about a test up here.

Only plain values, because the Snakefile imports this module at every start.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from permaps.statistics.registry import joint_statistic, statistics_of, voxel_statistic
from permaps.workflow.names import input_names


@dataclass(frozen=True)
class GroupTest:
    """A contrast in the maps of an input, or several of these together: over the whole mask or in a small volume.

    As text, it is what the names of its files begin with.

    Attributes
    ----------
    name : str
        What the names of its files begin with.
    whole : str
        The name of the same test over the whole mask.
    contrast : str
        The contrast that is tested, or the name of the joint test.
    title : str
        What it is called in figures and tables.
    prefix : str
        What the names of files of its input begin with; of a joint test, those of its mask.
    prefixes : list of str
        What the names of files of all its inputs begin with.
    voxel_stat : str
        Its voxel statistic: t, F, or that of a joint test.
    stats : list of str
        Its statistics that have a corrected map, by their names in file names.
    combined : dict of str to int
        Of a joint test: the tests that it combines, and for each the number of its input among those of the joint
        test, from 0.
    volume : str or None
        The small volume that it is restricted to.
    """

    name: str
    whole: str
    contrast: str
    title: str
    prefix: str
    prefixes: list
    voxel_stat: str
    stats: list
    combined: dict = field(default_factory=dict)
    volume: str | None = None

    def __str__(self) -> str:
        return self.name

    @property
    def is_joint(self) -> bool:
        """Whether it combines others."""
        return bool(self.combined)


def input_prefixes(inputs: Iterable[str]) -> list[str]:
    """Return what the names of files of each input begin with; nothing if there is one input without a name."""
    return [f"input-{name}_" for name in inputs] or [""]


def group_tests(config: dict) -> dict[str, GroupTest]:
    """Return the tests over the whole mask, by their names: of one input and contrast each, then the joint ones.

    Parameters
    ----------
    config : dict
        As resolved.
    """
    statistics = config["inference"]["statistics"]
    inputs = input_names(config["dataset"])
    tests = []
    for prefix, name in zip(input_prefixes(inputs), inputs or [""], strict=True):
        for contrast, expressions in config["model"]["contrasts"].items():
            file, voxel_stat = f"{prefix}contrast-{contrast}", voxel_statistic(expressions)
            title = f"{name}: {contrast}" if name else contrast
            stats = statistics_of(voxel_stat, statistics)
            tests.append(GroupTest(file, file, contrast, title, prefix, [prefix], voxel_stat, stats))
    for name, joint in config["joint"].items():
        file, voxel_stat, prefixes = f"joint-{name}", joint_statistic(joint), input_prefixes(joint["inputs"])
        stats = statistics_of(voxel_stat, statistics)
        combined = {f"{p}contrast-{c}": i for i, p in enumerate(prefixes) for c in joint["contrasts"]}
        tests.append(GroupTest(file, file, name, name, f"{file}_", prefixes, voxel_stat, stats, combined))
    return {test.name: test for test in tests}


def in_small_volumes(tests: dict[str, GroupTest], volumes: Iterable[str]) -> dict[str, GroupTest]:
    """Return tests again in each small volume, by their names. Joint tests have none."""
    return {
        f"{name}_volume-{volume}": replace(test, name=f"{name}_volume-{volume}", volume=volume)
        for name, test in tests.items()
        for volume in volumes
        if not test.is_joint
    }
