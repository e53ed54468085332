"""What the workflow gives its chunks by the defaults, for those who compute or make up chunks without it."""

SETTINGS = {
    "seed": 0,
    "two_sided": True,
    "enhance": True,
    "tdp": True,
    "connectivity": 6,
    "tfce": {"extent": 0.5, "height": 2.0},
    "cluster_p": 0.001,
    "uncorrected_tfce": False,
}
