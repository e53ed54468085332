"""A small, consistent results folder, so that what draws and tabulates can be tested without a run.

    python tests/unit/run_folder.py FOLDER [--voxel MM] [--relabellings N]

makes a larger one for looking at. Statistics are computed for real, by plain means.
"""

import argparse
import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import read_maps
from permaps.permutation.observed import Observed
from permaps.spaces.volume import Volume
from scipy import ndimage, stats

PARTICIPANTS = 24


def fabricate(folder, voxel=6.0, relabellings=99, seed=1):
    """Write a results folder with a t contrast `pseudo`, a one-sample `mean` and an F contrast `any`."""
    folder = Path(folder)
    rng = np.random.default_rng(seed)
    affine, brain = _grid(voxel)
    n, n_voxels = PARTICIPANTS, int(brain.sum())
    table = pd.DataFrame(
        {
            "participant_id": [f"sub-{i:02d}" for i in range(1, n + 1)],
            "pseudo": rng.normal(60, 10, n).round(1),
            "age": rng.integers(18, 40, n),
            "sex": ["F", "M"] * (n // 2),
        }
    )
    design = pd.DataFrame(
        {
            "Intercept": 1.0,
            "pseudo": table["pseudo"],
            "age": table["age"].astype(float),
            "sex[T.M]": (table["sex"] == "M").astype(float),
        }
    )
    contrasts = {
        "pseudo": np.array([[0.0, 1, 0, 0]]),
        "mean": np.array([[1.0, 0, 0, 0]]),
        "any": np.array([[0.0, 1, 0, 0], [0, 0, 1, 0]]),
    }
    maps = _cohort(rng, table, affine, brain)
    _write_participants(folder, table, maps, affine, brain)
    _write_table(folder / "design/design.tsv", pd.concat([table[["participant_id"]], design], axis=1))
    rows = [
        [name, "t" if len(weights) == 1 else "F", i + 1, *row]
        for name, weights in contrasts.items()
        for i, row in enumerate(weights)
    ]
    _write_table(
        folder / "design/contrasts.tsv", pd.DataFrame(rows, columns=["contrast", "statistic", "row", *design])
    )
    dof = n - design.shape[1]
    plan = {
        name: {
            "scheme": "flip" if name == "mean" else "permute",
            "n_distinct": "6.2045e23",
            "dof": [len(weights), dof] if len(weights) > 1 else dof,
            "n_participants": n,
            "warnings": [],
        }
        for name, weights in contrasts.items()
    }
    (folder / "design/plan.json").write_text(json.dumps(plan))
    for name, weights in contrasts.items():
        _write_contrast(folder, name, weights, design.to_numpy(), maps, affine, brain, relabellings, rng)
    smallest = [[name, 1 / (relabellings + 1)] for name in contrasts]
    _write_table(
        folder / "tables/relabellings.tsv", pd.DataFrame(smallest, columns=["contrast", "smallest_p"])
    )
    assert n_voxels == maps.shape[1]
    return folder


def _grid(voxel):
    """An ellipsoid of about a brain's size in MNI space."""
    low, high = np.array([-78.0, -112, -70]), np.array([78.0, 76, 85])
    shape = np.ceil((high - low) / voxel).astype(int) + 1
    affine = np.diag([voxel, voxel, voxel, 1.0])
    affine[:3, 3] = low
    mm = low + voxel * np.moveaxis(np.indices(shape), 0, -1)
    return affine, (((mm - [0, -18, 8]) / [70, 88, 68]) ** 2).sum(-1) < 1


def _cohort(rng, table, affine, brain):
    """Smooth noise, a group mean in one place and associations with `pseudo` in two."""
    mm = affine[:3, 3] + affine[0, 0] * np.argwhere(brain)

    def blob(centre, width):
        return np.exp(-(((mm - centre) / width) ** 2).sum(1) / 2)

    smooth = 4.0 / affine[0, 0]
    noise = [ndimage.gaussian_filter(rng.normal(size=brain.shape), smooth)[brain] for _ in range(len(table))]
    noise = np.array(noise) / np.std(noise)
    z = stats.zscore(table["pseudo"].to_numpy())
    maps = noise + 1.5 * blob([38, -24, 56], 14) - 0.8 * blob([-20, -56, -20], 12)
    maps += 1.1 * z[:, None] * blob([-46, -60, -8], 13) - 1.0 * z[:, None] * blob([30, 30, 30], 12)
    return maps.astype(np.float32)


def _write_participants(folder, table, maps, affine, brain):
    paths = []
    for participant, values in zip(table["participant_id"], maps, strict=True):
        path = folder / f"dataset/maps/{participant}_statmap.nii.gz"
        _write_image(path, values, affine, brain)
        paths.append(str(path.resolve()))
    table.insert(1, "map", paths)
    _write_table(folder / "dataset/participants.tsv", table)
    read_maps.main(
        participants=folder / "dataset/participants.tsv",
        images=folder / "dataset/images.json",
        values=folder / "dataset/values.bin",
    )
    _write_table(folder / "quality/included.tsv", table)
    gone = table.head(2).assign(participant_id=["sub-90", "sub-91"], reason="no value for pseudo")
    _write_table(folder / "quality/excluded.tsv", gone)
    metrics = table[["participant_id"]].assign(
        stands_out=["same map as another", *["n/a"] * (len(table) - 1)]
    )
    _write_table(folder / "quality/metrics.tsv", metrics)
    _write_image(folder / "mask.nii.gz", np.ones(brain.sum()), affine, brain, np.uint8)
    coverage = np.full(brain.sum(), len(table))
    coverage[:50] -= 5
    _write_image(folder / "mask_coverage.nii.gz", coverage, affine, brain, np.int16)
    np.save(folder / "maps.npy", maps)
    _write_table(
        folder / "quality/voxels.tsv",
        pd.DataFrame({"reason": ["kept", "constant"], "n_voxels": [int(brain.sum()), 3]}),
    )


def _write_contrast(folder, name, weights, design, maps, affine, brain, relabellings, rng):
    voxel_stat = "t" if len(weights) == 1 else "F"
    stem = f"contrast-{name}_stat-"
    effect, statistic, partial = _fit(maps, design, weights)
    dof = len(design) - design.shape[1]
    enhanced, sizes, masses = _enhance(
        statistic, brain, stats.t.isf(0.0005, dof) if voxel_stat == "t" else 6.0
    )
    observed = {voxel_stat: np.abs(statistic), "tfce": enhanced, "clustersize": sizes, "clustermass": masses}
    nulls = {key: [np.max(value)] for key, value in observed.items()}

    def p_of(statistic):
        if voxel_stat == "t":
            return 2 * stats.t.sf(np.abs(statistic), dof)
        return stats.f.sf(statistic, len(weights), dof)

    p = p_of(statistic)
    ranks = np.arange(1, len(p) + 1) / len(p)
    pivotal = [(np.sort(p) / ranks).min()]
    uncorrected = np.ones(maps.shape[1])
    for _ in range(relabellings):
        if name == "mean":
            shuffled = maps * rng.choice([-1, 1], len(maps))[:, None]
        else:
            shuffled = maps[rng.permutation(len(maps))]
        other = _fit(shuffled, design, weights)[1]
        uncorrected += np.abs(other) >= np.abs(statistic)
        pivotal.append((np.sort(p_of(other)) / ranks).min())
        enhanced, sizes, masses = _enhance(
            other, brain, stats.t.isf(0.0005, dof) if voxel_stat == "t" else 6.0
        )
        for key, value in zip(nulls, (np.abs(other), enhanced, sizes, masses), strict=True):
            nulls[key].append(np.max(value))
    names = {
        voxel_stat: "voxel",
        "tfce": "tfce",
        "clustersize": "cluster_size",
        "clustermass": "cluster_mass",
    }
    for part in ("nulls", "observed"):
        (folder / part).mkdir(exist_ok=True)
    np.savez(
        folder / f"nulls/contrast-{name}.npz",
        tdp=np.array(pivotal),
        **{names[key]: np.array(null) for key, null in nulls.items()},
    )

    def write(suffix, values):
        _write_image(folder / f"maps/{stem}{suffix}.nii.gz", values, affine, brain)

    if voxel_stat == "t":
        write("effect_statmap", effect)
        write("z_statmap", np.sign(statistic) * stats.norm.isf(p / 2))
    Observed(Volume(brain, affine), "permute", True, {"p": p}).save(folder / f"observed/contrast-{name}.npz")
    write(f"{voxel_stat}_statmap", statistic)
    write("partialr2_statmap", partial)
    write("tfce_statmap", np.sign(statistic) * observed["tfce"])
    write(f"{voxel_stat}_corr-bonferroni_logp", -np.log10(np.minimum(1, p * maps.shape[1])))
    write(f"{voxel_stat}_corr-unc_logp", -np.log10(uncorrected / (relabellings + 1)))
    write(f"{voxel_stat}_corr-fdr_logp", -np.log10(stats.false_discovery_control(p)))
    for key, values in observed.items():
        corrected = (np.array(nulls[key])[:, None] >= values - 1e-9).mean(0)
        write(f"{key}_corr-fwe_logp", -np.log10(corrected))


def _fit(maps, design, weights):
    inverse = np.linalg.inv(design.T @ design)
    beta = inverse @ design.T @ maps
    residuals = maps - design @ beta
    variance = (residuals**2).sum(0) / (len(design) - design.shape[1])
    effect = weights @ beta
    if len(weights) == 1:
        t = effect[0] / np.sqrt(variance * (weights @ inverse @ weights.T).item())
        return effect[0], t, t**2 / (t**2 + len(design) - design.shape[1])
    middle = np.linalg.inv(weights @ inverse @ weights.T)
    explained = np.einsum("iv,ij,jv->v", effect, middle, effect)
    return None, explained / len(weights) / variance, explained / (explained + (residuals**2).sum(0))


def _enhance(statistic, brain, threshold):
    """TFCE as a coarse sum (good enough to be drawn), cluster size and mass, per voxel."""
    enhanced, sizes, masses = (np.zeros(len(statistic)) for _ in range(3))
    image = np.zeros(brain.shape)
    for sign in (1, -1):
        image[brain] = sign * statistic
        for height in np.arange(0.5, max(image.max(), 0.6), 0.5):
            labels, _ = ndimage.label(image > height)
            enhanced += (np.bincount(labels.ravel())[labels[brain]] ** 0.5 * height**2 * 0.5) * (
                labels[brain] > 0
            )
        labels, count = ndimage.label(image > threshold)
        if count:
            inside = labels[brain]
            sizes += np.where(inside > 0, np.bincount(labels.ravel())[inside], 0)
            mass = ndimage.sum(image - threshold, labels, np.arange(count + 1))
            masses += np.where(inside > 0, mass[inside], 0)
    return enhanced, sizes, masses


def _write_image(path, values, affine, brain, dtype=np.float32):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.zeros(brain.shape, dtype)
    image[brain] = values
    nib.save(nib.Nifti1Image(image, affine), path)


def _write_table(path, table):
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, sep="\t", index=False, na_rep="n/a")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--voxel", type=float, default=6.0)
    parser.add_argument("--relabellings", type=int, default=99)
    given = parser.parse_args()
    fabricate(given.folder, given.voxel, given.relabellings)
