"""Another workflow imports this one, twice: the example, and the same with tiny data for real."""

import re
import shutil
from pathlib import Path

import tiny
import yaml
from tiny import layered, read_plan

EXAMPLE = Path(__file__).parents[2] / "config/examples/module"


def test_example_plans_two_whole_analyses(snakemake, finished, tmp_path):
    for file in EXAMPLE.glob("*"):
        shutil.copy(file, tmp_path)
    text = (EXAMPLE / "Snakefile").read_text()
    assert text.count('"../../../Snakefile"') == 2
    (tmp_path / "Snakefile").write_text(text.replace("../../..", str(finished.workflow)))
    done = snakemake("--snakefile", tmp_path / "Snakefile", "--dry-run", "--cores", 1, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    plan = read_plan(done.stdout)
    analyses = [
        {rule.removeprefix(f"{name}_") for rule in plan.rules if rule.startswith(f"{name}_")}
        for name in ("narrow", "wide")
    ]
    assert analyses[0] == analyses[1] and len(analyses[0]) > 20
    assert plan.rules == {f"{name}_{rule}" for name in ("narrow", "wide") for rule in analyses[0]} | {
        "collect_clusters"
    }


def test_two_analyses_run_side_by_side(snakemake, finished, tmp_path):
    text = (EXAMPLE / "Snakefile").read_text().replace("../../..", str(finished.workflow))
    # Up to the nulls.
    wanted = "".join(f'        "{name}/results/nulls/contrast-age.npz",\n' for name in ("narrow", "wide"))
    text, n = re.subn(r"(rule all:.*?input:\n).*?\n\n", rf"\1{wanted}\n", text, flags=re.S)
    assert n == 1
    (tmp_path / "Snakefile").write_text(text)
    # By relative paths, which are those of the config and not of the prefix.
    shutil.copytree(finished.data, tmp_path / "data")
    both = {"narrow": tiny.CONFIG, "wide": layered(tiny.CONFIG, {"smoothing_fwhm": 20})}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(both).replace("DATA/", "data/"))
    done = snakemake("--snakefile", tmp_path / "Snakefile", "--cores", 2, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    nulls = [tmp_path / f"{name}/results/nulls/contrast-age.npz" for name in ("narrow", "wide")]
    # As when it runs alone.
    assert nulls[0].read_bytes() == finished.result("nulls/contrast-age.npz").read_bytes()
    assert nulls[1].read_bytes() != nulls[0].read_bytes()
    assert not (tmp_path / "results").exists()
    again = snakemake("--snakefile", tmp_path / "Snakefile", "--cores", 2, "--dry-run", cwd=tmp_path)
    assert "Nothing to be done" in again.stdout
