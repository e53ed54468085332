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

from permaps.workflow.analyses import analyses_of, has_analyses, makers, places, resolved
from permaps.workflow.config import layered, local_config
from permaps.workflow.defaults import called, complete, rule_in
from permaps.workflow.digest import Sources
from permaps.workflow.errors import UserError
from permaps.workflow.files import check_place
from permaps.workflow.names import about_analyses
from permaps.workflow.surroundings import shield

if workflow.modifier.is_main_snakefile():  # what another workflow starts its jobs with is its own
    shield(os.environ)

try:
    check_place(HOME, "The folder of the workflow")
    check_place(".", "The working directory")
except UserError as error:
    raise WorkflowError(str(error)) from None


include: "rules/settled.smk"


try:
    if workflow.modifier.is_main_snakefile():
        config = layered(local_config(HOME / "config/config.yaml"), config)
    # So far, only what the user gives on the command line, or the workflow that imports this one.
    STUDY = analyses_of(config, *KEYS) if has_analyses(config) else []
    CONFIGS = resolved(STUDY, settled) if STUDY else {"": settled(config)}
except UserError as error:
    raise WorkflowError(str(error)) from None

for warning, names in WARNINGS.items():
    logger.warning(f"Permaps warns: {about_analyses(names)}{warning}")


configfile: str(HOME / "config/config.yaml")


if STUDY:
    # Of the code, searched once for all.
    SOURCES = Sources()
    RESULTS = STUDY[0].root
    PLACES = {name: places(theirs, RESULTS) for name, theirs in CONFIGS.items()}
    MAKES = makers(PLACES)
    for NAME, THEIRS in CONFIGS.items():
        CALLED = called(NAME)

        MODULE = f"analysis {NAME}"

        module:
            name: MODULE
            snakefile:
                "rules/analysis.smk"
            config:
                THEIRS
                | dict(analysis=NAME, root=RESULTS, places=PLACES[NAME], makes=MAKES[NAME], sources=SOURCES)

        use rule * from MODULE as CALLED*

    include: "rules/curves.smk"
    include: "rules/study.smk"

else:
    config = CONFIGS[""]
    RESULTS = config["results"]

    include: "rules/analysis.smk"


include: "rules/records.smk"
include: "rules/terminal.smk"


rule all:
    input:
        EVERYTHING,
    message:
        f"All results are in {RESULTS}/"
