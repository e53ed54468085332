"""Which participants can be exchanged, and which signs can flip, under the null hypothesis.

Exchangeability is a tree, as in Winkler et al. 2015 (NeuroImage 123:253-268). A node contains participants or
further nodes, and its children can either be exchanged (a free node) or not (a fixed node). Free exchange is
one free node. Blocks with exchange inside them are a fixed node of free ones. Blocks that are exchanged as
wholes are a free node of fixed ones. Several block columns give deeper trees. One recursion counts the
distinct relabellings, enumerates them and draws from them, for any tree.

A relabelling is given by `source`, the row of the design that each position takes. Equal rows make no
difference, so two relabellings are the same if they give every position an equal row.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from math import factorial, prod

import numpy as np

from permaps.workflow.errors import UserError


@dataclass
class Node:
    """A set of interchangeable (`free`) or fixed children; a leaf has a participant and no children."""

    children: list = field(default_factory=list)
    free: bool = False
    leaf: int = -1
    # Set by `Exchangeability`: the form of the subtree up to its own relabellings, and their number.
    form: object = None
    count: int = 1
    # Set by it too: the children as an array, if all of them are participants; of a free node, the number of each
    # child's form, the children of each form, and how many orders these have.
    rows: object = None
    forms: list = field(default_factory=list)
    alike: list = field(default_factory=list)
    orders: int = 1

    @property
    def leaves(self) -> list[int]:
        """Participants in this node, in order."""
        return [self.leaf] if not self.children else [i for child in self.children for i in child.leaves]

    @property
    def shape(self) -> tuple:
        """Nested structure without labels. Only children with the same shape can be exchanged."""
        return (self.free, tuple(child.shape for child in self.children)) if self.children else ()


def exchangeability_tree(
    n: int, within: Sequence | None = None, whole: Sequence | None = None, nested: list | None = None
) -> Node:
    """Build the tree of a study's blocks.

    Parameters
    ----------
    n : int
        Number of participants (rows).
    within : sequence of length n, optional
        Block of each row; rows are exchanged only within their block.
    whole : sequence of length n, optional
        Block of each row; blocks are exchanged as wholes, with their rows in the order of the table. Together
        with `within`, both kinds of exchange happen, and the finer blocks must be inside the coarser ones.
    nested : list of sequences of length n, optional
        Levels of blocks, the outermost first, numbered as in PALM's block files: the parts of a block with a
        positive number are exchanged as wholes, and those of a block with a negative number stay. The
        outermost level is one block. The innermost level numbers the rows, and may be left out.

    Returns
    -------
    Node

    Raises
    ------
    UserError
        If blocks that should be exchanged differ in size or structure, or overlap in part.
    """
    if nested is not None:
        return _from_block_file(nested)
    leaves = [Node(leaf=i) for i in range(n)]
    if within is None and whole is None:
        return Node(leaves, free=True)
    if whole is None:
        return Node([Node([leaves[i] for i in block], free=True) for block in _blocks(range(n), within)])
    if within is None:
        return _checked(
            Node([Node([leaves[i] for i in block]) for block in _blocks(range(n), whole)], free=True)
        )
    if _is_nested(within, whole):
        return _checked(
            Node(
                [
                    Node([Node([leaves[i] for i in inner], free=True) for inner in _blocks(outer, within)])
                    for outer in _blocks(range(n), whole)
                ],
                free=True,
            )
        )
    if _is_nested(whole, within):
        return _checked(
            Node(
                [
                    Node([Node([leaves[i] for i in inner]) for inner in _blocks(outer, whole)], free=True)
                    for outer in _blocks(range(n), within)
                ]
            )
        )
    raise UserError(
        "permutation.blocks: the blocks of 'within' and of 'whole' cut across one another. Expected "
        "every block of one to lie inside a block of the other."
    )


def _blocks(rows, labels):
    """Rows of each block, in the order in which the blocks first appear."""
    blocks = {}
    for i in rows:
        blocks.setdefault(labels[i], []).append(i)
    return list(blocks.values())


def _is_nested(fine, coarse):
    return len(set(zip(fine, coarse, strict=True))) == len(set(fine))


def _from_block_file(levels):
    """Build the tree of a PALM block file."""
    outermost, *inner = levels
    if len(set(outermost)) > 1:
        raise UserError(
            f"permutation.blocks.nested: the outermost column has {len(set(outermost))} blocks. Expected one "
            "block of everyone, as in PALM: put a column before it, of 1 where these blocks change places as "
            "wholes, of -1 where they do not."
        )
    return _parts_of_block(range(len(outermost)), inner, outermost[0] > 0)


def _parts_of_block(rows, levels, free):
    """Build the node of a block, `free` if its number is positive, from its rows and the levels inside it."""
    if not levels:
        return Node([Node(leaf=i) for i in rows], free=free)
    parts = []
    for block in _blocks(rows, levels[0]):
        number = levels[0][block[0]]
        if len(levels) > 1:
            parts.append(_parts_of_block(block, levels[1:], number > 0))
        elif len(block) == 1:
            parts.append(Node(leaf=block[0]))
        else:
            # Rows without their own column keep their order in a block that is exchanged, and are exchanged
            # in one that stays (PALM's wiki, examples 2 and 3).
            parts.append(_parts_of_block(block, [], number > 0 and not free))
    return _checked(Node(parts, free=free))


def _checked(node):
    """Refuse a free node whose children differ in structure."""
    if not node.free or len({child.shape for child in node.children}) == 1:
        return node
    sizes = Counter(len(child.leaves) for child in node.children)
    difference = "the blocks inside them, or their signs, differ"
    if len(sizes) > 1:
        difference = "their sizes are " + ", ".join(
            f"{n} ({times} times)" for n, times in sorted(sizes.items())
        )
    raise UserError(
        f"permutation.blocks: blocks that change places as wholes must be alike, but {difference}. Expected "
        "blocks of one size and structure: leave incomplete blocks out by quality.query, or keep blocks in "
        "place ('within', or a negative number in 'nested')."
    )


class Exchangeability:
    """The distinct relabellings of a design under a scheme.

    Parameters
    ----------
    tree : Node
        From `exchangeability_tree`.
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
        orbits = [] if self.units else _orbits(self.tree)
        products = [columns[rows].sum(axis=0) / np.sqrt(len(rows)) for rows in orbits]
        return np.reshape(products, (len(orbits), columns.shape[1]))

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
            node.orders = multinomial(len(children) for children in node.alike)
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
            `words(k)` gives k independent uniform 64-bit numbers.

        Returns
        -------
        source, sign
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


def flip_units(tree: Node) -> list[list[int]]:
    """Return the sets of rows whose signs flip together.

    Blocks that are exchanged as wholes flip as wholes. Their rows may be correlated, and flipping only some
    of them would change the sign of the covariance. If nothing is exchanged, rows flip one by one.
    """
    if tree.free or not tree.children:
        return [child.leaves for child in tree.children] or [[tree.leaf]]
    return [unit for child in tree.children for unit in flip_units(child)]


def _orbits(node):
    """Return the sets of rows that can be exchanged."""
    if not node.children:
        return [[node.leaf]]
    orbits = [_orbits(child) for child in node.children]
    if not node.free:
        return [rows for child in orbits for rows in child]
    # Children of a free node have the same structure, so their orbits match one by one.
    return [[row for rows in alike for row in rows] for alike in zip(*orbits, strict=True)]


def multinomial(counts: Iterable[int]) -> int:
    """Return the number of distinct orders of things, with `counts` equal ones of each kind."""
    counts = list(counts)
    return factorial(sum(counts)) // prod(factorial(c) for c in counts)


def _unrank(node, rank):
    """Rows in the order in which they take the node's positions."""
    # Rank 0 keeps the order. To find this out child by child would take seconds for thousands of people.
    if not node.children or not rank:
        return node.leaves
    order = node.children
    if node.free:
        rank, order = _unrank_order(node, rank)
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
