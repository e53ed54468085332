"""The data behind each top peak, adjusted for what is not tested."""

import nibabel as nib
import numpy as np
import pandas as pd
from nibabel.affines import apply_affine
from permaps.reporting.adjusted import adjust
from permaps.reporting.captions import write_caption
from permaps.reporting.charts import peak_effects
from permaps.reporting.style import save
from permaps.workflow.jobs import job

MOST, APART = 6, 12.0  # panels; mm between two peaks, so that two statistics do not show one place twice


def main(
    *, maps, mask, design, contrasts, values, tables, outputs, caption, contrast, letter, covariates=()
):  # fmt: skip
    """Draw one contrast's top peaks.

    Parameters
    ----------
    maps, mask : path
        Participants x voxels (.npy), and the mask that tells which voxels.
    design, contrasts : path
        As `make_design` writes them.
    values : path
        Signed t, or F: its highest voxel is drawn when nothing is significant.
    tables : list of path
        The contrast's cluster tables.
    outputs : list of path
        The figure, in as many formats.
    caption : path
    contrast : str
    letter : {"t", "F"}
    covariates : list of path
        Columns of the design that are maps: .npy each.
    """
    table = pd.read_csv(design, sep="\t", dtype={"participant_id": str}).set_index("participant_id")
    names = list(table.columns)
    rows = pd.read_csv(contrasts, sep="\t", dtype={"contrast": str})
    weights = rows.loc[rows["contrast"] == contrast, names].to_numpy(float)
    image = nib.load(values)
    statistic = image.get_fdata()
    inside = nib.load(mask).get_fdata() > 0
    column = np.full(inside.shape, -1)
    column[inside] = np.arange(inside.sum())
    data, *mapped = (np.load(path, mmap_mode="r", allow_pickle=False) for path in (maps, *covariates))

    places = top_places(tables, letter)
    significant = len(places) > 0
    if not significant:
        voxel = np.unravel_index(np.argmax(np.abs(statistic)), statistic.shape)
        places = apply_affine(image.affine, voxel)[None]
    panels = []
    for place in places:
        voxel = tuple(np.round(apply_affine(np.linalg.inv(image.affine), place)).astype(int))
        y = np.asarray(data[:, column[voxel]], dtype=float)
        rows = table.to_numpy(float, copy=True)
        rows[:, np.isnan(rows).any(axis=0)] = (
            np.array([c[:, column[voxel]] for c in mapped]).reshape(-1, len(y)).T
        )
        has = np.isfinite(y) & np.isfinite(rows).all(axis=1)
        x, y_mm, z = (f"{c:.0f}" for c in place)
        panels.append(
            (
                f"{x}, {y_mm}, {z} mm: {letter} = {statistic[voxel]:.2f}",
                adjust(y[has], rows[has], names, weights),
            )
        )
    title = (
        f"{contrast}: data at the top peaks"
        if significant
        else f"{contrast}: nothing significant; highest voxel"
    )
    save(peak_effects(panels, title, "map value, adjusted"), *outputs)
    found = (
        f"The {len(panels)} highest significant peaks"
        if significant
        else "No peak is significant: the highest voxel"
    )
    write_caption(caption, f"{found}, of {len(table)} participants.")


def top_places(tables, letter):
    """Return the mm coordinates of the highest main peaks of all tables, none near another."""
    peaks = pd.concat([pd.read_csv(path, sep="\t") for path in tables])
    peaks = peaks[peaks["peak"] == 1].sort_values(letter, key=np.abs, ascending=False, kind="stable")
    kept = []
    for place in peaks[["x", "y", "z"]].to_numpy(float):
        if all(np.linalg.norm(place - other) > APART for other in kept):
            kept.append(place)
    return np.array(kept[:MOST])


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            maps=snakemake.input.maps,
            mask=snakemake.input.mask,
            design=snakemake.input.design,
            contrasts=snakemake.input.contrasts,
            values=snakemake.input.values,
            tables=list(snakemake.input.tables),
            outputs=[snakemake.output.figure, snakemake.output.vector],
            caption=snakemake.output.caption,
            contrast=snakemake.wildcards.contrast,
            letter=snakemake.params.settings["letter"],
            covariates=list(snakemake.input.covariates),
        )
