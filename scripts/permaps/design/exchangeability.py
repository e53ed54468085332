"""The distinct relabellings of a design under the null hypothesis: counted, numbered and drawn.

What can be exchanged is a tree (`permaps.design.block_tree`). One recursion counts the distinct relabellings,
enumerates them and draws from them, for any tree.

A relabelling is given by `source`, the row of the design that each position takes. Equal rows make no
difference, so two relabellings are the same if they give every position an equal row.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from math import factorial, prod

import numpy as np

from permaps.design.block_tree import Node, flip_units, orbits


class Exchangeability:
    """The distinct relabellings of a design under a scheme.

    Parameters
    ----------
    tree : Node
        From `permaps.design.block_tree.exchangeability_tree`.
    labels : sequence of int, length n
        Equal rows of the design have the same label.
    permute, flip : bool
        Whether labels are permuted, and whether signs are flipped.
    mixed : bool
        Whether it is random which of several equal rows a position takes. This matters at voxels where some
        of them are missing.

    Attributes
    ----------
    n_distinct : int
        Number of distinct relabellings, the observed labelling included.
    """

    def __init__(
        self, tree: Node, labels: Sequence[int] | np.ndarray, permute: bool, flip: bool, mixed: bool = False
    ):
        self.tree = tree
        self.mixed = mixed
        self.labels = np.asarray(labels)
        self.n = len(self.labels)
        self.permute = permute
        self.units = flip_units(tree) if flip else []
        self._describe(tree)
        self.positions = np.array(tree.leaves)
        self.n_permutations = tree.count if permute else 1
        self.n_distinct = self.n_permutations * 2 ** len(self.units)

    @property
    def together(self) -> tuple[list[int], ...]:
        """The sets of rows that change places as wholes.

        A label that moves on where somebody is missing would tear such a set apart, and with it the correlation
        of its rows. So its rows leave an element together.
        """
        return tuple(unit for unit in flip_units(self.tree) if len(unit) > 1) if self.permute else ()

    @property
    def sampled(self) -> bool:
        """Whether all distinct relabellings are but a sample.

        They are where equal rows change places at random: at an element that lacks some of them, one relabelling
        can have as many results as there are ways to do so.
        """
        return self.mixed and self.permute and _has_twins(self.tree)

    def still(self, columns: np.ndarray) -> np.ndarray:
        """Return the part of columns that no relabelling changes, as products with its orthonormal basis.

        The basis is constant over rows that can be exchanged, and has no column where signs flip. It is never
        formed: with thousands of pairs, it would fill the memory.

        Parameters
        ----------
        columns : numpy.ndarray, shape (n, n_columns)

        Returns
        -------
        numpy.ndarray, shape (n_still, n_columns)
        """
        alike = [] if self.units else orbits(self.tree)
        products = [columns[rows].sum(axis=0) / np.sqrt(len(rows)) for rows in alike]
        return np.reshape(products, (len(alike), columns.shape[1]))

    def _describe(self, node):
        if not node.children:
            node.form = int(self.labels[node.leaf])
            return
        for child in node.children:
            self._describe(child)
        if not any(child.children for child in node.children):
            node.rows = np.array([child.leaf for child in node.children])
        forms = [child.form for child in node.children]
        within = prod(child.count for child in node.children)
        if node.free:
            # One pass: thousands of people may all differ.
            alike = {}
            for child in node.children:
                alike.setdefault(child.form, []).append(child)
            kinds = sorted(alike, key=repr)
            number = {form: k for k, form in enumerate(kinds)}
            node.forms = [number[form] for form in forms]
            node.alike = [alike[form] for form in kinds]
            node.form = ("free", tuple(sorted(forms, key=repr)))
            node.orders = _multinomial([len(children) for children in node.alike])
            node.count = node.orders * within
        else:
            node.form = ("fixed", tuple(forms))
            node.count = within

    def unrank(self, rank: int) -> tuple[np.ndarray, np.ndarray]:
        """Return relabelling number `rank` of all distinct ones; 0 is the observed labelling.

        Parameters
        ----------
        rank : int
            From 0 to `n_distinct - 1`.

        Returns
        -------
        source : numpy.ndarray of int, shape (n,)
            The row whose label each position takes.
        sign : numpy.ndarray of int8, shape (n,)
        """
        rank, flips = divmod(rank, 2 ** len(self.units))
        sign = np.ones(self.n, np.int8)
        for bit, unit in enumerate(self.units):
            if flips >> bit & 1:
                sign[unit] = -1
        source = np.arange(self.n)
        if self.permute:
            source[self.positions] = _unrank(self.tree, rank)
        return source, sign

    def mix(self, source: np.ndarray, words: Callable[[int], np.ndarray]) -> np.ndarray:
        """Return a random relabelling among those that give every position an equal row.

        Parameters
        ----------
        source : numpy.ndarray of int, shape (n,)
        words : callable
            As for `draw`.
        """
        like = np.empty(self.n, int)
        like[self.positions] = _draw_like(self.tree, self.tree, words)
        return like[source]

    def draw(self, words: Callable[[int], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Return a relabelling drawn uniformly with random words.

        Parameters
        ----------
        words : callable
            `words(k)` gives k independent uniform 64-bit numbers, shape (k,).

        Returns
        -------
        source : numpy.ndarray of int, shape (n,)
        sign : numpy.ndarray of int8, shape (n,)
            As from `unrank`.
        """
        source = np.arange(self.n)
        if self.permute:
            source[self.positions] = _draw(self.tree, words)
        sign = np.ones(self.n, np.int8)
        if self.units:
            for unit, word in zip(self.units, words(len(self.units)), strict=True):
                if int(word) >> 63:
                    sign[unit] = -1
        return source, sign


def _has_twins(node):
    """Tell whether equal rows or blocks change places somewhere below a node."""
    twins = node.free and len(node.alike) < len(node.children)
    return bool(node.children) and (twins or any(map(_has_twins, node.children)))


def _multinomial(counts):
    """Return the number of distinct orders of things, with `counts` equal ones of each kind."""
    return factorial(sum(counts)) // prod(factorial(c) for c in counts)


def _unrank(node, rank):
    """Rows in the order in which they take the node's positions."""
    # Rank 0 keeps the order. To find this out child by child would take seconds for thousands of people.
    if not node.children or not rank:
        return node.leaves
    order = node.children
    if node.free:
        rank, order = _unrank_order(node, rank)
    if node.rows is not None:
        return [child.leaf for child in order]
    rows = []
    for child in order:
        rank, own = divmod(rank, child.count)
        rows += _unrank(child, own)
    return rows


def _unrank_order(node, rank):
    """Children in the order given by `rank`, and the rest of the rank for inside the children."""
    rank, own = divmod(rank, node.orders)
    if len(node.alike) == len(node.children):
        return rank, _unrank_unlike(node, own)
    counts = [len(children) for children in node.alike]
    following = [iter(children) for children in node.alike]
    total = node.orders
    order = []
    for remaining, observed in zip(range(len(node.children), 0, -1), node.forms, strict=True):
        # The observed form first, so that rank 0 is the observed labelling.
        form, here = observed, total * counts[observed] // remaining
        if own >= here:
            for form in range(len(counts)):
                if form == observed:
                    continue
                own -= here
                here = total * counts[form] // remaining
                if own < here:
                    break
        total = here
        counts[form] -= 1
        order.append(next(following[form]))
    return rank, order


def _unrank_unlike(node, rank):
    """Children in the order given by `rank` if no two have the same form: its digits to falling bases."""
    left = list(range(len(node.children)))
    total = node.orders
    order = []
    for observed in node.forms:
        total //= len(left)
        place, rank = divmod(rank, total)
        # Again the observed form first, if it is not taken.
        where = bisect_left(left, observed)
        if where < len(left) and left[where] == observed and place <= where:
            place = place - 1 if place else where
        order.append(node.alike[left.pop(place)][0])
    return order


def _draw_like(node, other, words):
    """Rows of a node in a random order in which they equal those of another node of its form."""
    if not node.children:
        return [other.leaf]
    twins = other.children
    if node.free:
        left = {}
        for i in np.argsort(words(len(twins)), kind="stable"):
            left.setdefault(twins[i].form, []).append(twins[i])
        twins = [left[child.form].pop() for child in node.children]
    pairs = zip(node.children, twins, strict=True)
    return [row for child, twin in pairs for row in _draw_like(child, twin, words)]


def _draw(node, words):
    """Rows in the order in which they take the node's positions, drawn at random."""
    if not node.children:
        return [node.leaf]
    order = np.argsort(words(len(node.children)), kind="stable") if node.free else slice(None)
    if node.rows is not None:
        return node.rows[order]
    children = [node.children[i] for i in order] if node.free else node.children
    return [row for child in children for row in _draw(child, words)]
