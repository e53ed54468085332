"""Permaps: permutation inference on brain maps, the library that the workflow's scripts share.

In the order in which data flow: `inputs`, `design`, `statistics`, `permutation`, `reporting`; and `workflow`,
which holds the jobs together. Nothing is imported here or in these folders' own files on purpose: a
permutation job must start with numpy and numba alone.
"""
