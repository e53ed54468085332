"""What can be known of a study before anything runs: its table, its model, and its first and last images."""

import os

import numpy as np

from permaps.cohort.participants_table import collect
from permaps.design.alike import drawn_of
from permaps.design.bids_model import check_whole
from permaps.design.formula import categories
from permaps.design.matrix import contrast_matrix
from permaps.design.plan import check_freedom, plan_of
from permaps.design.variates import check_columns, used_by_model
from permaps.design.whole import whole_design
from permaps.maps.atlas import Atlas
from permaps.maps.cifti import read_models
from permaps.maps.connectomes import read_nodes
from permaps.maps.decoders import decoder
from permaps.maps.images import UnusableMap, affine_text, lost_its_place, read_grid, shape_text
from permaps.maps.labels import read_labels
from permaps.maps.layout import Layout
from permaps.maps.map_paths import hemisphere_files, item_of, partners
from permaps.maps.parcels import read_neighbours
from permaps.maps.store import Entry
from permaps.maps.surfaces import TEMPLATES, check_mesh, read_mesh, read_surface_mask
from permaps.quality.brain_mask import FEWEST_VOXELS, brain_mask, few
from permaps.quality.plausible import doubt_of_labels
from permaps.quality.screening import (
    is_missing,
    require_enough,
    screen,
    screen_covariates,
    told_of_leaving,
)
from permaps.spaces.atlas_regions import check_labels
from permaps.spaces.masks import elements_inside
from permaps.spaces.parcellation import is_parcellation
from permaps.spaces.volume import Volume
from permaps.statistics.registry import voxel_statistic
from permaps.tables.participants import as_frame
from permaps.tables.reasons import KNOWN_BEFORE
from permaps.tables.text import ID, MAP, map_column
from permaps.workflow.errors import UserError
from permaps.workflow.names import each_input
from permaps.workflow.paths import not_fetched

# Kinds of spaces whose files may hold labels in place of values, and what they would be of.
WITH_LABELS = {"surface": "vertices", "grayordinates": "grayordinates"}
# Relabellings are counted at once for so many, and each start would wait for more.
MOST_COUNTED = 500


def check_study(
    config: dict, kind: str, seen: dict | None = None, exhausted: dict | None = None
) -> list[str]:
    """Refuse a study of own maps that some job would refuse.

    Parameters
    ----------
    config : dict
        As resolved.
    kind : str
        Of the space of the maps.
    seen : dict, optional
        Images that were looked at for another analysis, by their paths; those of this one are added.
    exhausted : dict, optional
        Contrasts of which all distinct relabellings will be used are added by their names: how many there are, and
        how many of them give the observed statistic.

    Returns
    -------
    list of str
        What to be warned of: images that look unusable, whose participants will be left out.

    Raises
    ------
    UserError
        As the job would raise it.
    """
    if config["model"]["bids"] is not None:
        check_whole(config["model"]["bids"])
    stay, warnings, earlier = [], [], {}
    for name, dataset in each_input(config["dataset"]).items():
        columns, rows = collect(dataset, config["model"]["voxelwise"], config["results"], name, earlier)
        earlier[name] = dataset["maps"]
        cohort = as_frame(columns, rows)
        reasons = _reasons(cohort, config)
        stays = np.array([not reason for reason in reasons])
        stay.append(stays)
        if lost := told_of_leaving(cohort, reasons, lambda reason: reason.startswith(KNOWN_BEFORE)):
            warnings.append(f"{name}: {lost}" if name else lost)
        about_images, looked_at = _look_at_images(
            cohort[stays].reset_index(drop=True),
            list(config["model"]["voxelwise"]),
            decoder(kind, dataset["maps"], measure=not name),
            {} if seen is None or isinstance(dataset["maps"], list) else seen,
        )
        warnings += about_images
        if looked_at:
            path, first = next(iter(looked_at.items()))
            if kind in WITH_LABELS and (doubt := doubt_of_labels(first.data, WITH_LABELS[kind])):
                warnings.append(f"{path}: {doubt}")
            _CHECKS[kind](config, looked_at)
            if kind == "volume":
                warnings += [doubt for doubt in _doubts_of_grids(config, first) if doubt not in warnings]
    joined = np.any if config["quality"]["require"] == "any" else np.all
    found = _check_model(cohort[joined(stay, axis=0)].reset_index(drop=True), config)
    if exhausted is not None:
        exhausted |= found
    return warnings


def _reasons(cohort, config):
    """Return why each participant of an input leaves, as known from the table and the names of files."""
    model, blocks, query = config["model"], config["permutation"]["blocks"], config["quality"]["query"]
    covariates = list(model["voxelwise"])
    check_columns(cohort, model, blocks, query)
    entries = _entries(cohort, [MAP, *map(map_column, covariates)])
    variates = used_by_model(model["formula"], blocks, model["variance_groups"])
    reasons = screen(cohort, entries, variates, query, categories(model["formula"]))
    reasons = screen_covariates(cohort, entries, reasons, covariates)
    require_enough(cohort, reasons)
    return reasons


def _entries(cohort, columns):
    """Return an entry for each image without reading it: if the file exists, it counts as sound."""
    return {row[ID]: {column: _entry(row[column]) for column in columns} for row in cohort.to_dict("records")}


def _entry(path):
    # The table may name no map at all.
    files = [file for file in partners(path) if os.path.lexists(file)] if isinstance(path, str) else []
    if not files:
        return Entry("missing file")
    if instead := next(filter(None, map(not_fetched, files)), ""):
        return Entry(f"not fetched ({instead})")
    return Entry(shape=[1, 1, 1], affine=np.eye(4).tolist())


def _check_model(staying, config):
    """Refuse a model; return the contrasts of which all relabellings will be used, as `check_study` adds them."""
    model, permutation = config["model"], config["permutation"]
    design = whole_design(
        staying, model["formula"], list(model["voxelwise"]), permutation["blocks"], model["variance_groups"]
    )
    for name, joint in config["joint"].items():
        if joint["multivariate"]:
            n_people, n_columns = design.matrix.shape
            check_freedom(name, len(joint["inputs"]), n_people - n_columns)
    exhausted = {}
    for name, expressions in model["contrasts"].items():
        weights = contrast_matrix(expressions, name, design.names)
        if len(staying) <= MOST_COUNTED:
            plan = plan_of(design, weights, voxel_statistic(expressions), permutation["scheme"])
            n_permutations, n_distinct = permutation["n_permutations"], plan["n_distinct"]
            if isinstance(n_distinct, int) and n_distinct <= n_permutations + 1:
                _, alike = drawn_of(plan, design, weights, n_permutations, permutation["two_sided"])
                exhausted[name] = n_distinct, alike
    return exhausted


def _look_at_images(staying, voxelwise, decode, seen):
    """Decode the first and the last image; return warnings, and the usable maps by their paths.

    There are no usable ones if images are not alike, since any of them may be the odd one out.
    """
    warnings, looked_at, maps = [], [], {}
    for column in [MAP, *map(map_column, voxelwise)]:
        for row in dict.fromkeys((0, len(staying) - 1)):
            path = staying[column][row]
            # To read the last volume of a compressed file takes as long as to read all of them.
            if item_of(path)[1]:
                continue
            try:
                if path not in seen:
                    seen[path] = decode(path)
                looked_at.append((staying[ID][row], path, seen[path]))
                if column == MAP:
                    maps[path] = seen[path]
            except UnusableMap as unusable:
                warnings.append(f"{staying[ID][row]} will be left out: {path} is of no use: {unusable}.")
    layouts = [Layout.of(image) for *_, image in looked_at]
    for (name, path, _), layout in zip(looked_at, layouts, strict=True):
        if not layout.same(layouts[0]):
            unlike = layout.difference(layouts[0], f"those of {looked_at[0][0]}")
            warnings.append(
                f"some images will be left out, since not all are alike: {path} of {name}: {unlike}."
            )
            return warnings, {}
    return warnings, maps


def _check_volume(config, maps):
    """Refuse masks and an atlas that do not fit the maps."""
    first, inference = next(iter(maps.values())), config["inference"]
    places = [(key, *place) for key in ("small_volumes", "regions") for place in inference[key].items()]
    inside = np.ones(first.data.shape, bool)
    if config["mask"]["strategy"] == "file" or (places and config["mask"]["strategy"] == "template"):
        inside = brain_mask(config["mask"]["strategy"], [first.data], first.affine, config["mask"]["file"])
    if places:
        analysed = inside & _may_be_analysed(config["mask"], maps)
        space = Volume(analysed if analysed.any() else inside, first.affine)
        for key, name, where in places:
            elements_inside(space, where, f"inference.{key}.{name}")
    if config["atlas"]["image"] is not None:
        Atlas(config["atlas"]["image"], config["atlas"]["labels"])


def _doubts_of_grids(config, one):
    """Yield a warning for each image of the user that is hardly where it should be, given one of the maps."""
    files = {"mask.file": config["mask"]["file"], "atlas.image": config["atlas"]["image"]}
    for key in ("small_volumes", "regions"):
        files |= {f"inference.{key}.{name}": where for name, where in config["inference"][key].items()}
    for key, file in files.items():
        if not isinstance(file, str):  # none, or a sphere
            continue
        shape, affine = read_grid(file)
        if lost_its_place(shape, affine, one.data.shape, one.affine):
            yield (
                f"{key}: {file} has the shape of the maps ({shape_text(shape)}) but another affine, "
                f"{affine_text(affine)} and not {affine_text(one.affine)}, and is taken to lie where this says. "
                "If its affine was lost when it was written, give it that of the maps."
            )


def _may_be_analysed(mask, maps):
    """Return the voxels that are not ruled out because all of some maps have no value there."""
    missing = np.all([is_missing(one.data, mask["zero_is_missing"]) for one in maps.values()], axis=0)
    return ~missing if mask["min_coverage"] == 1 else np.ones_like(missing)


def _check_surface(config, maps):
    """Refuse a mesh, a mask or an atlas that is not that of the maps."""
    counts = next(iter(maps.values())).parts
    _check_mesh(config["space"]["mesh"], counts)
    if config["space"]["mask"] is not None:
        read_surface_mask(config["space"]["mask"], counts)
    _check_labels(config["atlas"]["image"], counts)


def _check_grayordinates(config, maps):
    """Refuse a mesh or an atlas that is not that of the cortex in the maps, where they have one."""
    counts = read_models(next(iter(maps))).counts
    if counts:
        _check_mesh(config["space"]["mesh"], counts)
        _check_labels(config["atlas"]["image"], counts)


def _check_mesh(mesh, counts):
    check_mesh(mesh, counts)
    if mesh not in TEMPLATES.values():  # a template is fetched later
        read_mesh(mesh, counts)


def _check_labels(image, counts):
    if image is not None:
        labels = read_labels([*hemisphere_files(os.path.abspath(image)).values()])
        for side, n in counts.items():
            check_labels(labels, side, n)


def _check_parcels(config, maps):
    """Refuse a single region, and tables of regions that do not name those of the maps."""
    names, labels = list(next(iter(maps.values())).parts), config["space"]["labels"]
    if len(names) < FEWEST_VOXELS:
        raise UserError(
            f"dataset.maps: found {few(len(names), 'region')} in each map, at least {FEWEST_VOXELS} are needed. "
            "Expected maps of more regions."
        )
    read_nodes(None if is_parcellation(labels) else labels, names)
    read_neighbours(config["space"]["adjacency"], names)


def _check_edges(config, maps):
    """Refuse a table of nodes that does not name those of the maps."""
    read_nodes(config["space"]["labels"], list(next(iter(maps.values())).parts))


_CHECKS = {
    "volume": _check_volume,
    "surface": _check_surface,
    "grayordinates": _check_grayordinates,
    "parcels": _check_parcels,
    "edges": _check_edges,
}
