# The config of an analysis, checked.
import os

from permaps.design.given import check_blocks, with_model
from permaps.cohort.sources import OWN
from permaps.spaces.kinds import for_kind, kind_of
from permaps.workflow.config import resolve
from permaps.workflow.files import check_files

KEYS = HOME / "config/config.yaml", HOME / "config/schemas/config.schema.yaml"
# Each warning, with the analyses that it is about.
WARNINGS = {}
# Images that several analyses look at.
SEEN = {}
# By analysis, the contrasts that have no more distinct relabellings than will be used; known of own maps alone.
EXHAUSTED = {}


def settled(given, analysis="", results=None):
    """The full config of what a user gives, once everything that can be checked is found to be sound.

    Of an analysis among several, `results` is the folder for the results of all.
    """
    given = with_model(given)
    full = resolve(given, *KEYS)
    full = for_kind(full, given, kind_of(full["dataset"]))
    check_blocks(full)
    # Otherwise another workflow may still make them. For jobs, the run has checked them.
    if workflow.modifier.is_main_snakefile() and workflow.is_main_process:
        check_files(full | dict(results=results or full["results"]), workflow.overwrite_configfiles)
        if full["dataset"]["source"] in OWN:
            # Only here, since it takes a while to import, and jobs do without it.
            from permaps.design.beforehand import check_study

            exhausted = EXHAUSTED.setdefault(analysis, {})
            for warning in check_study(full, kind_of(full["dataset"]).name, SEEN, exhausted):
                WARNINGS.setdefault(warning, []).append(analysis)
    return full
