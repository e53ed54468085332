"""The page of every error that the user can cause, from what the runs printed."""

from pathlib import Path

from .cases import MAPS, STOPS, VALUES

PAGE = Path(__file__).parents[3] / "docs/errors.md"

HEAD = """\
# When something is wrong: every message

<!-- Written by the tests that provoke the messages: make errors -->

What is here is what `snakemake` printed when `tests/workflow/test_bad_input.py` did each of these things to a
study of eight participants in `/home/you/study`, with `/home/you/work` as the working directory.

- A problem that the config shows stops the command before anything runs, after the words `WorkflowError in
  file`.
- A problem that a job finds stops that job. Its message begins with `Permaps:` and names the job's log; the
  lines that Snakemake prints around it (`RuleException`, `Error in rule`) say nothing more. What other jobs
  have made stays, and once the problem is corrected the same command goes on from there.
- A map that cannot be used costs its participant, not the run: the reason is in `quality/excluded.tsv`.
- The exit code is not 0 whenever a result that was asked for is missing.
- *unexpected* in a message means a mistake of ours: please report it with the log that it names.
"""


def page(value_said, map_said, stop_said):
    """Return the page's text.

    Parameters
    ----------
    value_said, map_said, stop_said : callable
        Each returns what was said about a case.
    """
    parts = [HEAD, "## Values in the config\n"]
    parts += [_case(case.what, value_said(case)) for case in VALUES]
    sections = dict.fromkeys(case.section for case in STOPS)
    for section in sections:
        parts.append(f"## {section}\n")
        parts += [_case(case.what, stop_said(case)) for case in STOPS if case.section == section]
    parts.append("## Maps\n\nThe reason in `quality/excluded.tsv`; *stays*: the participant is analysed.\n")
    for space in dict.fromkeys(case.space for case in MAPS):
        parts.append(
            f"### {space.capitalize()}\n\n| map | reason |\n| --- | --- |\n"
            + "".join(f"| {case.what} | {_cell(map_said(case))} |\n" for case in MAPS if case.space == space)
        )
    return "\n".join(parts)


def _case(what, said):
    return f"**{what[0].upper()}{what[1:]}**\n\n```text\n{said.strip()}\n```\n"


def _cell(said):
    return f"`{said}`".replace("|", "\\|") if said else "*stays*"
