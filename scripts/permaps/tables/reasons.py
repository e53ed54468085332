"""Why participants are left out, in a few words: reasons of one kind are counted together."""

import re
from collections import Counter
from collections.abc import Mapping

# So many kinds of reasons are named.
SHOWN = 5
UNKNOWN_KIND = "unknown kind of file"
# What to do about a reason that starts like this; a regular expression.
ADVICE = {
    "missing file": "{key} leads to the maps: its paths are relative to the folder of the table.",
    "not fetched": "What is in these files is not on this machine yet: datalad get, git annex get or git lfs pull "
    "fetches it. A link may also lead to a folder that was moved.",
    "missing variate": "Fill in the values, or leave these columns out of the model.",
    "missing value": "Fill in the values, or leave these columns out of quality.query.",
    "query": "quality.query keeps those for whom it holds: text in it is written as in the table, capitals too.",
    "misses .* brain mask": "The mask reaches beyond the values of these maps: take another mask.strategy or a "
    "mask.file that fits them. quality.max_missing is how much of the mask a map may miss; 0 counts as missing "
    "unless mask.zero_is_missing is false.",
    "misses": "Correct these maps, or raise quality.max_missing, the share that a map may miss; 0 counts as missing "
    "where mask.zero_is_missing is true.",
    "several volumes": "A participant has one volume: write the one that is meant into a file of its own, as by "
    "nilearn.image.index_img.",
    "a single voxel": "Maps of regions, one value for each, are columns of a table: dataset.values.",
    "constant": "A map has a measure that differs from place to place. In lesions of 0 and 1, 0 is a value: set "
    "mask.zero_is_missing to false, with a mask.file or mask.strategy: template.",
    "values of a surface": "As a volume, smoothing would mix vertices that are no neighbours: take GIFTI files, "
    "FreeSurfer's with lh and rh in their names, or CIFTI files called .dscalar.nii.",
    "other brain models": "Take maps of the same grayordinates, as by wb_command -cifti-create-dense-from-template.",
    "cut off": "Copy or make the file again: a download or a copy of it ended early, or the disk was full.",
    "a time series": "A participant has one map: take the .dscalar.nii or .pscalar.nii of a contrast.",
    "several maps": "A participant has one map: write the one that is meant into a file of its own, as by "
    "wb_command -cifti-math or -cifti-merge with -column.",
    "several values per vertex": "A participant has one map: write the one that is meant into a file of its own, as "
    "by mri_convert --frame. A file with a map of everyone stands in dataset.maps itself.",
    "another kind of CIFTI": "Grayordinates have .dscalar.nii files, parcels .pscalar.nii, connectomes of parcels "
    ".pconn.nii.",
    "labels of regions": "A map has a measure at each vertex; regions are named in atlas.image.",
    "missing row": "The ids in dataset.values, in participant_id or its first column, are those of the participants.",
    "text among values": "Values of regions are numbers: correct the table, or narrow dataset.maps down.",
    "node": "Take matrices of the same nodes, with their rows and columns in one order.",
    "not symmetric": "Edges have no direction: write the mean of both halves, or the half that is meant, into both.",
    "not a square matrix": "A matrix has a row and a column for each node.",
    "decimal commas": "Write numbers with a decimal point.",
    UNKNOWN_KIND: "Volumes are .nii, .nii.gz or .img, surfaces .gii, .mgh or FreeSurfer's morphometry, CIFTI files "
    ".dscalar.nii, .pscalar.nii or .pconn.nii, and matrices .csv, .tsv or .npy (of text called .txt, the "
    "name alone has to change).",
    "another mesh": "Take maps sampled on one mesh, as by mri_surf2surf or wb_command -metric-resample.",
    "other hemispheres": "Every participant needs a file of each hemisphere that the others have.",
    "hemispheres swapped": "Correct the names of the files, or what they say inside (wb_command -set-structure).",
    "holds the values of the map": "A covariate is another measure than the map: correct its paths.",
    "shape": "Resample the maps to one grid first.",
    "affine": "Resample the maps to one grid first.",
}


# Reasons that are known from the table and the names of files, and those that the user asked for.
KNOWN_BEFORE = ("missing file", "not fetched", "missing variate", "covariate ")
WANTED = ("query", "missing value for the query")


def _without_details(reason):
    """Return a reason without the details of one participant.

    If one map misses 12.3% of the mask and another one 12.4%, the reason is the same.
    """
    if missed := re.fullmatch(r"misses [\d.]+% of the ([a-z ]+), (more than [\d.]+%)", reason):
        return f"misses {missed[2]} of the {missed[1]}"
    if reason.startswith(("missing variate: ", "missing value for the query: ", "query: ")):
        return reason
    return reason.split(" (")[0].split(",")[0]


def counted(reasons: Mapping[str, int]) -> str:
    """Summarise reasons, the most frequent kind first; beyond some kinds, they are counted together.

    Parameters
    ----------
    reasons : mapping of str to int
        How many participants each applies to.

    Returns
    -------
    str
        Such as "29 missing file; 1 missing variate: age"; for a single kind, the count is left out.
    """
    kinds = by_kind(reasons)
    if len(kinds) == 1:
        return next(iter(kinds))
    parts = [f"{count} {name}" for name, count in kinds.most_common(SHOWN)]
    rest = sum(kinds.values()) - sum(count for _, count in kinds.most_common(SHOWN))
    return "; ".join(parts + ([f"{rest} for other reasons"] if rest else []))


def by_kind(reasons: Mapping[str, int]) -> Counter[str]:
    """Count the kinds of reasons."""
    kinds = Counter()
    for reason, count in reasons.items():
        kinds[_without_details(reason)] += count
    return kinds


def advice(reasons: Mapping[str, int]) -> str:
    """Say what to do about the most frequent kind of reason, if there is general advice."""
    ((most, _),) = by_kind(reasons).most_common(1)
    of_covariate = re.match(r"covariate [^:]+: ", most)
    most = most[of_covariate.end() :] if of_covariate else most
    key = "model.voxelwise" if of_covariate else "dataset.maps"
    return next((text.format(key=key) for start, text in ADVICE.items() if re.match(start, most)), "")
