"""How files of maps end, for the rules, which know it before any map is read."""

# Of volumes, the only space so far.
ENDING = ".nii.gz"
