# Maps of a surface, which are kept with both hemispheres in one CIFTI file, as a GIFTI file for each hemisphere.
SIDES = hemispheres_of(config["dataset"]) if KIND.name == "surface" else []
WHOLE = [path for path in targets() if path.endswith(KIND.ending)] if SIDES else []
HEMISPHERES = [hemisphere_map(path, side) for path in WHOLE for side in SIDES]

if SIDES:

    rule write_hemispheres:
        input:
            space=MASK,
            maps=WHOLE,
        output:
            HEMISPHERES,
        params:
            settings=dict(sides=SIDES),
        message:
            "Writing the maps of each hemisphere"
        script:
            "../scripts/write_hemispheres.py"
