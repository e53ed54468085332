"""The report and the summary, opened in a headless Chromium as users would."""

import base64
import io
import itertools
import re

import numpy as np
import pytest
from browser import Browser, chromium
from permaps.figures import cortex
from permaps.spaces.surface import Surface
from PIL import Image

pytestmark = pytest.mark.skipif(
    chromium() is None, reason="no Chromium here (on Debian: apt-get install chromium)"
)

WIDE, NARROW = (1400, 900), (420, 900)
CATEGORIES = ["1 Summary", "2 Results", "3 Tables", "4 Permutation", "5 Design and quality"]
ROWS = "[...document.querySelectorAll('nav tbody tr')]"
LOADED = "[...document.images].every(i => i.complete && i.naturalWidth > 0)"


@pytest.fixture(scope="module")
def report(finished, tmp_path_factory):
    """The report of the tiny study."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    finished.finish("--report", path)
    return path


@pytest.fixture
def browser(tmp_path):
    browser = Browser(tmp_path / "profile")
    yield browser
    browser.close()
    assert browser.problems == []
    elsewhere = [url for url in browser.requests if not url.startswith(("file:", "data:", "blob:", "about:"))]
    assert elsewhere == [], "the page asks for something that is not in it"


def shades(path, left=0):
    """The share of pixels, right of a column, that are not of the commonest colour."""
    pixels = np.asarray(Image.open(path).convert("RGB"), dtype=int)[:, left:]
    _, counts = np.unique(pixels.reshape(-1, 3) @ [65536, 256, 1], return_counts=True)
    return 1 - counts.max() / counts.sum()


def test_landing_page_shows_question_figure_and_numbers(report, browser, tmp_path):
    browser.open(f"file://{report}", *WIDE)
    browser.wait("document.querySelector('.permaps table')")
    text = browser.run("document.querySelector('.permaps').innerText")
    for part in ("where does the effect of age differ from 0?", "Significant voxels", "8", "1 + age"):
        assert part in text, part
    browser.wait(LOADED)
    assert browser.run("document.querySelectorAll('.permaps img').length") == 1
    # Nothing lies below the menu, above the window's edge, where nobody could scroll, nor beyond the right one.
    menu, page = (
        browser.run(f"document.querySelector('{part}').getBoundingClientRect().toJSON()")
        for part in ("nav", ".permaps")
    )
    assert page["left"] >= menu["right"]
    assert page["top"] >= 0
    assert page["right"] <= WIDE[0] + 1
    picture = browser.screenshot(tmp_path / "landing.png")
    assert shades(picture, left=int(menu["right"])) > 0.03


def test_links_of_the_landing_page_lead_to_the_categories(report, browser):
    browser.open(f"file://{report}")
    browser.wait("document.querySelector('.permaps')")
    links = browser.run("[...document.querySelectorAll('.prose a')].map(a => a.innerText)")
    assert set(links) <= set(CATEGORIES)
    assert len(links) >= 2
    for link in links:
        browser.click(".prose a", link)
        browser.wait(f"document.querySelector('nav').innerText.includes('{link}') && {ROWS}.length > 0")
        home(browser)


def home(browser):
    browser.run("document.querySelector('nav nav a').click()")
    browser.wait("document.querySelector('nav').innerText.includes('5 Design and quality')")


def test_everything_in_every_category_can_be_looked_at(report, browser):
    browser.open(f"file://{report}")
    browser.wait("document.querySelector('.permaps')")
    menu = browser.run("document.querySelector('nav').innerText")
    assert [line for line in menu.splitlines() if re.match(r"\d ", line)] == CATEGORIES
    shown = list(everything(browser))
    kinds = [kind for kind, _ in shown]
    # Figures; the summary and the viewer; the tables of clusters, of relabellings and of the summary.
    assert kinds.count("image") == 1 + 2 + 4 + 4 + 4
    assert kinds.count("page") == 2
    assert kinds.count("table") == 4 + 1
    # Captions with numbers of the run itself.
    captions = " ".join(caption for _, caption in shown)
    for part in ("20 relabellings", "corrected p of at most 0.05", "participants"):
        assert part in captions, part
    assert "snakemake." not in captions
    assert "{{" not in captions


def everything(browser):
    """Look at all entries of all categories."""
    for category in CATEGORIES:
        browser.click("nav a", category)
        browser.wait(f"{ROWS}.length > 0")
        for k in range(browser.run(f"{ROWS}.length")):
            yield look_at(browser, k)
        home(browser)


def look_at(browser, k):
    """Open one entry of a category; return what it is, and its description."""
    row = f"{ROWS}[{k}]"
    href = browser.run(f"{row}.querySelector('a[iconname=eye]').href")
    if href.startswith("data:"):
        # Opened by the system's own programme for tables.
        table = base64.b64decode(href.partition("base64,")[2]).decode().splitlines()
        assert len(table) > 1
        assert len({line.count("\t") for line in table}) == 1
        kind = "table"
    else:
        browser.run(f"{row}.querySelector('a[iconname=eye]').click()")
        # The main part has one child, which is the picture's frame or the page.
        main = "document.querySelector('#app .grow.flex.h-screen')"
        browser.wait(f"!{main}.querySelector('.permaps') && {main}.querySelector('img, iframe')")
        kind = "image" if browser.run(f"Boolean({main}.querySelector('img'))") else "page"
        browser.wait(LOADED)
    browser.run(f"{row}.querySelector('a[iconname=information-circle]').click()")
    browser.wait("document.querySelector('nav').innerText.includes('DESCRIPTION')")
    text = browser.run("document.querySelector('nav').innerText")
    description = text.partition("DESCRIPTION")[2].partition("SIZE")[0].strip()
    assert len(description) > 40
    # Back to the list, which is the last but one of the crumbs.
    browser.run("(c => c[c.length - 2].click())([...document.querySelectorAll('nav nav li a')])")
    browser.wait(f"{ROWS}.length > {k} && {row}.querySelector('a[iconname=information-circle]')")
    return kind, description


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("name", ["summary.html", "figures/contrast-age_viewer.html"])
def test_pages_stand_alone(finished, browser, tmp_path, size, name):
    browser.open(f"file://{finished.result(name)}", *size)
    browser.wait("document.querySelector('img, canvas')")
    browser.wait(LOADED)
    assert shades(browser.screenshot(tmp_path / "page.png")) > 0.03
    if name == "summary.html":
        assert browser.run("document.documentElement.scrollWidth") <= size[0]
        for part in ("Summary", "Limitations", "Methods, ready to paste", "References"):
            assert part in browser.run("document.body.innerText"), part


def test_a_broken_page_would_be_noticed(tmp_path):
    path = tmp_path / "page.html"
    path.write_text('<img src="data:image/png;base64,AAAA"><script>nonsense()</script>')
    browser = Browser(tmp_path / "profile")
    try:
        browser.open(f"file://{path}")
        browser.wait("document.images[0].complete")
        assert not browser.run(LOADED)
        assert any("nonsense" in problem for problem in browser.problems)
        assert shades(browser.screenshot(tmp_path / "a.png")) < 0.03
        assert shades(picture_of(np.zeros((9, 9, 3), np.uint8))) == 0
    finally:
        browser.close()


def picture_of(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png")
    file.seek(0)
    return file


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_page_of_the_run_can_be_read_and_its_clusters_move_the_view(finished, browser, size):
    browser.open(f"file://{finished.result('report.html')}", *size)
    browser.wait("document.querySelector('iframe')")
    browser.run("document.querySelectorAll('img').forEach(i => { i.loading = 'eager'; })")
    browser.wait(LOADED)
    heads = browser.run("[...document.querySelectorAll('h2')].map(h => h.innerText)")
    assert heads == ["Question", "Quality", "Design", "Results", "age", "Methods, ready to paste", "Files"]
    assert browser.run("[...document.images].every(i => i.alt)")
    # What is wide scrolls on its own.
    assert browser.run("document.documentElement.scrollWidth") <= size[0] + 1
    browser.run("document.querySelector('iframe').scrollIntoView()")
    view = "document.querySelector('iframe').contentWindow.brain"
    browser.wait(f"{view} && {view}.numSlice")
    places = browser.run(
        "[...document.querySelectorAll('button[data-place]')].map(b => JSON.parse(b.dataset.place))"
    )
    assert len(places) >= 4
    for k in (len(places) - 1, 0):
        browser.run(f"document.querySelectorAll('button[data-place]')[{k}].click()")
        browser.wait(f"Math.abs({view}.coordinatesSlice.X - ({places[k][0]})) <= 3")
        shown = browser.run(f"{view}.coordinatesSlice")
        assert np.abs(np.subtract([shown[axis] for axis in "XYZ"], places[k])).max() <= 3


@pytest.fixture
def surface_viewer(browser, tmp_path):
    """Open the viewer of an octahedron; return what selects in it."""
    points = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], np.float32)
    triangles = np.array([[a, b, c] for a in (0, 1) for b in (2, 3) for c in (4, 5)], np.int32)
    surface = Surface(
        np.ones(6, bool), np.array(["L"]), np.array([6]), points, triangles, np.array(["mine"])
    )  # fmt: skip
    page = tmp_path / "viewer.html"
    page.write_text(cortex.viewer(surface, np.arange(6.0), 1.5, "|t| > 1.5", 5), encoding="utf-8")
    browser.open(f"file://{page}", *NARROW)
    inside = "document.querySelector('iframe').contentDocument.querySelector"
    browser.wait(f"{inside}('.gtitle') && {inside}('.modebar')")
    return inside


def test_tools_of_a_surface_viewer_leave_its_title_alone(browser, surface_viewer):
    title, tools = (
        browser.run(f"{surface_viewer}('{part}').getBoundingClientRect().toJSON()")
        for part in (".gtitle", ".modebar")
    )
    assert tools["top"] > title["bottom"] and tools["height"] > 0


def test_a_surface_viewer_turns_to_a_vertex(browser, surface_viewer):
    plot = f"{surface_viewer}('#surface-plot')"
    for vertex, eye in ((1, [-1, 0, 0]), (4, [0, 0, 1]), (2, [0, 1, 0])):
        browser.run(
            f"window.postMessage({{place: ['R', 0]}}, '*'); window.postMessage({{place: ['L', {vertex}]}}, '*')"
        )
        axis = int(np.argmax(np.abs(eye)))
        at = f"{plot}.data.at(-1)['{'xyz'[axis]}']"
        browser.wait(
            f"{plot}.data.at(-1).name == 'peak' && Math.sign({at}[0]) == {eye[axis]} && Math.abs({at}[0]) > 80"
        )
        camera = browser.run(f"{plot}.layout.scene.camera")
        seen = [camera["eye"][name] / 1.6 for name in "xyz"]
        assert np.allclose(seen, eye, atol=1e-3) and abs(np.dot(seen, [*camera["up"].values()])) < 0.1
        assert browser.run(f"{plot}.data.filter(d => d.name == 'peak').length") == 1
    assert browser.run(f"{surface_viewer}('#select-view').value") == "custom"


def test_the_page_of_the_run_can_be_printed(finished, browser):
    browser.open(
        f"file://{finished.result('report.html')}", 720, 1000
    )  # a sheet of paper, without its margins
    browser.call("Emulation.setEmulatedMedia", media="print")
    # What only a screen can do leaves no trace, and no table is cut.
    for part in ("nav", ".screen"):
        assert browser.run(f"[...document.querySelectorAll('{part}')].every(e => !e.offsetHeight)"), part
    assert browser.run(
        "[...document.querySelectorAll('.wide')].every(e => e.scrollWidth <= e.clientWidth + 1)"
    )
    printed = base64.b64decode(browser.call("Page.printToPDF")["data"])
    images = browser.run("document.images.length")
    assert images > 8 and len(re.findall(rb"/Subtype */Image", printed)) >= images
    assert browser.run("[...document.querySelectorAll('details')].every(d => d.open)")


def test_keys_alone_reach_all_that_can_be_done(finished, browser):
    browser.open(f"file://{finished.result('report.html')}", *WIDE)
    for part in ("nav a", "button[data-place]", "summary", ".wide"):
        focused = "{ e.focus(); return document.activeElement == e; }"
        reached = browser.run(f"[...document.querySelectorAll('{part}')].every(e => {focused})")
        assert reached and browser.run(f"document.querySelectorAll('{part}').length"), part
    # Headings go down by one, and every part that takes the keyboard says what it is.
    levels = browser.run("[...document.querySelectorAll('h1, h2, h3, h4')].map(h => Number(h.tagName[1]))")
    assert levels[0] == 1 and all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert browser.run(
        "[...document.querySelectorAll('.wide, nav, iframe')].every(e => e.ariaLabel || e.title)"
    )
