"""A study as small as one can be: eight participants, maps of 8 x 8 x 8 voxels, one covariate."""

import shutil
from pathlib import Path

import nibabel as nib
import numpy as np
from fsl_files import write_vest

AFFINE = np.array([[3.0, 0, 0, -12], [0, 3, 0, -12], [0, 0, 3, -12], [0, 0, 0, 1]])
SHAPE = (8, 8, 8)
N = 8


class Study:
    """The files of a study, to be damaged by the cases."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.table = self.folder / "participants.tsv"
        (self.folder / "maps").mkdir(parents=True)
        self.columns = ["participant_id", "map", "age", "group", "score"]
        self.rows = []
        for i in range(N):
            self.add(f"sub-{i + 1:02d}")
        self.write()
        write_vest(self.folder / "design.mat", [[1, i % 2, i] for i in range(N)])
        write_vest(self.folder / "design.con", [[0, 0, 1]], ContrastName1="age")

    def add(self, name, **values):
        """Add a participant with a sound map, and return the map's path."""
        i = len(self.rows)
        path = self.folder / "maps" / f"{i + 1:02d}.nii.gz"
        save(path, sound(i))
        row = {
            "participant_id": name,
            "map": f"maps/{path.name}",
            "age": str(20 + 3 * i % 7 + i // 7),
            "group": "ab"[i % 2],
            "score": f"{0.1 * i * i:.2f}",
        }
        self.rows.append(row | values)
        return path

    def write(self, end="\n", delimiter="\t", encoding="utf-8"):
        """Write the table."""
        lines = [self.columns, *([row[c] for c in self.columns] for row in self.rows)]
        text = "".join(delimiter.join(line) + end for line in lines)
        self.table.write_bytes(text.encode(encoding))

    def set(self, row, column, value):
        """Change one value of the table."""
        self.rows[row][column] = value
        self.write()

    def replace(self, old, new):
        """Change the table's text."""
        self.table.write_bytes(self.table.read_bytes().replace(old, new))

    def map(self, row):
        """Path of a participant's map."""
        return self.folder / self.rows[row]["map"]

    def mask(self, data, affine=AFFINE):
        """Write a mask, to be named in the config as ../study/mask.nii.gz."""
        save(self.folder / "mask.nii.gz", np.asarray(data, np.uint8), affine)

    def move(self, folder):
        """Move the study elsewhere."""
        shutil.move(self.folder, folder)
        self.folder, self.table = Path(folder), Path(folder) / self.table.name


def inside():
    """The voxels that hold values: all but the border."""
    brain = np.zeros(SHAPE, bool)
    brain[1:-1, 1:-1, 1:-1] = True
    return brain


def sound(seed):
    """A map as it should be: noise in the brain, 0 around it."""
    noise = np.random.default_rng(seed).normal(0.2, 1, SHAPE)
    return np.where(inside(), noise, 0).astype(np.float32)


def save(path, data, affine=AFFINE):
    """Write an image with the data's own type."""
    nib.save(nib.Nifti1Image(data, affine, dtype=data.dtype), path)
