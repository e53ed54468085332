"""Small pieces of HTML: a page that stands alone, a table, an embedded picture."""

import base64
from html import escape
from pathlib import Path

STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.55 system-ui, sans-serif; color: #222; background: #fff; max-width: 66rem;
  margin: 0 auto; padding: 1.5rem 1.25rem 4rem; }
h1 { font-size: 1.6rem; margin: 0 0 .3rem; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; border-bottom: 1px solid #ddd; padding-bottom: .2rem; }
h3 { font-size: 1rem; margin: 1.4rem 0 .4rem; }
img { max-width: 100%; height: auto; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .84rem; font-variant-numeric: tabular-nums; }
th, td { padding: .28rem .55rem; text-align: right; white-space: nowrap; border-bottom: 1px solid #eee; }
th { border-bottom: 2px solid #444; }
th.text, td.text { text-align: left; }
.note { background: #fff6e5; border-left: 4px solid #E69F00; padding: .6rem 1rem; }
.note ul { margin: 0; padding-left: 1.1rem; }
.paste { background: #f5f7f9; border-left: 4px solid #0072B2; padding: .6rem 1rem; }
.lead { font-size: 1.05rem; }
ol.references { font-size: .86rem; padding-left: 1.3rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: 0; }
dt { font-weight: 600; } dd { margin: 0; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .5rem; } }
"""


# Of the report's first page: its column is narrow, and centring would cut off the top of a tall one.
PART_STYLE = """
.h-screen.items-center { align-items: safe center; }
.max-w-lg { max-width: 44rem; }
.permaps dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; }
.permaps dt, .permaps dd { margin: 0; padding: 0; }
.permaps td, .permaps th { text-align: right; }
.permaps .text { text-align: left; }
/* On a telephone: the menu above the page, not upon it, and no graph of the workflow beside it. */
@media (max-width: 48rem) {
  .flex-row.w-screen { flex-direction: column; }
  .flex-row.w-screen > nav.min-w-fit { width: 100%; height: auto; flex: none; }
  .flex-row.w-screen > .grow { height: auto; min-height: 0; align-items: flex-start; }
  .vega-embed { display: none; }
  .permaps dl { grid-template-columns: 1fr; }
  .permaps dt { font-weight: 600; }
  .permaps td, .permaps th { padding-left: .2rem; padding-right: .2rem; }
}
"""


def part(body):
    """Return a piece of a page that brings its own style."""
    return f'<div class="permaps">\n<style>{PART_STYLE}</style>\n{body}\n</div>\n'


def page(title, body):
    """Return a whole page with its style in it and nothing to be fetched."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def table(columns, rows, text=()):
    """Return a table; columns named in `text` are set left, all else right as numbers."""
    left = [' class="text"' if name in text else "" for name in columns]
    head = "".join(f"<th{c}>{escape(name)}</th>" for c, name in zip(left, columns, strict=True))
    body = "\n".join(
        "<tr>"
        + "".join(f"<td{c}>{escape(str(cell))}</td>" for c, cell in zip(left, row, strict=True))
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="wide"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>'
    )


def picture(path, alternative):
    """Return a PNG file as an image that lies in the page."""
    content = Path(path).read_bytes()
    # The header's width, in the 96 dots per inch of a page: figures keep their sizes to one another.
    width = round(int.from_bytes(content[16:20], "big") * 96 / 150)
    data = base64.b64encode(content).decode()
    return f'<img alt="{escape(alternative)}" width="{width}" src="data:image/png;base64,{data}">'


def items(lines, kind="ul", style=""):
    """Return a list of texts."""
    named = f' class="{style}"' if style else ""
    return f"<{kind}{named}>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + f"</{kind}>"


def pairs(entries):
    """Return names with their values, as a definition list."""
    return "<dl>" + "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in entries.items()) + "</dl>"
