# Before a run: are the results that it builds on those of this config and these inputs?
from permaps.workflow.jobs import recorded
from permaps.workflow.records import Records, refuse_stale, stale
from snakemake.common import NOTHING_TO_BE_DONE_MSG
from snakemake.settings.enums import RerunTrigger
from snakemake_interface_logger_plugins.common import LogEvent

LOOKED_AT = []


def look_at_records():
    """Refuse results of another origin that Snakemake takes for up to date: its own notes may be missing.

    With --touch they count as what this config gives, since that is what it is for.
    """
    dag, records = workflow.dag, Records(RESULTS)
    jobs = [job for level in dag.toposorted() for job in level if job.output]
    idle = [
        (job, [path for files in dag.dependencies[job].values() for path in files])
        for job in jobs
        if not dag.needrun(job)
    ]
    if workflow.touch:
        accepted = {job for job, *_ in stale(records, idle)}
        for job in jobs:  # in this order, since each looks at the records of those before
            if dag.needrun(job) or job in accepted:
                with recorded(job):
                    pass
    elif RerunTrigger.PARAMS in workflow.rerun_triggers:  # else the user wants changes passed over
        refuse_stale(records, idle, RESULTS)


def before_the_first_job(record):
    """Look when Snakemake says what there is to do: nothing else comes in dry runs, and when that is nothing."""
    ready = getattr(record, "event", None) == LogEvent.RUN_INFO or record.msg == NOTHING_TO_BE_DONE_MSG
    if ready and not LOOKED_AT:
        LOOKED_AT.append(True)
        try:
            look_at_records()
        except UserError as error:
            sys.exit(f"\nPermaps: {error}\n")  # an exception would be shown with the way through the logger
    return True


# When another workflow imports this one, the plan is not ours. Its jobs still check what they read.
if workflow.is_main_process and workflow.modifier.is_main_snakefile():
    logger.addFilter(before_the_first_job)
