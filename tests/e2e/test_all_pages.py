"""Every page, looked through in a real browser."""

import re
from dataclasses import dataclass

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import App

HEADINGS = {
    "photos": "Read the expression on any face",
    "live": "See what your face says",
    "videos": "Follow expressions through a video",
    "models": "Choose a model",
}

HEIGHT = 900
WIDTHS = 360, 641, 767, 768, 940, 941, 999, 1000, 1440
MODEL = re.compile("^Model: ")


def serious_findings(page: Page) -> list[str]:
    """The findings of axe that keep people from using the page, each with its first element."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{violation['id']}: {violation['help']}: {violation['nodes'][0]['html'][:300]}"
        for violation in found
        if violation["impact"] in ("serious", "critical")
    ]


def test_no_page_asks_another_server_for_anything_or_shuts_anybody_out(
    page: Page, app: App
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for path, heading in HEADINGS.items():
        page.emulate_media(color_scheme="light")
        page.goto(f"{app.url}/{path}")
        expect(page.get_by_role("heading", name=heading)).to_be_visible(timeout=90_000)
        expect(page.get_by_text("an apparent expression")).to_be_visible(timeout=90_000)
        assert serious_findings(page) == [], path
        page.emulate_media(color_scheme="dark")
        expect(page.locator(".stApp")).to_have_css("color-scheme", "dark")
        assert serious_findings(page) == [], f"{path}, dark"
    elsewhere = [u for u in asked if not u.startswith((app.url, "data:", "blob:"))]
    assert len(asked) > 10
    assert elsewhere == []


def test_nothing_lies_over_anything_else_in_windows_of_any_width(page: Page, app: App) -> None:
    page.goto(app.url)
    expect(page.get_by_role("button", name="START", exact=True)).to_be_visible(timeout=90_000)
    links = page.get_by_role("link").filter(has_text=re.compile("(Live camera|Models)$"))
    popover, bars = page.get_by_role("button", name=MODEL), page.locator(".st-key-side")
    header, heading = page.get_by_test_id("stHeader"), page.get_by_role("heading").first
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        page.wait_for_timeout(300)  # Streamlit changes its navigation once the window rests
        visible = [box(link) for link in links.all() if link.is_visible()]
        shown = [link for link in visible if link.left >= 0]  # not those of the closed sidebar
        assert len(shown) == 2, width
        model = box(popover)
        assert all(link.is_left_of(model) or link.is_below(model) for link in shown), width
        assert box(heading).is_below(box(header)), width
        assert box(bars).width >= 300, width
        assert max(model.right, box(bars).right) <= width
        assert max(link.bottom for link in shown) <= HEIGHT, width


@dataclass(frozen=True)
class Box:
    """The place of an element in the window, in pixels."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    def is_left_of(self, other: "Box") -> bool:
        return self.right <= other.left

    def is_below(self, other: "Box") -> bool:
        return self.top >= other.bottom


def box(element: Locator) -> Box:
    found = element.bounding_box()
    assert found is not None
    x, y = found["x"], found["y"]
    return Box(x, y, x + found["width"], y + found["height"])
