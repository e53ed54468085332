"""One relabelling on surfaces, grayordinates and connectomes, beside the tools that have these."""

import contextlib
from importlib.util import find_spec

import numpy as np
from chunk_settings import SETTINGS
from permaps.permutation.from_settings import enhancement_of
from permaps.permutation.model import contrast_model
from permaps.permutation.null import null_maxima
from permaps.spaces.edges import Edges, pairs_of
from permaps.spaces.grayordinates import Grayordinates
from permaps.spaces.smoothing import smoother
from permaps.spaces.surface import Surface
from permaps.spaces.volume import Volume
from scipy.sparse import csr_array
from threadpoolctl import threadpool_limits

from bench.beside import transform
from bench.clock import cpu, each, in_turn, quotient, spread
from bench.markdown import ms, table, three, times

# How often the edges of an icosahedron are halved: it then has as many vertices as these meshes.
HALVINGS = {"fsaverage5": 5, "fsaverage": 7}
# Of HCP's grayordinates: vertices of each cortex, which here are some of those of a finer mesh, and voxels below.
CORTICES, VOXELS, OF_CORTICES = (29_696, 29_716), 31_870, 6
SIDE = 28
NODES = 400
PARTICIPANTS = 40
BATCH = 16
# Of what has a target, whole batches, as chunks have: in the first, the room for maps is touched for the first time.
WHOLE_BATCH = 192
# How often what has a target is measured in turn: it is nearer to that than one measurement to the next.
SOME, OFTEN = 3, 25
FWHM = 8.0
# In mm: of volumes this smooth, as many elements are local maxima as of meshes of `FWHM`, some 5 per cent.
FWHM_ALIKE = 6.5
RADIUS = 70.0
SURFACE = SETTINGS | {"tfce": {"extent": 1.0, "height": 2.0}}
MIXED = SETTINGS | {"tfce": {"cortex": SURFACE["tfce"], "voxels": SETTINGS["tfce"]}}
TARGET, MINUTE = 5, 60.0


def icosphere(halvings):
    """Return the vertices, on a sphere of `RADIUS` mm, and the triangles of an icosahedron with halved edges."""
    golden = (1 + np.sqrt(5)) / 2
    signs = [(a, b) for a in (-1, 1) for b in (-golden, golden)]
    points = np.array([np.roll((0, a, b), k) for k in range(3) for a, b in signs], float)
    apart = ((points[:, None] - points) ** 2).sum(axis=-1)
    near = np.isclose(apart, apart[apart > 0].min())
    every = np.array(np.meshgrid(*[range(12)] * 3, indexing="ij")).reshape(3, -1).T
    a, b, c = every.T
    faces = every[(a < b) & (b < c) & near[a, b] & near[b, c] & near[a, c]]
    for _ in range(halvings):
        sides = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
        edges, number = np.unique(sides, axis=0, return_inverse=True)
        middle = len(points) + number.reshape(-1, 3)
        points = np.concatenate([points, points[edges].mean(axis=1)])
        (a, b, c), (ab, bc, ca) = faces.T, middle.T
        corners = [(a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca)]
        faces = np.concatenate([np.stack(corner, axis=1) for corner in corners])
    return points * (RADIUS / np.sqrt((points**2).sum(axis=1, keepdims=True))), faces


def surface(halvings, counts=None):
    """Return two spheres side by side, of which the first vertices are in the mask, all unless said otherwise."""
    points, faces = icosphere(halvings)
    n = len(points)
    mask = np.concatenate([np.arange(n) < count for count in counts or (n, n)])
    aside = np.array([80.0, 0, 0])
    places = np.concatenate([points - aside, points + aside]).astype(np.float32)
    triangles = np.concatenate([faces, faces + n]).astype(np.int32)
    return Surface(mask, np.array(["L", "R"]), np.array([n, n]), places, triangles, np.array(["spheres"]))


def volume(side, n_voxels):
    """Return the first voxels of a cube."""
    return Volume((np.arange(side**3) < n_voxels).reshape((side,) * 3), np.diag([3.0, 3.0, 3.0, 1.0]))


def grayordinates():
    """Return cortices and voxels, as many as HCP's."""
    cortex = surface(OF_CORTICES, CORTICES)
    voxels = volume(int(np.ceil(VOXELS ** (1 / 3))), VOXELS)
    structure = np.repeat([0, 1, 2], [*CORTICES, VOXELS])
    names = np.array(["CORTEX_LEFT", "CORTEX_RIGHT", "CEREBELLUM_LEFT"])
    every = np.arange(len(structure))
    return Grayordinates(np.ones(len(every), bool), cortex, voxels, names, structure, every)


def edges(n_nodes):
    """Return the edges between nodes without places."""
    return Edges(
        np.ones(len(pairs_of(n_nodes)), bool), np.arange(n_nodes).astype(str), np.full((n_nodes, 3), np.nan)
    )


def drawn(space, fwhm=FWHM):
    """Return smooth maps of a space, float32 of shape (n_participants, n_elements)."""
    rng, smooth = np.random.default_rng(0), smoother(space, fwhm)
    noise = rng.standard_normal((PARTICIPANTS, space.mask.size), np.float32)
    maps = (smooth(one.reshape(space.mask.shape))[space.mask] for one in noise)
    return np.ascontiguousarray(list(maps), np.float32)


class Study:
    """Two groups on a space, and what a relabelling of theirs computes."""

    def __init__(self, space, settings, maps):
        self.maps, group = maps, np.arange(PARTICIPANTS) % 2.0
        self.group, design = group, np.column_stack([np.ones(PARTICIPANTS), group])
        self.model = contrast_model(design, np.eye(2)[1:], "t", "permute", {}, space=space)
        self.enhancement, self.both_signs = enhancement_of(self.model, settings)

    def runner(self, batch):
        """Return what measures a relabelling, all four maxima, from so many and three times as many."""
        estimator = self.model.estimator()

        def run(n):
            null_maxima(
                self.maps, estimator, self.model.exchangeability, 0, 1, 1 + n, is_f=False,
                both_signs=self.both_signs, enhancement=self.enhancement,
            )  # fmt: skip

        return each(run, batch, 3 * batch)

    def heights(self):
        """Return t, float32."""
        a, b = self.maps[self.group == 0], self.maps[self.group == 1]
        spread_of = np.sqrt((a.var(axis=0, ddof=1) + b.var(axis=0, ddof=1)) / (PARTICIPANTS / 2))
        return ((b.mean(axis=0) - a.mean(axis=0)) / spread_of).astype(np.float32)


def tfce(study):
    """What measures the transform of one map on the same mesh by the exact C package."""
    import tfce as package

    pairs, n = study.enhancement.adjacency.pairs, study.maps.shape[1]
    one, other = np.concatenate([pairs, pairs[:, ::-1]]).T
    joined = csr_array((np.ones(len(one), np.int8), (one, other)), shape=(n, n))
    heights = study.heights()
    return lambda: cpu(lambda: [package.tfce(heights, adjacency=joined, E=1.0, H=2.0) for _ in range(4)]) / 4


def nbs(study, n_nodes):
    """What measures a relabelling of bctpy's network-based statistic."""
    from bct import nbs_bct

    matrices = np.zeros((n_nodes, n_nodes, PARTICIPANTS))
    one, other = pairs_of(n_nodes).T
    matrices[one, other] = matrices[other, one] = study.maps.T
    of_group = [matrices[..., study.group == value] for value in (0, 1)]

    # A threshold that some edge reaches, since it refuses to go on without one.
    def run(n):
        with contextlib.redirect_stdout(None):
            nbs_bct(*of_group, thresh=2.0, k=n, seed=0)

    return each(run, 1, 3)


def measure(example):
    """Seconds of a relabelling in each space, of theirs where there is one, and the quotient."""
    rows = {}

    def compare(name, space, ours, theirs=None, repeats=SOME):
        with threadpool_limits(1):
            found = in_turn({"ours": ours} | ({"theirs": theirs} if theirs else {}), repeats)
        rows[name] = {"elements": space.n_elements} | {key: spread(value) for key, value in found.items()}
        if theirs:
            rows[name]["times"] = quotient(found["theirs"], found["ours"])

    space = volume(SIDE, SIDE**3)
    voxels = Study(space, SETTINGS, drawn(space))
    compare("volume, 6 neighbours", space, voxels.runner(BATCH))
    alike = Study(space, SETTINGS, drawn(space, FWHM_ALIKE))
    for name, n in HALVINGS.items():
        space = surface(n)
        study = Study(space, SURFACE, drawn(space))
        if name == "fsaverage5":
            with threadpool_limits(1):
                runners = {"mesh": study, "volume": voxels, "alike": alike}
                found = in_turn({key: one.runner(WHOLE_BATCH) for key, one in runners.items()}, OFTEN)
            # A volume of as many elements.
            as_many = space.n_elements / voxels.maps.shape[1]
            beside = {
                key: quotient(found["mesh"], [as_many * seconds for seconds in found[key]])
                for key in ("volume", "alike")
            }
        peer = tfce(study) if find_spec("tfce") else None
        repeats, batch = (OFTEN, WHOLE_BATCH) if name == "fsaverage5" else (SOME, BATCH)
        compare(f"{name}, tfce package", space, study.runner(batch), peer, repeats)
        compare(
            f"{name}, tfce package, our transform alone too",
            space,
            transform(study.enhancement, study.heights(), batch),
            peer,
            repeats,
        )
    space = grayordinates()
    compare("grayordinates", space, Study(space, MIXED, drawn(space)).runner(BATCH))
    space = edges(NODES)
    study = Study(space, SETTINGS, drawn(space, None))
    compare(
        f"{NODES} nodes, nbs_bct", space, study.runner(BATCH), nbs(study, NODES) if find_spec("bct") else None
    )
    return {"participants": PARTICIPANTS, "nodes": NODES, "beside": beside, "rows": rows}


def text(numbers):
    rows = [
        [
            name,
            f"{row['elements']:,}",
            ms(row["theirs"][0]) if "theirs" in row else "",
            ms(row["ours"][0]),
            three(1e9 * row["ours"][0] / row["elements"]),
            times(row["times"]) if "times" in row else "",
            str(TARGET) if name.startswith("fsaverage5") else "",
        ]
        for name, row in numbers["rows"].items()
    ]
    header = [
        "space, tool",
        "elements",
        "theirs, ms",
        "ours, ms",
        "ours, ns per element",
        "times as fast",
        "target",
    ]
    connectome = numbers["rows"][f"{numbers['nodes']} nodes, nbs_bct"]
    seconds = connectome["ours"][0] * 10_000 / 2
    return f"""\
One relabelling of {numbers["participants"]} participants in two groups, in milliseconds of processor time
on one core, measured in turn. Ours gives all four maxima, two-sided, drawing and product included. The maps
are smooth noise, 8 mm FWHM (white over edges). fsaverage5 and fsaverage are spheres of as many vertices in
both hemispheres, since neighbours and areas are all that counts. The grayordinates are as many as HCP's.
The `tfce` package is timed for the transform of one map alone. `nbs_bct` has the sizes of components and
nothing else.

{table(header, rows)}

At this rate, 10,000 relabellings of {numbers["nodes"]} nodes take {three(seconds)} s on two cores (at most
{MINUTE:.0f}).

Per element, one of fsaverage5 takes {times(numbers["beside"]["volume"])} times as long as one of the volume,
measured in turn (1 was wanted). A volume that is smoothed by {FWHM_ALIKE:g} mm has as many local maxima as
the mesh. Beside it, an element of fsaverage5 takes {times(numbers["beside"]["alike"])} times as long: the time
goes with the components that start and merge."""
