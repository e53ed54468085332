import os
import sys
from pathlib import Path

# Not workflow.basedir, which is another workflow's when that one imports this one as a module.
HOME = Path(workflow.current_basedir.get_path_or_uri(secret_free=False))
# Snakemake has put this folder first, where a json.py of the user's would stand for Python's.
sys.path[:] = [*(folder for folder in sys.path if Path(folder) != HOME), str(HOME / "scripts")]

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

min_version("9.19")

from permaps.design.given import check_blocks, with_model
from permaps.inputs.sources import OWN
from permaps.workflow.defaults import complete
from permaps.workflow.digest import Sources
from permaps.workflow.config import layered, local_config, resolve
from permaps.workflow.errors import UserError
from permaps.workflow.files import check_files, check_place
from permaps.spaces.kinds import fitted, kind_of
from permaps.workflow.surroundings import shield

if workflow.modifier.is_main_snakefile():  # what another workflow starts its jobs with is its own
    shield(os.environ)

try:
    check_place(HOME, "The folder of the workflow")
    check_place(".", "The working directory")
    if workflow.modifier.is_main_snakefile():
        config = layered(local_config(HOME / "config/config.yaml"), config)
    # So far, only what the user gives on the command line, or the workflow that imports this one.
    config = with_model(config)
    resolved = resolve(config, HOME / "config/config.yaml", HOME / "config/schemas/config.schema.yaml")
    resolved = fitted(resolved, config, kind_of(resolved["dataset"]))
    check_blocks(resolved)
    # Otherwise another workflow may still make them. For jobs, the run has checked them.
    if workflow.modifier.is_main_snakefile() and workflow.is_main_process:
        check_files(resolved, workflow.overwrite_configfiles)
        if resolved["dataset"]["source"] in OWN:
            # Only here, since it takes a while to import, and jobs do without it.
            from permaps.design.beforehand import check_study

            for warning in check_study(resolved, kind_of(resolved["dataset"]).name):
                logger.warning(f"Permaps warns: {warning}")
except UserError as error:
    raise WorkflowError(str(error)) from None


configfile: str(HOME / "config/config.yaml")


config = resolved


include: "rules/common.smk"
include: "rules/inputs.smk"
include: "rules/outputs.smk"
include: "rules/dataset.smk"
include: "rules/quality.smk"
include: "rules/maps.smk"
include: "rules/model.smk"
include: "rules/parametric.smk"
include: "rules/permutation.smk"
include: "rules/correction.smk"
include: "rules/tables.smk"
include: "rules/figures.smk"
include: "rules/joint.smk"
include: "rules/surfaces.smk"
include: "rules/truth.smk"
include: "rules/shown.smk"
include: "rules/report.smk"
include: "rules/records.smk"
include: "rules/terminal.smk"


sources = Sources()
for each in workflow.rules:
    if Path(each.snakefile).parent == HOME / "rules":  # not the rules of a workflow that imports this one
        complete(each, HOME, config["results"], dict(mem_mb=memory(base=1000), runtime=minutes(60)), sources)


rule all:
    input:
        targets(),
        TABLES,
        TRUTH,
        FIGURES,
        HEMISPHERES,
        WORDS,
        result("report.html"),
    message:
        f"All results are in {config['results']}/"
