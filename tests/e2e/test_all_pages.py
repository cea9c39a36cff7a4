"""Every page, looked through in a real browser."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e.conftest import App

HEADINGS = {
    "photos": "Read the expression on any face",
    "live": "See what your face says",
    "videos": "Follow expressions through a video",
    "models": "Choose a model",
}


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
