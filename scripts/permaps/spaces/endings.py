"""How files of maps end, for the rules: known before any map is read."""


def ending_of(dataset) -> str:
    """Return how the maps of results end, which have the format that the maps came in.

    Parameters
    ----------
    dataset : dict
        The config's section. Volumes are the only space so far, whatever it says.
    """
    return ".nii.gz"
