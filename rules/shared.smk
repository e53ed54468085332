# What an analysis shares with others, in its own folder too.

SHARED = [path for path in (*targets(), *FIGURES) if path != here(path)]

if SHARED:

    rule link_shared:
        input:
            SHARED,
        output:
            [here(path) for path in SHARED],
        message:
            "Linking what it shares with other analyses"
        script:
            "../scripts/link_shared.py"
