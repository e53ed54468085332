"""The same quantities from other tools, on the same data and, where they take them, the same relabellings."""

import os
import shutil
import subprocess
import warnings
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import numpy as np
from permaps.permutation import correction, discoveries, model, null, thresholds
from permaps.permutation.relabelling import relabellings
from permaps.spaces import adjacency
from permaps.statistics import enhanced_maps, enhancement, glm, sorted_p

from validation import studies
from validation.power import relabelled_maps

SHAPE = (14, 16, 12)
SEED = 11
E, H = 0.5, 2.0
# Of the sums that other tools make for TFCE.
STEPS = (0.1, 0.05, 0.02, 0.01)


@dataclass(frozen=True)
class Row:
    """A line of the table: what was compared, how far apart it is, and whether that is as it should be."""

    peer: str
    quantity: str
    difference: str
    bound: str
    good: bool


def within(peer, quantity, difference, bound):
    """Make the row of a difference that should not exceed a bound."""
    return Row(peer, quantity, f"{difference:.1e}", f"at most {bound:.0e}", bool(difference <= bound))


def relative(ours, theirs):
    """Return the largest difference, relative to the largest value."""
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


class Data:
    """12 v 12 participants with a nuisance covariate and an effect of either sign, inside an ellipsoid."""

    def __init__(self):
        rng = np.random.default_rng(SEED)
        position = np.stack(np.indices(SHAPE), axis=-1) - (np.array(SHAPE) - 1) / 2
        self.mask = ((position / (np.array(SHAPE) / 2)) ** 2).sum(axis=-1) < 1
        group = np.repeat([0.0, 1.0], 12)
        covariate = group + rng.standard_normal(24)
        self.design = np.column_stack([np.ones(24), covariate, group])
        self.contrast = np.array([[0.0, 0.0, 1.0]])
        volumes = studies.fields(rng, 24, SHAPE) + 0.5 * covariate[:, None, None, None]
        effect = np.clip(1 - ((position - [-3, 0, 0]) ** 2).sum(axis=-1) / 9, 0, None)
        effect -= 0.8 * np.clip(1 - ((position - [3, 2, 0]) ** 2).sum(axis=-1) / 12, 0, None)
        volumes += 2.0 * group[:, None, None, None] * effect
        self.maps = volumes[:, self.mask].astype(np.float32)
        self.fitted = model.contrast_model(self.design, self.contrast, "t", "permute", {})
        self.model, self.exchangeability = self.fitted.estimator(), self.fitted.exchangeability
        self.t = null.observed_statistic(self.maps, self.model, self.exchangeability, is_f=False)
        self.dof = 21

    def volume(self, values):
        """Put values of the mask's voxels on the grid."""
        out = np.zeros(SHAPE, values.dtype)
        out[self.mask] = values
        return out

    def null(self, n, both_signs, connectivity=6):
        """Maxima of the observed labelling and n relabellings, and what formed them."""
        threshold = thresholds.cluster_threshold(0.01, self.dof, 1, False, both_signs)
        formed = null.Enhancement(adjacency.grid_adjacency(self.mask, connectivity), E, H, threshold)
        found = null.null_maxima(
            self.maps, self.model, self.exchangeability, SEED, 0, n + 1,
            is_f=False, both_signs=both_signs, enhancement=formed,
        )  # fmt: skip
        return found, formed


def against_statsmodels(data):
    """t and F of ordinary least squares, voxel by voxel."""
    import statsmodels.api as sm

    voxels = range(0, data.maps.shape[1], max(1, data.maps.shape[1] // 50))
    fits = [sm.OLS(data.maps[:, v].astype(float), data.design).fit() for v in voxels]
    t = np.array([fit.tvalues[2] for fit in fits])
    p = np.array([fit.pvalues[2] for fit in fits])
    both = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    f = np.array([float(fit.f_test(both).fvalue) for fit in fits])
    parametric = glm.fit(data.maps, data.design, data.contrast)
    parametric_f = glm.fit(data.maps, data.design, both)["stat"]
    fitted = model.contrast_model(data.design, both, "F", "permute", {})
    kernel_f = null.observed_statistic(data.maps, fitted.estimator(), fitted.exchangeability, is_f=True)
    pick = list(voxels)
    return [
        within("statsmodels", "t, parametric maps", relative(parametric["stat"][pick], t), 1e-9),
        within("statsmodels", "t, permutation kernel", relative(data.t[pick], t), 1e-9),
        within("statsmodels", "parametric p of t", relative(parametric["p"][pick], p), 1e-9),
        within("statsmodels", "F, parametric maps", relative(parametric_f[pick], f), 1e-9),
        within("statsmodels", "F, permutation kernel", relative(kernel_f[pick], f), 1e-9),
    ]


def against_tfce(data):
    """The exact TFCE of the `tfce` package, in single precision."""
    import tfce

    rows = []
    heights = data.t.astype(np.float32)
    for connectivity in (6, 18, 26):
        neighbours = adjacency.grid_adjacency(data.mask, connectivity)
        workspace = enhancement.Workspace(neighbours, E)
        theirs = tfce.tfce(data.volume(heights), connectivity=connectivity, E=E, H=H)[data.mask]
        ours = enhanced_maps.tfce_map(heights, neighbours, E, H, True)
        best, *_ = workspace.maxima(heights, True, H, np.inf)
        rows.append(within("tfce", f"TFCE map, {connectivity} neighbours", relative(ours, theirs), 1e-5))
        far = abs(best / np.abs(theirs).max() - 1)
        rows.append(within("tfce", f"its maximum in the null, {connectivity} neighbours", far, 1e-5))
    return rows


def first_order(peer, quantity, steps, errors):
    """Row of a sum over steps that comes closer to the integral in proportion to its step."""
    slope = float(np.polyfit(np.log(steps), np.log(errors), 1)[0])
    text = f"{errors[0]:.1e} by steps of {steps[0]:g}, {errors[-1]:.1e} by {steps[-1]:g}: slope {slope:.2f}"
    return Row(peer, quantity, text, "slope 1 (first order)", bool(0.8 < slope < 1.2 and errors[-1] < 0.02))


def bounds(data, n, shift):
    """Return the bound on true discoveries, the p of every relabelling by sorting, and the pivotal statistics."""
    scale = sorted_p.scale_of(data.dof, 1, False, True)
    found = null.null_maxima(
        data.maps, data.model, data.exchangeability, SEED, 0, n + 1, is_f=False, both_signs=True, scale=scale
    )
    pivotal = sorted_p.least_slope(found["curve_rank"], found["curve_p"], found["curve_length"], shift)
    relabelled = np.vstack([scale.of(t) for t in relabelled_maps(data.fitted, data.maps, SEED, n)])
    return (
        discoveries.Bound(discoveries.calibrated(pivotal, 0.05), shift, scale.of(data.t)),
        relabelled,
        pivotal,
    )


def sets(data):
    """Return sets of elements: clusters at several thresholds, and sets drawn at random."""
    rng = np.random.default_rng(SEED)
    neighbours = adjacency.grid_adjacency(data.mask, 6)
    found = [rng.choice(len(data.t), size, replace=False) for size in (1, 30, 300) for _ in range(10)]
    for threshold in (1.5, 2.0, 3.0):
        label = enhanced_maps.clusters(data.t, neighbours, threshold, True)[0]
        found += [np.flatnonzero(label == number) for number in range(1, label.max() + 1)]
    return found


def against_sanssouci(data, n=199):
    """Pivotal statistics and bounds on true discoveries, from the p of the same relabellings."""
    import sanssouci

    rows = []
    for shift in (0, 27):
        bound, relabelled, pivotal = bounds(data, n, shift)
        theirs = sanssouci.get_pivotal_stats_shifted(
            relabelled, sanssouci.inverse_shifted_linear_template, k_min=shift
        )
        name = f"shift {shift}"
        rows.append(within("sanssouci", f"pivotal statistics, {name}", relative(pivotal, theirs), 1e-12))
        m = len(bound.p)
        # They reach a threshold when they equal it, but for rounding, which would decide for one relabelling.
        level = bound.level * (1 + 1e-9)
        thresholds = sanssouci.shifted_linear_template(level, m, m, k_min=shift)
        apart = [bound.active(s) - sanssouci.min_tp(bound.p[s], thresholds) for s in sets(data)]
        rows.append(within("sanssouci", f"bounds of {len(apart)} sets, {name}", np.abs(apart).max(), 0))
        every = np.arange(1, m + 1)
        curve = every - sanssouci.curve_max_fp(bound.p, thresholds)
        apart = np.abs(bound.active_among_smallest(every) - curve).max()
        rows.append(within("sanssouci", f"bounds of the voxels with the smallest p, {name}", apart, 0))
    return rows


def against_ari(data):
    """All-Resolutions Inference: Simes at its own level, which knows more but not the correlation."""
    from validation.discoveries import ari

    bound, _, _ = bounds(data, 199, 0)
    simes = discoveries.Bound(0.05, 0, bound.p)
    chosen = [s for s in sets(data) if len(s) > 1]
    above = max(simes.active(s) - ari(bound.p, s) for s in chosen)
    quantity = f"bounds of {len(chosen)} sets at the level of Simes: by how much ours are above theirs"
    return [within("ARI", quantity, max(above, 0), 0)]


def against_nilearn(data, n, steps=STEPS):
    """t, cluster measures, stepped TFCE, and a null of other relabellings."""
    import nibabel as nib
    from nilearn.maskers import NiftiMasker
    from nilearn.mass_univariate import permuted_ols
    from nilearn.mass_univariate._utils import calculate_tfce
    from scipy.ndimage import generate_binary_structure

    masker = NiftiMasker(nib.Nifti1Image(data.mask.astype(np.uint8), np.eye(4)), standardize=None).fit()
    # Their masker collects garbage for every relabelling, which takes longer than all the rest.
    with patch("gc.collect"), warnings.catch_warnings(action="ignore"):
        theirs = permuted_ols(
            data.design[:, 2:], data.maps.astype(float), data.design[:, 1:2], n_perm=n, random_state=SEED,
            masker=masker, threshold=0.01, two_sided_test=True,
        )  # fmt: skip
    ours, formed = data.null(n, True)
    label, size, mass = enhanced_maps.clusters(data.t, formed.adjacency, formed.threshold, True)
    heights = data.t.astype(np.float32)
    exact = enhanced_maps.tfce_map(heights, formed.adjacency, E, H, True)
    errors = []
    for step in steps:
        # Their steps divide the maximum evenly, and what they leave out is the factor of the step.
        count = round(float(np.abs(heights).max()) / step)
        summed = calculate_tfce(data.volume(heights)[..., None], generate_binary_structure(3, 1), dh=step)
        errors.append(relative(summed[data.mask][:, 0] * np.abs(heights).max() / count, exact))
    rows = [
        within("nilearn", "t", relative(data.t, theirs["t"].ravel()), 1e-9),
        within("nilearn", "cluster size", relative(size[label], theirs["size"].ravel()), 0),
        within("nilearn", "cluster mass", relative(mass[label], theirs["mass"].ravel()), 1e-6),
        first_order("nilearn", "TFCE, its sum times the step", steps, errors),
    ]
    p = correction.fwe_p(np.abs(data.t), ours["voxel"])
    rows.append(_same_p("FWE p of t", p, 10 ** -theirs["logp_max_t"].ravel(), n))
    for name, key in {"voxel": "t", "cluster_size": "size", "cluster_mass": "mass"}.items():
        drawn = theirs[f"h0_max_{key}"].ravel()
        rows.append(_same_distribution(name.replace("_", " "), ours[name][1:], drawn))
    return rows


def _same_p(quantity, ours, theirs, n):
    """Two estimates of one p, each of n relabellings: their difference in standard errors, at its largest."""
    middle = (ours + theirs) / 2
    apart = np.abs(ours - theirs) / np.sqrt(2 * middle * (1 - middle) / n + 1 / n**2)
    text = f"{np.abs(ours - theirs).max():.3f}, {apart.max():.1f} standard errors"
    quantity = f"{quantity}, {n} relabellings each"
    # All voxels share two nulls: this is the largest deviation between two empirical distributions.
    return Row("nilearn", quantity, text, "at most 4 standard errors", bool(apart.max() <= 4))


def _same_distribution(name, ours, theirs):
    from scipy.stats import ks_2samp

    test = ks_2samp(ours, theirs)
    text = f"{test.statistic:.3f} apart, p = {test.pvalue:.2f}"
    quantity = f"null of the maximum {name} (Kolmogorov-Smirnov)"
    return Row("nilearn", quantity, text, "p above 0.001", bool(test.pvalue > 0.001))


class Mrclusterstats:
    """mrclusterstats of MRtrix3, one-sided as it is, with relabellings of ours."""

    def __init__(self, data, folder, n):
        import nibabel as nib

        self.folder = Path(folder)
        self.data = data
        names = []
        for i, values in enumerate(data.maps):
            names.append(f"map{i}.nii")
            nib.save(nib.Nifti1Image(data.volume(values), np.eye(4)), self.folder / names[-1])
        nib.save(nib.Nifti1Image(data.mask.astype(np.uint8), np.eye(4)), self.folder / "mask.nii")
        (self.folder / "maps.txt").write_text("\n".join(names) + "\n")
        np.savetxt(self.folder / "design.txt", data.design)
        np.savetxt(self.folder / "contrast.txt", data.contrast)
        source, _ = relabellings(data.exchangeability, SEED, 0, n + 1)
        # They move the residuals and we the labels: one is the inverse of the other.
        np.savetxt(self.folder / "relabellings.txt", np.argsort(source, axis=1).T, fmt="%d")

    def run(self, name, *options):
        """Run it, and return a function that reads its maps, and its null."""
        command = f"mrclusterstats maps.txt design.txt contrast.txt mask.nii {name}/"
        command += " -permutations relabellings.txt -quiet -nthreads 0"
        (self.folder / name).mkdir()
        command = [*command.split(), *map(str, options)]
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True)

        def read(what):
            import nibabel as nib

            path = self.folder / name / f"{what}.nii"
            convert = ["mrconvert", "-quiet", "-strides", "1,2,3", path.with_suffix(".mif"), path]
            subprocess.run(convert, check=True, capture_output=True)
            return nib.load(path).get_fdata()[self.data.mask]

        return read, np.loadtxt(self.folder / name / "null_dist.txt")


def against_mrclusterstats(data, folder, n, steps=STEPS):
    """t, cluster size, nulls by the same relabellings, and TFCE of z as its step goes to 0."""
    from scipy import stats

    peer = Mrclusterstats(data, folder, n)
    # t that has the same p as z: clusters are then the same, whichever of the two is cut.
    cut = stats.norm.isf(0.01)
    read, sizes = peer.run("clusters", "-threshold", repr(float(cut)))
    ours, formed = data.null(n, False)
    label, size, _ = enhanced_maps.clusters(data.t, formed.adjacency, formed.threshold, False)
    rows = [
        within("mrclusterstats", "t", relative(data.t, read("tvalue")), 1e-6),
        within("mrclusterstats", "z", relative(_z(data.t, data.dof), read("Zstat")), 1e-6),
        within("mrclusterstats", "cluster size", relative(size[label], read("clustersize")), 0),
        within("mrclusterstats", "null of cluster size", relative(ours["cluster_size"], sizes), 0),
    ]
    z = _z(relabelled_maps(data.fitted, data.maps, SEED, n), data.dof).astype(np.float32)
    workspace = enhancement.Workspace(formed.adjacency, E)
    exact_null = np.array([workspace.maxima(row, False, H, np.inf)[0] for row in z])
    exact = enhanced_maps.tfce_map(z[0], formed.adjacency, E, H, False)
    map_errors, null_errors = [], []
    for step in steps:
        read, summed = peer.run(f"tfce{step}", "-tfce_dh", step)
        map_errors.append(relative(read("tfce") * step, exact))
        null_errors.append(relative(summed * step, exact_null))
    theirs = 1 - read("fwe_1mpvalue")
    ours_p = correction.fwe_p(exact, exact_null)
    # Theirs counts only what is larger, so that the observed labelling is not among them.
    far = float(np.abs(ours_p - theirs - 1 / (n + 1))[exact > 0].max())
    return [
        *rows,
        first_order("mrclusterstats", "TFCE of z, its sum times the step", steps, map_errors),
        first_order("mrclusterstats", "null of TFCE of z, likewise", steps, null_errors),
        Row(
            "mrclusterstats", "FWE p of TFCE, after adding one of N + 1",
            f"{far:.1e}", f"at most 2 of {n + 1} ranks", bool(far <= 2 / (n + 1) + 1e-9),
        ),
    ]  # fmt: skip


def _z(t, dof):
    from scipy import stats

    return np.sign(t) * glm.z_of_log_p(stats.t.logsf(np.abs(t), dof))


def install_mrtrix():
    """Install mrclusterstats where that is possible, and say whether it is there."""
    if not shutil.which("mrclusterstats") and shutil.which("apt-get") and os.geteuid() == 0:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": False}
        subprocess.run(["apt-get", "update"], **quiet)
        subprocess.run(["apt-get", "install", "--yes", "--no-install-recommends", "mrtrix3"], **quiet)
    return bool(shutil.which("mrclusterstats"))
