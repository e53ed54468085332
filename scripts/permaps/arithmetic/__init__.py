"""Arithmetic with the same bits on every processor, which BLAS, LAPACK and a C library's exp and pow do not have."""
