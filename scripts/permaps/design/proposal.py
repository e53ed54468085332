"""A first config for a folder or a table of a user: what was found, what was not, and what to write.

make config FROM=study CONFIG=my.yaml
"""

import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

from permaps.design.beforehand import check_study
from permaps.design.given import with_model
from permaps.design.map_families import is_smoothed, map_families
from permaps.maps.decoders import decoder
from permaps.maps.images import UnusableMap, count_volumes
from permaps.maps.surfaces import TEMPLATES
from permaps.spaces.kinds import for_kind, kind_of
from permaps.tables.participants import as_frame
from permaps.tables.text import ID, read_rows
from permaps.workflow.config import resolve
from permaps.workflow.errors import UserError, listed
from permaps.workflow.files import HOME

TABLES = (".tsv", ".csv", ".xlsx")
IMAGES = (".nii", ".nii.gz", ".img", ".gii", ".mgh", ".mgz", ".dscalar.nii")
# A folder of raw data has hundreds of thousands of files, and the first of them tell the pattern.
MOST_FILES = 50_000
_TEMPLATE = re.compile(r"fsaverage([3-7]?)(?![A-Za-z0-9])")
MOST_OTHERS = 5
FEW_LEVELS = 6
# What sessions are called that come before others, whatever the alphabet says.
_EARLIER = ("pre", "before", "baseline")


@dataclass
class Proposal:
    """A config in the making.

    Attributes
    ----------
    found, missed : list of str
        Sentences for the user.
    lines : list of str
        Of the config.
    """

    found: list = field(default_factory=list)
    missed: list = field(default_factory=list)
    lines: list = field(default_factory=list)


def propose(place: str | Path, results: str = "results-mine") -> Proposal:
    """Propose a config for a folder or a table.

    Parameters
    ----------
    place : path
    results : str
        Folder for the results.

    Raises
    ------
    UserError
        If there is nothing to propose anything for.
    """
    place = Path(place)
    if not place.exists():
        raise UserError(
            f"FROM: there is no {place}; expected a folder with your maps, or the table of participants."
        )
    folder = place if place.is_dir() else place.parent
    images = _files(folder, IMAGES)
    proposal = Proposal(lines=[f"results: {results}"])
    design, contrasts = folder / "design.mat", folder / "design.con"
    if place.is_dir() and design.exists() and contrasts.exists():
        return _of_fsl(proposal, folder, images)
    table = place if place.is_file() else _table(folder)
    if table is None:
        raise UserError(
            f"FROM: no table of participants in {folder} (TSV, CSV or .xlsx), and no design.mat with its design.con; "
            f"found {len(images)} images below it{_such_as(images)}. Write a table with a row per participant: a "
            f"column {ID} that occurs in the names of the maps, and columns such as age or group."
        )
    return _of_table(proposal, table, images)


def _files(folder, endings):
    paths = []
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        paths += [os.path.join(place, name) for name in sorted(files) if name.lower().endswith(endings)]
        if len(paths) > MOST_FILES:
            break
    return paths[:MOST_FILES]


def _such_as(paths):
    return f", such as {paths[0]}" if paths else ""


def _table(folder):
    usual = folder / "participants.tsv"
    tables = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in TABLES]
    return usual if usual.exists() else next(iter(tables), None)


def _of_fsl(proposal, folder, images):
    files = {
        "design": "design.mat",
        "contrasts": "design.con",
        "ftests": "design.fts",
        "blocks": "design.grp",
    }
    there = {key: folder / name for key, name in files.items() if (folder / name).exists()}
    series = [path for path in images if os.path.dirname(path) == str(folder) and _volumes(path) > 1]
    proposal.found.append(f"a design of FSL: {listed(path.name for path in there.values())}")
    if series:
        proposal.found.append(f"a 4D file: {series[0]}, {_volumes(series[0])} volumes")
    else:
        proposal.missed.append(
            "the 4D file with a volume per row of the design: say in dataset.maps where it is"
        )
    maps = series[0] if series else folder / "all.nii.gz"
    proposal.lines += ["dataset:", "  source: fsl", f"  maps: {maps}      # volume i is row i of the design"]
    proposal.lines += [f"  {key}: {path}" for key, path in there.items()]
    _mask(proposal, images)
    _smoothing(proposal, [str(maps)])
    return proposal


def _volumes(path):
    try:
        return count_volumes(path)
    except UnusableMap:
        return 0


def _of_table(proposal, table, images):
    columns, rows, _ = read_rows(table)
    proposal.found.append(f"a table: {table}, {len(rows)} rows, columns {listed(columns)}")
    frame = as_frame(columns, rows)
    who = ID if ID in columns else _ids(rows, columns, images)
    if who is None:
        raise UserError(
            f"{table}: no column says who is who: expected one called {ID}, or one with a value of its own in each "
            "row that occurs in the names of the maps."
        )
    proposal.lines += ["dataset:", "  source: table", f"  path: {table}"]
    if who != ID:
        proposal.lines.append(f"  id: {_quoted(who)}")
    maps = _maps(proposal, table, rows, columns, who, images)
    kind = kind_of({"source": "table", "maps": maps.pattern}).name if maps else "volume"
    if kind == "volume":
        _mask(proposal, images)
    else:
        _mesh(proposal, maps, kind)
    _smoothing(proposal, [maps.pattern] if maps else [])
    _model(proposal, frame, [c for c in columns if c not in (ID, who)], maps.sessions if maps else ())
    for path in [*table.parent.glob("*smdl.json"), *table.parent.glob("models/*smdl.json")]:
        proposal.found.append(f"a BIDS Stats Model: {path}")
        proposal.lines.append(
            f"# model: {{bids: {path}}}      # or that of the file, in place of the model above"
        )
    return proposal


def _ids(rows, columns, images):
    """Return the column whose values tell the rows apart and occur in the names of images."""
    text = "\n".join(images)
    for column in columns:
        values = [row[column] for row in rows]
        if len(set(values)) == len(values) and all(value and value in text for value in values):
            return column
    return None


def _maps(proposal, table, rows, columns, who, images):
    """Say where the maps are; return what is the same of all of them, or None if they are named in a column."""
    folder = Path(table).parent
    for column in columns:
        paths = [folder / row[column] for row in rows if row[column]]
        if paths and all(path.suffix and path.is_file() for path in paths):
            proposal.found.append(f"paths of maps in the column '{column}'")
            proposal.lines.append(f"  maps: {_quoted(column)}")
            return None
    families = map_families(folder, rows, who, images)
    if not families:
        proposal.missed.append(
            f"maps: no name of an image below {folder} has the values of '{who}'{_such_as(images)}; say in "
            "dataset.maps where they are"
        )
        proposal.lines.append(f"  maps: maps/{{{who}}}.nii.gz      # not found: correct this")
        return None
    best = families[0]
    sessions = f", in sessions {', '.join(best.sessions)}" if best.sessions else ""
    proposal.found.append(f"{best.n_maps} maps of {len(rows)} people{sessions}: {best.pattern}")
    if best.sessions:
        proposal.lines.append(f"  sessions: [{', '.join(map(_quoted, best.sessions))}]")
    proposal.lines.append(f"  maps: {_quoted(best.pattern)}")
    likes = [family for family in families if family.likeness == best.likeness]
    others = [family for family in families if family not in likes and not family.lies_beside]
    for family in others[:MOST_OTHERS]:
        proposal.lines.append(f"  # or maps: {_quoted(family.pattern)}      # {family.n_maps} of them")
    _analyses(proposal, best, [family for family in likes if family.sessions == best.sessions])
    return best


def _analyses(proposal, best, likes):
    """Propose one analysis of each kind of map, if there are several."""
    if len(likes) == 1:
        return
    names = {family.contrast: family for family in likes}
    proposal.found.append(f"such maps of {len(likes)} contrasts: {listed(names)}")
    proposal.lines += ["# analyses:      # all of them, each with its own results, in place of one"]
    for name, family in names.items():
        changes = "{}" if family is best else f"{{dataset: {{maps: {_quoted(family.pattern)}}}}}"
        proposal.lines.append(f"#   {name}: {changes}")


def _mask(proposal, images):
    masks = [
        path
        for path in images
        if re.fullmatch(r"(?i)(group_?|brain_?)?mask\.(nii(\.gz)?|img)", os.path.basename(path))
    ]
    if masks:
        proposal.found.append(f"a mask: {masks[0]}")
        proposal.lines += ["mask:", "  strategy: file", f"  file: {masks[0]}"]
    else:
        proposal.lines += [
            "# mask: {strategy: template}      # for maps in MNI space; the default is made of the maps"
        ]


def _mesh(proposal, maps, kind):
    """Name the mesh of maps on a cortex: by the name of the file, or by how many vertices they have."""
    if kind not in ("surface", "grayordinates"):
        return
    named, known = _TEMPLATE.search(os.path.basename(maps.pattern)), None
    if named:
        known = f"fsaverage{named[1] or 7}"
    elif kind == "surface":
        try:
            known = TEMPLATES.get(max(decoder(kind, maps.pattern)(maps.example).parts.values()))
        except UnusableMap as unusable:
            proposal.missed.append(f"a map that can be read: {maps.example}: {unusable}")
    if known:
        proposal.found.append(f"the mesh: {known}, {'by the name' if named else 'by the number of vertices'}")
        proposal.lines.append(f"space: {{mesh: {known}}}")
    else:
        proposal.missed.append("the mesh of the maps: name its files, with {hemi}, in space.mesh")
        proposal.lines.append('# space: {mesh: "{hemi}.surf.gii"}      # you must give it')


def _smoothing(proposal, named):
    if any(map(is_smoothed, named)):
        proposal.lines.append("smoothing_fwhm: 0      # by their names, the maps are smoothed already")
    else:
        proposal.missed.append("whether the maps are smoothed: say it in smoothing_fwhm")
        proposal.lines.append(
            "# smoothing_fwhm: 5      # you must give it, in mm: 0 if the maps are smoothed already"
        )


def _model(proposal, frame, columns, sessions):
    """Propose a model: groups, if there are some, and the first numbers as a covariate."""
    groups, numbers = [], []
    for column in columns:
        values = frame[column].dropna()
        if values.dtype.kind in "if":
            numbers += [column] if values.nunique() > 2 else []
        elif 2 <= values.nunique() <= FEW_LEVELS and values.nunique() < len(values):
            groups.append(column)
    formula, contrasts = _formula(frame, groups, numbers, sessions)
    summary = "; ".join(
        filter(None, [groups and f"groups: {listed(groups)}", numbers and f"numbers: {listed(numbers)}"])
    )
    proposal.found.append(
        f"for the model, {summary}" if summary else "no columns for the model but who is who"
    )
    proposal.lines += [
        f"model:      # a first one, to be replaced by your question; {summary or 'the table has no other columns'}",
        f"  formula: {_quoted(formula)}",
        "  contrasts:",
        *(f"    {name}: {_quoted(weights)}" for name, weights in contrasts.items()),
        *(["permutation:", "  blocks:", "    within: person"] if sessions else []),
    ]


def _formula(frame, groups, numbers, sessions):
    """Return a formula, and contrasts by name: of sessions, of two groups, or of the mean."""
    if sessions:
        # The formula has no column for the session that comes first by name.
        first, second, *_ = sorted(sessions)
        contrasts = {f"{second}-minus-{first}": f"session[T.{second}]"}
        if second in _EARLIER:
            contrasts = {f"{first}-minus-{second}": f"-session[T.{second}]"}
        return "0 + person + session", contrasts
    covariate = f"center({_in_formula(numbers[0])})" if numbers else ""
    if groups:
        first, second = sorted(frame[groups[0]].dropna().unique())[:2]
        formula = " + ".join(filter(None, ["0", _in_formula(groups[0]), covariate]))
        return formula, {"difference": f"{groups[0]}[{second}] - {groups[0]}[{first}]"}
    if covariate:
        return f"1 + {covariate}", {"mean": "Intercept", "covariate": covariate.replace("`", "")}
    return "1", {"mean": "Intercept"}


def _in_formula(column):
    return column if column.isidentifier() else f"`{column}`"


def _quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def checked(text: str) -> str:
    """Say whether a run of a proposed config could begin."""
    import yaml

    try:
        given = with_model(yaml.safe_load(text))
        config = resolve(given, HOME / "config/config.yaml", HOME / "config/schemas/config.schema.yaml")
        config = for_kind(config, given, kind_of(config["dataset"]))
        return "\n".join(check_study(config, kind_of(config["dataset"]).name)) or "Nothing is wrong with it."
    except UserError as error:
        return f"Before it can run: {error}"


def main(place: str, output: str) -> None:
    """Write a proposed config, and say what was found and what was not."""
    try:
        if os.path.lexists(output):
            raise UserError(f"CONFIG: {output} is there already; expected the name of a new file.")
        proposal = propose(place, f"results-{Path(output).stem}")
    except UserError as error:
        sys.exit(f"Permaps: {error}")
    head = f"# Proposed for {place}. All keys: config/README.md. To run it: make run CONFIG={output}"
    text = "\n".join([head, *proposal.lines]) + "\n"
    Path(output).write_text(text, encoding="utf-8")
    for title, sentences in (("Found", proposal.found), ("Not found", proposal.missed)):
        print(f"{title}:\n" + "\n".join(f"  - {text}" for text in sentences or ["nothing"]))
    print(f"\n{output}:\n\n{text}\n{checked(text)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
