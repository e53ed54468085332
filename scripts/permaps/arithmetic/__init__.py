"""Arithmetic with the same bits on every processor, unlike BLAS, LAPACK and the C library's exp and pow."""
