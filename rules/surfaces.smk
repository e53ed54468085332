# Maps of a surface, which are kept with both hemispheres in one CIFTI file, as a GIFTI file for each hemisphere.
SIDES = hemispheres_of(config["dataset"]) if KIND.name == "surface" else []
# The maps of any input, whose name is a wildcard where there are several: they begin as those of the first.
WHOLE = [
    os.path.join(folder, INPUT_PREFIX + name.removeprefix(PREFIXES[0]))
    for folder, name in map(os.path.split, targets() if SIDES else [])
    if name.endswith(KIND.ending) and name.startswith(PREFIXES[0])
]
HALVES = [hemisphere_map(path, side) for path in WHOLE for side in SIDES]
HEMISPHERES = expand(HALVES, of=INPUTS or [""])

if SIDES:

    rule write_hemispheres:
        input:
            space=per_input(MASK),
            maps=WHOLE,
        output:
            HALVES,
        params:
            settings=dict(sides=SIDES),
        message:
            "Writing the maps of each hemisphere"
        script:
            "../scripts/write_hemispheres.py"
