"""Permaps: permutation inference on brain maps, the library that the workflow's scripts share.

In the order in which data flow: `tables`, `maps`, `cohort`, `quality`, `spaces`, `design`, `permutation`,
`reporting`, `figures`; `arithmetic` and `statistics`, which know arrays alone; and `workflow`, which holds the jobs
together. Nothing but Python's own is imported here, and nothing in these folders' own files: a permutation job must
start with numpy and numba alone.
"""

import gc

# What is imported or planned stays to the end. To search it for garbage as often as Python does by default takes a
# tenth of a short job, and a fifth of a large plan.
gc.set_threshold(50_000, 20, 100)
