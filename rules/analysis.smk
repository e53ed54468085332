# One analysis, in the order of the data. Of several, each is a module of its own.
import os
import sys
from pathlib import Path

from permaps.workflow.analyses import STAGES
from permaps.workflow.defaults import complete
from permaps.workflow.digest import Sources
from permaps.workflow.errors import UserError
from snakemake.exceptions import WorkflowError

HOME = Path(workflow.current_basedir.get_path_or_uri(secret_free=False)).parent


include: "common.smk"
include: "inputs.smk"
include: "outputs.smk"


for stage in (
    *MAKES,  # another analysis may make what these leave
    *("model", "parametric", "permutation", "correction", "tables", "figures"),
    *("joint", "surfaces", "truth", "shown", "report", "shared"),
):

    include: f"{stage}.smk"


for each in workflow.modifier.rules:
    if Path(each.snakefile).parent == HOME / "rules":  # not the rules of a workflow that imports this one
        # By what they belong to: this analysis, or what several share.
        place = next(
            (folder for folder in PLACES.values() if f"{folder}/" in str(each.output[0])), config["results"]
        )
        of = os.path.relpath(place, ROOT) if ANALYSIS else ""
        complete(each, HOME, ROOT, SOURCES, ANALYSIS, of)


# All that a complete run leaves. What its report is made of comes with that: the plan is no larger for it.
MADE_OF = {*FIGURES, *(path for paths in SUMMARISED.values() for path in paths)}
EVERYTHING = [
    *[
        path
        for path in (*map(in_own_folder, targets()), *TABLES, *map(in_own_folder, FIGURES))
        if path not in MADE_OF
    ],
    *TRUTH,
    *HEMISPHERES,
    *WORDS,
    result("report.html"),
]
