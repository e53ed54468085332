"""The tree of a study's blocks: which participants can be exchanged, and which signs flip together.

As in Winkler et al. 2015 (NeuroImage 123:253-268): a node contains participants or further nodes, and its children
can either be exchanged (a free node) or not (a fixed node). Free exchange is one free node. Blocks with exchange
inside them are a fixed node of free ones. Blocks that are exchanged as wholes are a free node of fixed ones. Several
block columns give deeper trees.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

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

    Raises
    ------
    UserError
        If blocks that should be exchanged differ in size or structure, or overlap in part.
    """
    if nested is not None:
        return _from_block_file(nested)
    if within is None or whole is None:
        parts = [(labels, free) for labels, free in ((within, True), (whole, False)) if labels is not None]
        return _parts(range(n), parts, within is None)
    if _is_nested(within, whole):
        return _parts(range(n), [(whole, False), (within, True)], True)
    if _is_nested(whole, within):
        return _parts(range(n), [(within, True), (whole, False)], False)
    raise UserError(
        "permutation.blocks: the blocks of 'within' and of 'whole' cut across one another. Expected "
        "every block of one to lie inside a block of the other."
    )


def _parts(rows, levels, free):
    """Build a node from its rows and the levels inside it, each as (block of each row, whether they are free)."""
    if not levels:
        return Node([Node(leaf=i) for i in rows], free=free)
    (labels, inside), *finer = levels
    return _checked(Node([_parts(block, finer, inside) for block in _blocks(rows, labels)], free=free))


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


def flip_units(tree: Node) -> list[list[int]]:
    """Return the sets of rows whose signs flip together.

    Blocks that are exchanged as wholes flip as wholes. Their rows may be correlated, and flipping only some
    of them would change the sign of the covariance. If nothing is exchanged, rows flip one by one.
    """
    if tree.free or not tree.children:
        return [child.leaves for child in tree.children] or [[tree.leaf]]
    return [unit for child in tree.children for unit in flip_units(child)]


def orbits(node: Node) -> list[list[int]]:
    """Return the sets of rows that can be exchanged."""
    if not node.children:
        return [[node.leaf]]
    within = [orbits(child) for child in node.children]
    if not node.free:
        return [rows for child in within for rows in child]
    # Children of a free node have the same structure, so their orbits match one by one.
    return [[row for rows in alike for row in rows] for alike in zip(*within, strict=True)]
