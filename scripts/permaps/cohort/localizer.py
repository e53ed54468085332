"""The Brainomics Localizer through nilearn, with maps and variates joined by participant."""

import time
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from permaps.tables.text import ID, MAP
from permaps.workflow.errors import UserError, nearest, one_line
from permaps.workflow.jobs import log

N_PARTICIPANTS = 94
INDEX_URL = "https://osf.io/hwbm2/download"


def check_request(contrast: str, n_subjects: int) -> None:
    """Raise an error for a contrast that nilearn does not know, or a number of participants out of range."""
    from nilearn.datasets.func import ALLOWED_CONTRASTS, CONTRAST_NAME_WRAPPER

    known = list(dict.fromkeys([*CONTRAST_NAME_WRAPPER, *ALLOWED_CONTRASTS]))
    if contrast not in known:
        raise UserError(
            f"dataset.contrast: the Localizer has no contrast '{contrast}'{nearest(contrast, known) or '.'} "
            "All names: see nilearn.datasets.fetch_localizer_contrasts."
        )
    if isinstance(n_subjects, bool) or n_subjects not in range(1, N_PARTICIPANTS + 1):
        raise UserError(
            f"dataset.n_subjects: the Localizer has {N_PARTICIPANTS} participants, not {n_subjects}; "
            f"expected 1 to {N_PARTICIPANTS}."
        )


def fetch(
    contrast: str,
    n_subjects: int,
    data_dir: str | Path | None = None,
    *,
    attempts: int = 4,
    wait: float = 5.0,
) -> pd.DataFrame:
    """Fetch one contrast's maps and the participants' variates.

    Parameters
    ----------
    contrast : str
        As nilearn names it.
    n_subjects : int
        1 to 94.
    data_dir : path, optional
        nilearn's data folder; by default nilearn's own.
    attempts : int
        How often to try. Existing files are not fetched again.
    wait : float
        Seconds before the second attempt; doubled for each further one.

    Returns
    -------
    pandas.DataFrame
        participant_id, map (absolute path), and all variates; one row per participant with variates,
        and a missing map where the dataset has none.

    Raises
    ------
    UserError
        If the files are not there and cannot be fetched, with the paths where they belong.
    """
    from nilearn.datasets import fetch_localizer_contrasts

    check_request(contrast, n_subjects)
    for attempt in range(1, attempts + 1):
        try:
            data = fetch_localizer_contrasts(
                [contrast], n_subjects=int(n_subjects), data_dir=data_dir and str(data_dir), verbose=0
            )
            break
        # The network, the disk, or a file that is cut off. OSError includes the errors of requests.
        except (OSError, ValueError) as error:
            log.warning("attempt %d of %d: %s: %s", attempt, attempts, type(error).__name__, error)
            if attempt == attempts:
                raise UserError(_by_hand(contrast, n_subjects, data_dir, error)) from None
            time.sleep(wait * 2 ** (attempt - 1))
    return join(data.get("cmaps", []), data["ext_vars"])


def join(maps: Sequence[str | Path], table: pd.DataFrame) -> pd.DataFrame:
    """Join maps and variates by participant id.

    nilearn gives two lists. A participant without a map, or without a row, would shift all that follow.

    Parameters
    ----------
    maps : sequence of path
        nilearn's files .../S01/cmaps_....nii.gz, whose folder names the participant.
    table : pandas.DataFrame
        With participant_id and variates.

    Returns
    -------
    pandas.DataFrame
        participant_id, map, then the other columns, in the table's order.
    """
    path_of = {Path(path).parent.name: str(Path(path).absolute()) for path in maps}
    for name in path_of.keys() - set(table[ID]):
        log.warning("warning: %s has a map but no row in the behavioural table, and is left out", name)
    joined = table[[ID]].assign(**{MAP: table[ID].map(path_of)})
    return joined.join(table.drop(columns=[ID, MAP], errors="ignore")).reset_index(drop=True)


def expected_files(contrast: str, n_subjects: int) -> list[str]:
    """Files in nilearn's data folder that a contrast needs.

    Returns
    -------
    list of str
        Relative paths: the index, the two tables, then the maps.
    """
    from nilearn.datasets.func import CONTRAST_NAME_WRAPPER

    stem = CONTRAST_NAME_WRAPPER.get(contrast, contrast).title().replace(" ", "")
    data = "brainomics_localizer/brainomics_data"
    return [
        "brainomics_localizer/download",
        f"{data}/participants.tsv",
        f"{data}/phenotype/behavioural.tsv",
        *(f"{data}/S{i:02d}/cmaps_{stem}.nii.gz" for i in range(1, n_subjects + 1)),
    ]


def _by_hand(contrast, n_subjects, data_dir, error):
    from nilearn.datasets import get_data_dirs

    folder = Path(get_data_dirs(data_dir and str(data_dir))[0]).absolute()
    files = expected_files(contrast, n_subjects)
    absent = [file for file in files if not (folder / file).exists()]
    what = (
        f"{len(absent)} of {len(files)} files are not in {folder}, the first: {absent[0]}"
        if absent
        else f"all files are in {folder}, but one of them cannot be read"
    )
    return (
        f"the Localizer could not be fetched ({type(error).__name__}: {one_line(error)}); {what}.\n"
        "With a network, run again: what is there is kept. Without one, place the files by hand below "
        f"{folder}:\n"
        f"  {files[0]}  (the dataset's index, {INDEX_URL}, under just this name)\n"
        f"  {files[1]}\n  {files[2]}\n"
        f"  {files[3]}" + (f" ... {files[-1].split('/', 2)[2]}" if n_subjects > 1 else "") + "\n"
        "The index gives the address of each (https://osf.io/download/ID/). Another folder: dataset.data_dir."
    )
