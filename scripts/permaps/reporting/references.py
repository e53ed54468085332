"""The papers behind the methods: how they are cited in a text, in a list, and as BibTeX."""

import re
from collections.abc import Iterable
from pathlib import Path

# The file is ours: each entry ends with a brace on a separate line, and each field with "},".
_ENTRY = re.compile(r"^@\w+\{(\w+),\n.*?^\}$", flags=re.M | re.S)
_FIELD = re.compile(r"^  (\w+) = \{(.*?)\},$", flags=re.M | re.S)
_TEXT = Path(__file__).with_name("references.bib").read_text(encoding="utf-8")

# By key: the text of the entry, and its fields.
ENTRIES = {
    entry[1]: (entry[0], {name: " ".join(value.split()) for name, value in _FIELD.findall(entry[0])})
    for entry in _ENTRY.finditer(_TEXT)
}


def _short(key):
    """Return authors and year as in a citation."""
    fields = ENTRIES[key][1]
    surnames = [author.split(",")[0] for author in fields["author"].split(" and ")]
    named = " and ".join(surnames) if len(surnames) < 3 else f"{surnames[0]} et al."
    return f"{named}, {fields['year']}"


def cite(*keys: str) -> str:
    """Return a citation of the papers with these keys, in parentheses."""
    return f"({'; '.join(map(_short, keys))})"


def cited(text: str) -> list[str]:
    """Return the keys of the papers that a text cites, in the order of their first citation."""
    # A letter after the year says that it is another paper.
    at = {key: re.search(re.escape(_short(key)) + "(?![a-z])", text) for key in ENTRIES}
    return sorted((key for key, where in at.items() if where), key=lambda key: at[key].start())


def bibtex(keys: Iterable[str]) -> str:
    """Return the BibTeX entries of these keys."""
    return "\n\n".join(ENTRIES[key][0] for key in keys) + "\n"


def listed(key: str) -> str:
    """Return one paper as a line for a list of references."""
    fields = ENTRIES[key][1]
    authors = fields["author"].split(" and ")
    shown = "; ".join(authors[:3]) + (" et al." if len(authors) > 3 else "")
    title = re.sub("[{}]", "", fields["title"])
    if "journal" in fields:
        where = f"{fields['journal']} {fields['volume']}:{fields['pages'].replace('--', '–')}"
    else:
        where = ". ".join(fields[name] for name in ("booktitle", "publisher") if name in fields)
    doi = f" doi:{fields['doi']}" if "doi" in fields else ""
    return f"{shown} ({fields['year']}). {title}. {where}.{doi}"
