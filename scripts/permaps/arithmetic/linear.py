"""Products and orthonormal bases whose bits do not depend on the processor.

BLAS and LAPACK choose their kernels, and with them the order of every sum, by the processor and the number
of threads. Here, sums have a fixed order. Everything else is elementwise sums, products, quotients and square
roots, which IEEE 754 defines exactly. These functions are meant for matrices with one short side, such as
designs and contrasts.
"""

import numpy as np


def dot(a: np.ndarray, b: np.ndarray) -> float:
    """Return the inner product of two vectors, shape (n,) each, by numpy's pairwise sum."""
    return (a * b).sum()


def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return a @ b, summed over the inner index in order.

    Parameters
    ----------
    a : numpy.ndarray, shape (m, k)
    b : numpy.ndarray, shape (k, n)
    """
    total = np.zeros((a.shape[0], b.shape[1]))
    for k in range(a.shape[1]):
        total += a[:, k, None] * b[k]
    return total


def orthonormal(columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a QR decomposition of linearly independent columns.

    Gram-Schmidt with each step done twice, because the first leaves rounding errors as large as what it
    removes (Giraud et al. 2005, Numerische Mathematik 101:87-100).

    Parameters
    ----------
    columns : numpy.ndarray, shape (n, k)

    Returns
    -------
    basis : numpy.ndarray, shape (n, k)
    triangle : numpy.ndarray, shape (k, k)
        Upper triangular; columns = basis @ triangle.
    """
    # Stored column by column.
    basis = np.array(columns, float, order="F")
    triangle = np.zeros((columns.shape[1],) * 2)
    for k, column in enumerate(basis.T):
        for _ in range(2):
            for m, before in enumerate(basis.T[:k]):
                weight = dot(before, column)
                column -= weight * before
                triangle[m, k] += weight
        triangle[k, k] = np.sqrt(dot(column, column))
        column /= triangle[k, k] or 1.0
    return np.ascontiguousarray(basis), triangle


def divided(rows: np.ndarray, triangle: np.ndarray) -> np.ndarray:
    """Return rows @ inverse of an upper triangular matrix, shape of `rows`."""
    quotient = np.array(rows, float)
    for k in range(len(triangle)):
        quotient[:, k] /= triangle[k, k]
        quotient[:, k + 1 :] -= quotient[:, k, None] * triangle[k, k + 1 :]
    return quotient


def spanning(columns: np.ndarray, tolerance: float) -> np.ndarray:
    """Return orthonormal columns with the same span as columns that may be linearly dependent.

    The longest remainder comes next, until none is longer than `tolerance`.

    Parameters
    ----------
    columns : numpy.ndarray, shape (n, k)
    tolerance : float

    Returns
    -------
    numpy.ndarray, shape (n, rank)
    """
    left, chosen = np.array(columns, float), np.zeros((len(columns), 0))
    for _ in range(min(columns.shape)):
        squares = (left**2).sum(axis=0)
        longest = squares.argmax()
        if not squares[longest] > tolerance**2:
            break
        chosen = orthonormal(np.column_stack([chosen, left[:, longest]]))[0]
        left = left - product(chosen, product(chosen.T, left))
    return chosen


def complement(basis: np.ndarray) -> np.ndarray:
    """Return an orthonormal basis of the complement of orthonormal columns.

    Parameters
    ----------
    basis : numpy.ndarray, shape (n, k)

    Returns
    -------
    numpy.ndarray, shape (n, n - k)
    """
    n, k = basis.shape
    # The squared lengths sum to the number of missing columns, so the longest is far above rounding.
    return spanning(np.eye(n) - product(basis, basis.T), 1e-8)[:, : n - k]
