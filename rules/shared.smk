# What an analysis shares with others, in its own folder too.

SHARED = [path for path in (*targets(), *FIGURES) if path != in_own_folder(path)]

if SHARED:

    rule link_shared:
        input:
            SHARED,
        output:
            [in_own_folder(path) for path in SHARED],
        message:
            "Linking what it shares with other analyses"
        script:
            "../scripts/link_shared.py"
