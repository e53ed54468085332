"""Large studies through Snakemake, as a user would run them: what each rule takes."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
from scipy.ndimage import gaussian_filter

from bench.clock import seconds
from bench.example import snakemake
from bench.markdown import three
from bench.whole import rules_of, table_of_rules

MOST_MB = 1_500
# What no tool can leave out.
NEEDED = ("read_maps", "smooth_maps", "compute_null_chunk")


@dataclass(frozen=True)
class LargeStudy:
    """A study to run, in the box of the MNI templates.

    Attributes
    ----------
    people : int
    mm : int
        Of a voxel.
    relabellings : int
    """

    people: int
    mm: int
    relabellings: int

    @property
    def title(self):
        return f"Large studies: {self.people:,} people at {self.mm} mm"

    def measure(self, _):
        """Run it in a folder of its own."""
        return run(self.people, self.mm, self.relabellings)

    def text(self, numbers):
        rules = numbers["rules"]
        needed = sum(rules[rule]["seconds"] for rule in NEEDED)
        together = sum(rule["seconds"] for rule in rules.values())
        return f"""\
{numbers["voxels"]:,} voxels, {self.relabellings:,} relabellings of an age effect that is not there,
`snakemake --cores 2`: {numbers["seconds"] / 60:.1f} minutes. All jobs together take {three(together / needed)} times
what reading, smoothing and relabelling take (at most 3), and no job has more than
{max(rule["mb"] for rule in rules.values()):,.0f} MB (at most {MOST_MB:,}).

{table_of_rules(rules)}"""


MANY_VOXELS, MANY_PEOPLE = LargeStudy(1_000, 2, 10_000), LargeStudy(10_000, 4, 100)


def run(n_people, mm, n_relabellings):
    """Return how many voxels a study has, its seconds, and what its rules take, as `rules_of` returns them."""
    with tempfile.TemporaryDirectory(prefix="permaps-study-") as folder:
        folder = Path(folder)
        write_maps(folder, n_people, mm)
        config = {
            "dataset": {"source": "table", "path": "participants.tsv", "maps": "map"},
            "smoothing_fwhm": 5,
            "model": {"formula": "1 + age", "contrasts": {"age": "age"}},
            "permutation": {"n_permutations": n_relabellings},
        }
        (folder / "config.json").write_text(json.dumps(config))
        took = seconds(lambda: snakemake(folder, "--configfile", "config.json"))
        n_voxels = np.load(folder / "results/maps.npy", mmap_mode="r").shape[1]
        return {"voxels": n_voxels, "seconds": took, "rules": rules_of(folder / "results/benchmarks")}


def write_maps(folder, n_people, mm):
    """Write smooth noise within a ball, 0 around it, for each person, and their table.

    The noise is a piece of one large field that repeats itself, each person's from elsewhere in it: to smooth
    noise for each would take longer than the study.
    """
    shape = np.round(np.array([182, 218, 182]) / mm).astype(int)
    affine = np.diag([mm, mm, mm, 1.0])
    affine[:3, 3] = -90, -126, -72
    grid = np.stack(np.meshgrid(*[np.linspace(-1, 1, n) for n in shape], indexing="ij"))
    inside = (grid**2).sum(axis=0) < 0.63
    rng = np.random.default_rng(0)
    field = gaussian_filter(rng.standard_normal(2 * shape, np.float32), 6 / 2.355 / mm, mode="wrap")
    field /= field.std()
    lines = ["participant_id\tmap\tage"]
    for i in range(n_people):
        data = np.roll(field, rng.integers(2 * shape), axis=(0, 1, 2))[tuple(map(slice, shape))] * inside
        nib.save(nib.Nifti1Image(data, affine), folder / f"sub-{i}.nii.gz")
        lines.append(f"{i}\tsub-{i}.nii.gz\t{rng.integers(20, 70)}")
    (folder / "participants.tsv").write_text("\n".join(lines) + "\n")
