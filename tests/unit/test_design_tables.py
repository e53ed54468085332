"""Matrices as files: what is written is read to the last digit."""

import numpy as np
from permaps.design.tables import read_contrast, read_numbers


def test_matrices_are_read_as_they_were_written(tmp_path):
    numbers = np.array([[1, 0.1], [1, -1 / 3], [1, 1e-17]])
    rows = [f"sub-{i}\t{a!r}\t{b!r}" for i, (a, b) in enumerate(numbers.tolist())]
    path = tmp_path / "design.tsv"
    path.write_text("\n".join(["participant_id\tIntercept\tage", *rows]) + "\n")
    names, keys, matrix = read_numbers(path)
    assert names == ["Intercept", "age"] and keys == [["sub-0"], ["sub-1"], ["sub-2"]]
    np.testing.assert_array_equal(matrix, numbers)


def test_a_contrast_is_found_among_others(tmp_path):
    path = tmp_path / "contrasts.tsv"
    lines = ["contrast\tstatistic\trow\tA\tB", "one\tt\t1\t1\t0", "both\tF\t1\t1\t0", "both\tF\t2\t0\t1"]
    path.write_text("\n".join(lines) + "\n")
    weights, statistic = read_contrast(path, "both")
    assert statistic == "F" and weights.tolist() == [[1, 0], [0, 1]]
    weights, statistic = read_contrast(path, "one")
    assert statistic == "t" and weights.tolist() == [[1, 0]]
