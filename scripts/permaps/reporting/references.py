"""The papers behind the methods: how they are cited in a text, in a list, and as BibTeX."""

import re

BIBTEX = """\
@article{winkler2014,
  author = {Winkler, Anderson M. and Ridgway, Gerard R. and Webster, Matthew A. and Smith, Stephen M. and
      Nichols, Thomas E.},
  title = {Permutation inference for the general linear model},
  journal = {NeuroImage},
  volume = {92},
  pages = {381--397},
  year = {2014},
  doi = {10.1016/j.neuroimage.2014.01.060},
}

@article{winkler2016,
  author = {Winkler, Anderson M. and Ridgway, Gerard R. and Douaud, Gwenaëlle and Nichols, Thomas E. and
      Smith, Stephen M.},
  title = {Faster permutation inference in brain imaging},
  journal = {NeuroImage},
  volume = {141},
  pages = {502--516},
  year = {2016},
  doi = {10.1016/j.neuroimage.2016.05.068},
}

@article{freedman1983,
  author = {Freedman, David and Lane, David},
  title = {A nonstochastic interpretation of reported significance levels},
  journal = {Journal of Business and Economic Statistics},
  volume = {1},
  number = {4},
  pages = {292--298},
  year = {1983},
  doi = {10.1080/07350015.1983.10509354},
}

@article{nichols2002,
  author = {Nichols, Thomas E. and Holmes, Andrew P.},
  title = {Nonparametric permutation tests for functional neuroimaging: a primer with examples},
  journal = {Human Brain Mapping},
  volume = {15},
  number = {1},
  pages = {1--25},
  year = {2002},
  doi = {10.1002/hbm.1058},
}

@article{phipson2010,
  author = {Phipson, Belinda and Smyth, Gordon K.},
  title = {Permutation P-values should never be zero: calculating exact P-values when permutations are
      randomly drawn},
  journal = {Statistical Applications in Genetics and Molecular Biology},
  volume = {9},
  number = {1},
  pages = {39},
  year = {2010},
  doi = {10.2202/1544-6115.1585},
}

@article{smith2009,
  author = {Smith, Stephen M. and Nichols, Thomas E.},
  title = {Threshold-free cluster enhancement: addressing problems of smoothing, threshold dependence and
      localisation in cluster inference},
  journal = {NeuroImage},
  volume = {44},
  number = {1},
  pages = {83--98},
  year = {2009},
  doi = {10.1016/j.neuroimage.2008.03.061},
}

@article{hayasaka2003,
  author = {Hayasaka, Satoru and Nichols, Thomas E.},
  title = {Validating cluster size inference: random field and permutation methods},
  journal = {NeuroImage},
  volume = {20},
  number = {4},
  pages = {2343--2356},
  year = {2003},
  doi = {10.1016/j.neuroimage.2003.08.003},
}

@article{bullmore1999,
  author = {Bullmore, Edward T. and Suckling, John and Overmeyer, Stephan and Rabe-Hesketh, Sophia and
      Taylor, Eric and Brammer, Michael J.},
  title = {Global, voxel, and cluster tests, by theory and permutation, for a difference between two
      groups of structural {MR} images of the brain},
  journal = {IEEE Transactions on Medical Imaging},
  volume = {18},
  number = {1},
  pages = {32--42},
  year = {1999},
  doi = {10.1109/42.750253},
}

@article{pinel2007,
  author = {Pinel, Philippe and Thirion, Bertrand and Meriaux, Sébastien and Jobert, Antoinette and
      Serres, Julien and Le Bihan, Denis and Poline, Jean-Baptiste and Dehaene, Stanislas},
  title = {Fast reproducible identification and large-scale databasing of individual functional cognitive
      networks},
  journal = {BMC Neuroscience},
  volume = {8},
  pages = {91},
  year = {2007},
  doi = {10.1186/1471-2202-8-91},
}

@article{abraham2014,
  author = {Abraham, Alexandre and Pedregosa, Fabian and Eickenberg, Michael and Gervais, Philippe and
      Mueller, Andreas and Kossaifi, Jean and Gramfort, Alexandre and Thirion, Bertrand and Varoquaux,
      Gaël},
  title = {Machine learning for neuroimaging with scikit-learn},
  journal = {Frontiers in Neuroinformatics},
  volume = {8},
  pages = {14},
  year = {2014},
  doi = {10.3389/fninf.2014.00014},
}

@article{molder2021,
  author = {Mölder, Felix and Jablonski, Kim Philipp and Letcher, Brice and Hall, Michael B. and
      Tomkins-Tinch, Christopher H. and Sochat, Vanessa and Forster, Jan and Lee, Soohyun and Twardziok,
      Sven O. and Kanitz, Alexander and Wilm, Andreas and Holtgrewe, Manuel and Rahmann, Sven and Nahnsen,
      Sven and Köster, Johannes},
  title = {Sustainable data analysis with {Snakemake}},
  journal = {F1000Research},
  volume = {10},
  pages = {33},
  year = {2021},
  doi = {10.12688/f1000research.29032.2},
}
"""


def _parsed():
    """Entries and their fields by key."""
    found = {}
    for entry in BIBTEX.split("\n\n"):
        key = re.match(r"@\w+\{(\w+),", entry)[1]
        fields = re.findall(r"^  (\w+) = \{(.*?)\},$", entry, flags=re.M | re.S)
        found[key] = entry.strip(), {name: " ".join(value.split()) for name, value in fields}
    return found


ENTRIES = _parsed()


def _short(key):
    """Say authors and year, as a text cites them."""
    fields = ENTRIES[key][1]
    surnames = [author.split(",")[0] for author in fields["author"].split(" and ")]
    named = " and ".join(surnames) if len(surnames) < 3 else f"{surnames[0]} et al."
    return f"{named}, {fields['year']}"


def cite(*keys):
    """Return a parenthesis with the papers of these keys."""
    return f"({'; '.join(map(_short, keys))})"


def cited(text):
    """Return the keys of the papers that a text cites, in the order of their first citation."""
    at = {key: text.find(_short(key)) for key in ENTRIES}
    return sorted((key for key, where in at.items() if where >= 0), key=at.get)


def bibtex(keys):
    """Return the BibTeX entries of these keys."""
    return "\n\n".join(ENTRIES[key][0] for key in keys) + "\n"


def listed(key):
    """Return one paper as a line of a list of references."""
    fields = ENTRIES[key][1]
    authors = fields["author"].split(" and ")
    shown = "; ".join(authors[:3]) + (" et al." if len(authors) > 3 else "")
    title = re.sub("[{}]", "", fields["title"])
    where = f"{fields['journal']} {fields['volume']}:{fields['pages'].replace('--', '–')}"
    return f"{shown} ({fields['year']}). {title}. {where}. doi:{fields['doi']}"
