"""What FSL's Glm writes of a group analysis: design.mat, design.con, design.fts and design.grp.

Imported whenever the Snakefile is parsed, as `permaps.tables.text` is.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from permaps.tables.text import ID, is_number, read_text
from permaps.workflow.errors import UserError

# FSL's own name of a column of the design.
EV = "EV"
BLOCK = "block"
_KEY = re.compile(r"/(\w+)\s*(.*)")
_NAME = re.compile(r"ContrastName(\d+)")
_WORDS = {">": " gt ", "<": " lt ", "=": " eq "}
_LONGEST_NAME = 60


@dataclass(frozen=True)
class Vest:
    """A matrix as FSL's tools write it.

    Attributes
    ----------
    path : str
    rows : list of list of str
        As many numbers in each.
    lines : list of int
        Where each row is in the file.
    keys : dict of str to str
        What stands above the matrix, such as NumWaves and ContrastName1.
    """

    path: str
    rows: list
    lines: list
    keys: dict

    @property
    def n_columns(self) -> int:
        """Number of columns."""
        return len(self.rows[0])


def read_vest(path: str | Path, what: str) -> Vest:
    """Read a matrix in FSL's format.

    Parameters
    ----------
    path : path
    what : str
        What the matrix should be, for messages: "a design (design.mat)".

    Raises
    ------
    UserError
        If the file cannot be read, has no matrix of numbers, or not one of the size that it says.
    """
    keys, rows, lines, in_matrix = {}, [], [], False
    for number, line in enumerate(read_text(path, f"Expected {what} of FSL.").splitlines(), 1):
        values = line.split()
        if not values:
            continue
        if match := _KEY.fullmatch(line.strip()):
            in_matrix = match[1] == "Matrix"
            keys[match[1]] = match[2].strip().strip('"').strip()
        elif in_matrix:
            if wrong := [value for value in values if not is_number(value)]:
                raise UserError(f"{path}: line {number}: {wrong[0]!r} is no number; expected {what} of FSL.")
            if rows and len(values) != len(rows[0]):
                raise UserError(
                    f"{path}: line {number} has {len(values)} numbers, the first row of the matrix {len(rows[0])}; "
                    "expected as many in each."
                )
            rows.append(values)
            lines.append(number)
    if not rows:
        raise UserError(
            f"{path}: has no numbers below a line /Matrix; expected {what}, as FSL's Glm or Text2Vest writes it."
        )
    vest = Vest(str(path), rows, lines, keys)
    _check_size(vest)
    return vest


def _check_size(vest):
    for key, actual, things in (
        ("NumWaves", vest.n_columns, "columns"),
        ("NumPoints", len(vest.rows), "rows"),
        ("NumContrasts", len(vest.rows), "rows"),
    ):
        declared = vest.keys.get(key)
        if declared is not None and declared != str(actual):
            raise UserError(
                f"{vest.path}: /{key} says {declared}, and the matrix has {actual} {things}; is the file cut off? "
                "Write it again with FSL's Glm."
            )


def read_design(
    design: str | Path, blocks: str | Path | None = None
) -> tuple[list[str], list[dict], list[int]]:
    """Read a design matrix as a participants table.

    Parameters
    ----------
    design : path
        design.mat: a row per map.
    blocks : path, optional
        design.grp: the exchangeability block of each row; of several columns, nested blocks.

    Returns
    -------
    columns : list of str
        participant_id, EV1, EV2, ..., and the columns of blocks.
    rows : list of dict
        Participants are called 001, 002, ...
    lines : list of int
        Where each row is in the file.
    """
    matrix = read_vest(design, "a design (design.mat)")
    width = max(3, len(str(len(matrix.rows))))
    columns = [ID, *(f"{EV}{i + 1}" for i in range(matrix.n_columns))]
    rows = [[f"{i + 1:0{width}d}", *row] for i, row in enumerate(matrix.rows)]
    if blocks is not None:
        labels = read_vest(blocks, "blocks (design.grp)")
        if len(labels.rows) != len(rows):
            raise UserError(
                f"{blocks}: has {len(labels.rows)} rows, and {design} has {len(rows)}; expected the block of each."
            )
        columns += block_columns(labels)
        rows = [[*row, *map(_whole, label)] for row, label in zip(rows, labels.rows, strict=True)]
    return columns, [dict(zip(columns, row, strict=True)) for row in rows], matrix.lines


def block_columns(labels: Vest) -> list[str]:
    """Return what the columns of blocks are called."""
    n = labels.n_columns
    return [BLOCK] if n == 1 else [f"{BLOCK}{i + 1}" for i in range(n)]


def _whole(text):
    return str(int(float(text))) if float(text).is_integer() else text


def model_of(design: str | Path, contrasts: str | Path, ftests: str | Path | None = None) -> dict:
    """Return the model of a design: the config's `formula` and `contrasts`.

    Parameters
    ----------
    design, contrasts : path
        design.mat and design.con.
    ftests : path, optional
        design.fts: which contrasts make up each F test.

    Raises
    ------
    UserError
        If the files do not fit one another.
    """
    n_evs = read_vest(design, "a design (design.mat)").n_columns
    vest = read_vest(contrasts, "contrasts (design.con)")
    if vest.n_columns != n_evs:
        raise UserError(
            f"{contrasts}: a contrast has {vest.n_columns} weights, and {design} has {n_evs} columns; expected a "
            "weight for each column. Are the two files of one analysis?"
        )
    names = _contrast_names(vest)
    weights = [_sum(row, line, contrasts) for row, line in zip(vest.rows, vest.lines, strict=True)]
    contrasts_by_name = dict(zip(names, weights, strict=True))
    if ftests is not None:
        contrasts_by_name |= _f_tests(ftests, contrasts, weights, names)
    return {
        "formula": " + ".join(["0", *(f"{EV}{i + 1}" for i in range(n_evs))]),
        "contrasts": contrasts_by_name,
    }


def _contrast_names(vest):
    """Return the contrasts' names in the file, fit to be those of files."""
    taken = []
    for key in vest.keys:
        if (match := _NAME.fullmatch(key)) and not 1 <= int(match[1]) <= len(vest.rows):
            raise UserError(
                f"{vest.path}: /{key} names a contrast, and the matrix has {len(vest.rows)}; expected a row for "
                "each. Write the file again with FSL's Glm."
            )
    for i in range(1, len(vest.rows) + 1):
        taken.append(_free(fit_name(vest.keys.get(f"ContrastName{i}", "")) or f"tstat{i}", taken))
    return taken


def fit_name(name: str) -> str:
    """Return a contrast's name, fit to be that of a file; "" if nothing is left of it."""
    for sign, word in _WORDS.items():
        name = name.replace(sign, word)
    name = re.sub(r"[^A-Za-z0-9_.+]+", "-", name)
    return re.sub(r"^[^A-Za-z0-9]+", "", name).rstrip("-")[:_LONGEST_NAME]


def _free(name, taken):
    """Return the name, or with a number behind it where another contrast has it."""
    taken, free, number = {one.casefold() for one in taken}, name, 2
    while free.casefold() in taken:
        free, number = f"{name}-{number}", number + 1
    return free


def _sum(row, line, path):
    """Return weights as an expression over the design's columns."""
    text = ""
    for i, weight in enumerate(map(float, row), 1):
        if weight:
            size = "" if abs(weight) == 1 else f"{abs(weight)!r} * "
            sign = ("-" if weight < 0 else "") if not text else " - " if weight < 0 else " + "
            text += f"{sign}{size}{EV}{i}"
    if not text:
        raise UserError(f"{path}: line {line}: a contrast of zeros tests nothing; expected another weight.")
    return text


def _f_tests(path, contrasts, weights, names):
    vest = read_vest(path, "F tests (design.fts)")
    if vest.n_columns != len(weights):
        raise UserError(
            f"{path}: an F test has {vest.n_columns} entries, and {contrasts} has {len(weights)} contrasts; expected "
            "a 1 or a 0 for each contrast. Are the two files of one analysis?"
        )
    by_name, taken = {}, list(names)
    for i, (row, line) in enumerate(zip(vest.rows, vest.lines, strict=True), 1):
        if set(map(float, row)) - {0.0, 1.0} or not any(map(float, row)):
            raise UserError(
                f"{path}: line {line}: found {' '.join(row)}; expected a 1 for each contrast that the F test takes "
                "in, at least one, and a 0 for the others."
            )
        taken.append(_free(f"fstat{i}", taken))
        by_name[taken[-1]] = [weight for weight, used in zip(weights, row, strict=True) if float(used)]
    return by_name


def blocks_of(path: str | Path) -> dict:
    """Return what design.grp says, as the config's `permutation.blocks`.

    Rows with the same number are exchanged with one another, as by randomise; if all have the same, nothing holds
    anybody back. Several columns are nested blocks, as in PALM.
    """
    labels = read_vest(Path(path), "blocks (design.grp)")
    columns = block_columns(labels)
    if len(columns) > 1:
        return {"nested": columns}
    # Glm writes a file of ones where all may be exchanged.
    return {"within": columns[0]} if len({row[0] for row in labels.rows}) > 1 else {}
