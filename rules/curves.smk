# Which tests are compared over several analyses, and in which of them.
ANALYSIS_MODULES = {name: workflow.globals[f"analysis {name}"] for name in CONFIGS}
FIRST = next(iter(ANALYSIS_MODULES.values()))
version, one_of = FIRST.version, FIRST.one_of


def common(path):
    """A path below the folder for the results of all."""
    return f"{RESULTS}/{path}"


# Of a crossing by its name, its specifications; and the analyses that stand alone.
SPECIFICATIONS = {}
for one in STUDY:
    SPECIFICATIONS.setdefault(one.crossing or "analyses", []).append(one)


def having(test, several):
    """Those of several analyses that make a test by the same statistic as the first of them."""
    makers = [one for one in several if test in ANALYSIS_MODULES[one.name].TESTS]
    by = {one.name: ANALYSIS_MODULES[one.name].TESTS[test].voxel_stat for one in makers}
    return [one for one in makers if by[one.name] == by[makers[0].name]]


# What is compared: a test in the analyses of a set. By what the names of its files begin with.
CURVES = {
    f"{name}_{test}": (test, having(test, several))
    for name, several in SPECIFICATIONS.items()
    for test in dict.fromkeys(test for one in several for test in ANALYSIS_MODULES[one.name].TESTS)
    if len(having(test, several)) > 1
}


wildcard_constraints:
    curve=one_of(CURVES),


def of_each_analysis(find):
    """A file of each analysis of a curve, which a function of its module and of the test gives."""

    def files(wildcards):
        test, several = CURVES[wildcards.curve]
        return [find(ANALYSIS_MODULES[one.name], ANALYSIS_MODULES[one.name].TESTS[test]) for one in several]

    return files


def title_of_curve(curve):
    """What a curve is called."""
    test, several = CURVES[curve]
    crossing = several[0].crossing
    what = f"{len(several)} specifications of {crossing}" if crossing else f"{len(several)} analyses"
    return f"{ANALYSIS_MODULES[several[0].name].TESTS[test].title}: {what}"


def contrasts_relabelled(test, tests):
    """The contrasts of the model that are relabelled for a test; none for a conjunction, which has the p of others."""
    if test.voxel_stat == "conjunction":
        return []
    return list(dict.fromkeys(tests[name].contrast for name in test.combined or [test.name]))


def curve_settings(wildcards):
    """What a curve is of."""
    test, several = CURVES[wildcards.curve]
    tests = ANALYSIS_MODULES[several[0].name].TESTS
    first = tests[test]
    return dict(
        contrast=first.title,
        relabelled=contrasts_relabelled(first, tests),
        voxel_stat=first.voxel_stat,
        title=title_of_curve(wildcards.curve),
        members=[
            dict(name=one.name, choices=one.choices, stats=ANALYSIS_MODULES[one.name].TESTS[test].stats)
            for one in several
        ],
    )
