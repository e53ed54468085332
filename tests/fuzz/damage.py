"""What is fed to the readers: random configs, tables, expressions, and damaged files."""

import datetime
import gzip
import io

import nibabel as nib
import numpy as np
import yaml
from hypothesis import strategies as st
from permaps.workflow.schema import keys, keys_of_source

# Text

awkward = st.sampled_from(
    [
        *("", " ", "\n", "\r\n", "\t", "\0", "\ufeff", "\u2028", "é", "\U0001f9e0"),
        *('"', "'", "`", "{", "}", "{}", "${x}", "$(x)", "__class__", "..", "/", "\\", "~", "a" * 300),
        *("n/a", "nan", "inf", "-0", "1e400", "1_000", "0,5", "no"),
    ]
)
texts = st.one_of(st.text(max_size=20), awkward, st.lists(awkward, max_size=4).map("".join))


def expressions(words):
    """Text that is nearly an expression: words and signs in any order, sometimes deeply nested."""
    word = st.one_of(
        st.sampled_from(words), st.sampled_from(["0", "1", "2.5", "1e9", "10**9", "9" * 30, "'x'", "()"])
    )
    sign = st.sampled_from(
        ["+", "-", "*", "/", ":", "**", "^", "~", "|", "%", "==", "<", "&", " and ", " in ", ",", "", " "]
    )
    chain = st.lists(st.tuples(word, sign), min_size=1, max_size=12).map(
        lambda parts: "".join(a + b for a, b in parts)
    )
    wrapped = st.tuples(
        st.sampled_from(["(", "I(", "log(", "C(", "{", "[", "`", "-"]),
        chain,
        st.sampled_from([")", "}", "]", "`", ""]),
    )
    nested = st.tuples(st.sampled_from(["(", "-", "I(", "not "]), st.integers(1, 3000), chain).map(
        lambda x: x[0] * x[1] + x[2]
    )
    return st.one_of(
        chain, wrapped.map("".join), st.tuples(chain, wrapped.map("".join)).map("+".join), nested, texts
    )


# Code

CANARY = "pwned"
_code = st.sampled_from(
    [
        *("__import__('os').system('touch pwned')", "open('pwned', 'w')", "exec(\"open('pwned', 'w')\")"),
        *(
            "eval(\"open('pwned', 'w')\")",
            "(lambda: open('pwned', 'w'))()",
            "[open('pwned', 'w') for _ in 'a']",
        ),
        *("age.to_csv('pwned')", "`age`.to_csv('pwned')", "np.save('pwned', age)", "@open('pwned', 'w')"),
        *('f\'{open("pwned", "w")}\'', "log(open('pwned', 'w')(1))", "getattr(age, 'to_csv')('pwned')"),
        *(
            "().__class__.__base__.__subclasses__()",
            "\uff4f\uff50\uff45\uff4e('pwned', 'w')",
            "contr.__class__",
        ),
        *("\uff3f\uff3fimport\uff3f\uff3f('os').system('touch pwned')", "(x := open('pwned', 'w'))"),
        *(
            "\U0001d41eval(\"open('pwned', 'w')\")",
            "__builtins__['open']('pwned', 'w')",
            "{open('pwned', 'w')}",
        ),
    ]
)
_signs = st.sampled_from(
    [
        *(
            "'",
            '"',
            "`",
            "'''",
            '"""',
            "\\",
            "\\'",
            '\\"',
            "'`'",
            '"`"',
            "''",
            "``",
            "\\`",
            "\uff40",
            "\u2019",
        ),
        *(
            "(",
            ")",
            "[",
            "]",
            "{",
            "}",
            "%",
            "+",
            " + ",
            "*",
            "~",
            "|",
            ":",
            ",",
            ", ",
            " ",
            "=",
            "==",
            "#",
            "r'",
        ),
        *("\n", "\r", "\t", "\f", "\v", "\x1c", "\x1e", "\x85", "\u2028", "\u2029", "\u00a0", "\u200b", "\0"),
        *(
            "__",
            ".__class__",
            "\uff3f\uff3f",
            "lambda:",
            "if 1 else",
            " for x in ",
            " in ",
            "\u0661",
            "\u00b2",
        ),
    ]
)
_around = st.sampled_from(
    [
        *("#", "1 + age + I(#)", "I([#])", "C(group, levels=[#])", "C(group, Treatment(#))", "log(#) ~ age"),
        *("# ~ age", "1 + `#`", "{#}", "poly(age, #)", "age + I(age, #)", "log(`age`, #)", "age %in% #"),
        *("age == #", "group in [#]", "group == # or age > 30", "not (#)", "`#` > 3", "# | group == 'a'"),
        *("`group[T.b]` - #", "2 * (#)", "maps/{#}.nii", "center(#)"),
    ]
)


@st.composite
def programs(draw, words):
    """Code that would leave a file, between quotation marks, backticks, brackets and names in any order."""
    part = st.one_of(_code, _signs, _signs, st.sampled_from(words))
    text = "".join(draw(st.lists(part, min_size=1, max_size=9)))
    if draw(st.booleans()):
        mark = draw(st.sampled_from(["'`'", '"`"', "`", "'", "'\\\\'`'", "'''`'''"]))
        join = draw(st.sampled_from([" + ", ", ", "", " == ", "\u2028", "\n"]))
        text = join.join([mark, draw(st.one_of(_code, st.just(text))), mark])
    text = draw(_around).replace("#", text)
    if draw(st.booleans()):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.one_of(_signs, st.just(""))) + text[at + draw(st.integers(0, 2)) :]
    return text


# Configs

leaves = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(-3, 40), st.floats(), texts, st.binary(max_size=5),
    st.just(datetime.date(2024, 1, 1)), st.just({"a"}), st.just(10**400), st.just((1, 2)),
)  # fmt: skip
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(texts, st.integers(), st.none(), st.booleans()), inner, max_size=3),
    ),
    max_leaves=6,
)


def configs(defaults, schema):
    """Configs whose keys are mostly right and whose values mostly are not."""
    names = list(keys(schema))
    names += [f"dataset.{k}" for s in ("simulated", "localizer", "table") for k in keys_of_source(schema, s)]
    value = st.one_of(values, st.sampled_from([*_leaves(defaults), "table", "localizer", "file", "template"]))

    def nested(pairs):
        config = {}
        for name, given in pairs:
            *sections, key = name.split(".")
            place = config
            for section in sections:
                place = place.setdefault(section, {})
                if not isinstance(place, dict):
                    break
            else:
                place[key] = given
        return config

    some = st.lists(st.tuples(st.one_of(st.sampled_from(names), texts), value), max_size=8).map(nested)
    return st.one_of(
        some, st.dictionaries(st.one_of(texts, st.sampled_from(list(defaults))), values, max_size=4)
    )


def _leaves(config):
    for value in config.values():
        yield from _leaves(value) if isinstance(value, dict) else [value]


def yaml_texts(defaults):
    """The defaults as text, with lines lost, doubled and overwritten."""
    lines = yaml.safe_dump(defaults).splitlines()
    line = st.one_of(st.sampled_from(lines), texts, st.tuples(st.sampled_from(lines), texts).map("".join))
    return st.lists(line, max_size=12).map("\n".join)


# Tables


@st.composite
def tables(draw):
    """Bytes of a table of participants, with whatever can be wrong with one."""
    n = draw(st.integers(1, 5))
    columns = draw(
        st.lists(
            st.one_of(st.sampled_from(["participant_id", "map", "age", "group"]), texts),
            min_size=1,
            max_size=5,
        )
    )
    cell = st.one_of(
        texts,
        st.integers().map(str),
        st.floats().map(str),
        st.sampled_from(["sub-1", "sub-01", "a.nii", "n/a"]),
    )
    rows = [columns, *[[draw(cell) for _ in columns] for _ in range(n)]]
    if draw(st.booleans()):
        rows[-1] = rows[-1][:-1]
    delimiter, end = draw(st.sampled_from("\t,; |")), draw(st.sampled_from(["\n", "\r\n", "\r"]))
    text = end.join(delimiter.join(row) for row in rows)
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"]))
    content = text.encode(encoding, "replace")
    return draw(damaged(content)) if draw(st.booleans()) else content


# Files


@st.composite
def damaged(draw, content):
    """Bytes cut off, appended, overwritten, taken out or repeated."""
    data = bytearray(content)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        kind = draw(st.sampled_from(["cut", "append", "overwrite", "remove", "repeat"]))
        new = draw(st.one_of(st.binary(max_size=16), st.sampled_from([b"\xff" * 8, b"\0" * 8, b"\x7f" * 8])))
        if kind == "cut":
            del data[at:]
        elif kind == "append":
            data += new
        elif kind == "overwrite":
            data[at : at + len(new)] = new
        elif kind == "remove":
            del data[at : at + len(new)]
        else:
            data[at:at] = data[at : at + 64]
    return bytes(data)


def an_image(kind=nib.Nifti1Image, dtype="f4"):
    """Bytes of a small image, uncompressed: the header, then the values."""
    data = np.random.default_rng(0).normal(size=(4, 5, 6)).astype(dtype)
    return kind(data, np.diag([2.0, 2, 2, 1]), dtype=data.dtype).to_bytes()


@st.composite
def images(draw):
    """A file name and the bytes of a damaged image: the header is hit more often than the rest."""
    kind = draw(st.sampled_from([nib.Nifti1Image, nib.Nifti2Image]))
    content = an_image(kind, draw(st.sampled_from(["f4", "f8", "i2", "u1"])))
    size = 352 if kind is nib.Nifti1Image else 544
    intact = size if draw(st.booleans()) else len(content)
    content = draw(damaged(content[:intact])) + content[intact:]
    if draw(st.booleans()):
        return "map.nii", content
    zipped = gzip.compress(content, 1, mtime=0)
    return "map.nii.gz", draw(damaged(zipped)) if draw(st.booleans()) else zipped


def a_chunk(fingerprint):
    """Bytes of a sound chunk of a null, relabellings 0 to 4."""
    file = io.BytesIO()
    n = 5
    np.savez(
        file,
        index=np.arange(n),
        voxel=np.linspace(1, 2, n),
        tfce=np.linspace(3, 4, n),
        cluster_size=np.arange(n),
        cluster_mass=np.linspace(5, 6, n),
        exceedances=np.arange(7),
        fingerprint=np.array(fingerprint),
    )
    return file.getvalue()
