"""Permaps: permutation inference on brain maps, the library that the workflow's scripts share.

Nothing is imported here on purpose: a permutation job must start with numpy and numba alone.
"""
