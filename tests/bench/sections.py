"""What is measured, in the order of the page. To add a section, write its functions in a module, and a row here."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import (
    beside,
    bounds,
    earlier,
    growth,
    joint,
    memory,
    palm,
    parts,
    spaces,
    studies,
    voxel_only,
    voxelwise,
    whole,
)
from bench.example import Example


@dataclass(frozen=True)
class Section:
    """A section of the page.

    Attributes
    ----------
    title : str
    measure : callable
        Takes the example and returns numbers that JSON can hold, all that the page says of them; or None where what
        it needs is not there.
    text : callable
        Returns the section's Markdown from these numbers.
    draw : callable, optional
        Draws its figures from them into a folder.
    """

    title: str
    measure: Callable[[Example], dict]
    text: Callable[[dict], str]
    draw: Callable[[dict, Path], None] | None = None


SECTIONS = {
    "beside": Section("Beside other tools", beside.measure, beside.text),
    "whole": Section("The whole way", whole.measure, whole.text),
    "earlier": Section("Beside version 0.1", earlier.measure, earlier.text),
    "parts": Section("Where the time goes", parts.measure, parts.text, parts.draw),
    "voxelwise": Section("Where voxels differ in their models", voxelwise.measure, voxelwise.text),
    "spaces": Section("Surfaces, grayordinates and connectomes", spaces.measure, spaces.text),
    "voxel_only": Section("Voxel statistics alone", voxel_only.measure, voxel_only.text),
    "bounds": Section("Bounds on true discoveries", bounds.measure, bounds.text),
    "joint": Section("Several inputs tested together", joint.measure, joint.text),
    "palm": Section("Joint tests beside PALM", palm.measure, palm.text),
    "growth": Section("How it grows", growth.measure, growth.text, growth.draw),
    **{
        name: Section(study.title, study.measure, study.text)
        for name, study in (("many_voxels", studies.MANY_VOXELS), ("many_people", studies.MANY_PEOPLE))
    },
    "memory": Section("Memory", memory.measure, memory.text),
}
