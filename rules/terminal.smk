# Messages on the terminal: before a run, after it, and when it fails.
import atexit
import logging
import time

from permaps.reporting import terminal
from permaps.workflow.duration import Pace
from snakemake.settings.enums import Quietness
from snakemake_interface_logger_plugins.common import LogEvent

# Jobs parse this file too.
IS_MAIN = workflow.is_main_process
STARTED = []
# Of this run, once it has begun.
PACE = []


def tell(text):
    """Say something as Snakemake would, so that --quiet and --nocolor count."""
    logger.info(f"\n{text}\n", extra=dict(quietness=Quietness.PROGRESS))


def last_word(text):
    """Say something below all that Snakemake says."""
    atexit.register(print, f"\n{text}\n", file=sys.stderr)


def announce():
    """Say what will be done."""
    jobs = [job for job in workflow.dag.needrun_jobs(exclude_finished=False) if job.log]
    workers = workflow.cores if workflow.local_exec else workflow.nodes
    at_once = workers if workers and workers < sys.maxsize else None
    if IS_MAIN and STUDY:
        listed = [(*part_of(job), dict(job.wildcards_dict)) for job in jobs]
        tell(terminal.banner_of_several(CONFIGS, listed, RESULTS, at_once, version()))
    elif IS_MAIN:
        listed = [(job.rule.name, dict(job.wildcards_dict)) for job in jobs]
        counts = {KIND.elements: [per_input(LOST_ELEMENTS, prefix) for prefix in PREFIXES]}
        exhausted = EXHAUSTED.get("", {})
        tell(terminal.banner(config, listed, at_once, version(), len(RELABELLED), counts, exhausted))
    notes = {}
    for name, each in CONFIGS.items():
        # In a run, the job that counts those of each contrast tells of them.
        for note in terminal.too_few_of(each, EXHAUSTED.get(name, {}) if workflow.dryrun else {}):
            notes.setdefault(note, []).append(name)
    for note in notes:
        logger.warning(f"{about_analyses(notes[note])}{note}")


def part_of(job):
    """The analysis that a job of a study is part of, "" if several share it, and its rule among those of an analysis."""
    where = os.path.relpath(job.log[0], f"{RESULTS}/logs")
    name = next((name for name in CONFIGS if where.startswith(f"{name}/")), "")
    return name, rule_in(job.rule.name, CONFIGS)


def start_the_clock():
    """From now on, say now and then how long is left."""
    jobs = [job for job in workflow.dag.needrun_jobs(exclude_finished=False) if job.log]
    listed = [(part_of(job)[1], dict(job.wildcards_dict)) for job in jobs]
    seconds = terminal.expected(next(iter(CONFIGS.values())), listed, RESULTS)
    PACE[:] = [Pace(dict(zip((job.jobid for job in jobs), seconds, strict=True)), STARTED[0])]


class TimeLeft(logging.Handler):
    """Say how long is left, below the number of jobs that are done."""

    def emit(self, record):
        event = getattr(record, "event", None)
        for pace in PACE:
            if event == LogEvent.JOB_FINISHED:
                pace.finish(record.job_id)
            elif event == LogEvent.PROGRESS and (text := pace.told(time.time())):
                tell(text)


class DryRunAnnounced(logging.Handler):
    """Say what would be done, after the list of jobs: dry runs have no onstart."""

    def emit(self, record):
        ended = getattr(record, "event", None) == LogEvent.RUN_INFO and not any(workflow.dag.needrun_jobs())
        if ended and workflow.dryrun:
            announce()


def name_few_files(record):
    """Shorten lists of files, so that what matters stays visible."""
    event = getattr(record, "event", None)
    if event == LogEvent.JOB_INFO:
        record.reason = terminal.few_reasons(record.reason)
    elif event == LogEvent.JOB_ERROR:
        record.input = terminal.few_files(record.input)
        record.output = terminal.few_files(record.output)
    return True


if workflow.is_main_process and workflow.modifier.is_main_snakefile():
    logger.addHandler(DryRunAnnounced())
    if IS_MAIN:
        logger.addFilter(name_few_files)
        logger.addHandler(TimeLeft())


onstart:
    STARTED[:] = [time.time()]
    announce()
    if IS_MAIN:
        start_the_clock()


onsuccess:
    summary = Path(f"{RESULTS}/tables/summary.tsv")
    if IS_MAIN and summary.exists() and summary.stat().st_mtime >= STARTED[0]:
        if STUDY:
            volumes = [name for name, its in CONFIGS.items() if its["inference"]["small_volumes"]]
            tell(terminal.closing_of_several(RESULTS, volumes))
        else:
            its = CONFIGS[""]["inference"]
            tell(terminal.closing(RESULTS, its["alpha"], bool(its["small_volumes"])))


onerror:
    if IS_MAIN:
        failed = sorted((job.rule.name, list(job.log)) for job in workflow.scheduler.failed)
        whose = {path: part_of(job)[0] for job in workflow.scheduler.failed for path in job.log}
        last_word(terminal.failure(failed, log, STARTED[0], whose, len(CONFIGS)))
