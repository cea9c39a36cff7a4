"""Sign-in at a real OpenID Connect provider on this machine, in a real browser."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import App, free_port
from tests.e2e.test_deployment import running

CLIENT_SECRET = "a-client-secret-that-no-log-shows"
COOKIE_SECRET = "a-cookie-secret-that-no-log-shows"
PHOTOS = "See what your face says"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An app whose secrets name the provider."""
    folder = tmp_path_factory.mktemp("guarded")
    port = free_port()
    secrets = folder / "secrets.toml"
    secrets.write_text(
        "[auth]\n"
        'redirect_uri = "http://localhost:{port}/oauth2callback"\n'
        f'cookie_secret = "{COOKIE_SECRET}"\n'
        'client_id = "fer"\n'
        f'client_secret = "{CLIENT_SECRET}"\n'
        f'server_metadata_url = "http://localhost:{port}/.well-known/openid-configuration"\n'
    )
    provider = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port)]
    with running(provider, folder / "provider.txt", "localhost", port):
        app = App(folder / "log.txt", STREAMLIT_SECRETS_FILES=str(secrets))
        yield app
        app.stop()
    log = app.log.read_text()
    assert "Traceback" not in log
    assert [word for word in (CLIENT_SECRET, COOKIE_SECRET, "ada@example.org") if word in log] == []


def test_only_who_signs_in_gets_in_and_signing_out_ends_it(page: Page, guarded: App) -> None:
    for path in ("", "live", "models"):
        page.goto(f"{guarded.url}/{path}")
        expect(page.get_by_role("button", name="Sign in")).to_be_visible(timeout=60_000)
        expect(page.get_by_role("heading", name="Facial emotion recognition")).to_be_visible()
        expect(page.get_by_test_id("stFileUploader")).to_have_count(0)
        expect(page.locator("iframe")).to_have_count(0)

    page.get_by_role("button", name="Sign in").click()
    page.locator("input[name=sub]").fill("ada@example.org", timeout=30_000)
    page.get_by_role("button", name="Authorize").click()
    expect(page.get_by_text(PHOTOS)).to_be_visible(timeout=60_000)
    page.reload()
    expect(page.get_by_text(PHOTOS)).to_be_visible(timeout=60_000)

    # A button that is pressed while its page is being built may be replaced under the press.
    page.locator("[data-test-script-state=notRunning]").wait_for(timeout=60_000)
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/oauth2/end_session**", timeout=60_000)
    page.goto(guarded.url)
    expect(page.get_by_role("button", name="Sign in")).to_be_visible(timeout=60_000)


def test_a_made_up_cookie_lets_nobody_in(page: Page, guarded: App) -> None:
    forged = '{"is_logged_in": true, "email": "eve@example.org"}'
    page.context.add_cookies(
        [{"name": "_streamlit_user", "value": forged.encode().hex(), "url": guarded.url}]
    )
    page.goto(guarded.url)
    expect(page.get_by_role("button", name="Sign in")).to_be_visible(timeout=60_000)


def test_secrets_with_an_unclosed_quote_open_no_page(page: Page, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(f'[auth]\nclient_secret = "{CLIENT_SECRET}\n')
    app = App(tmp_path / "log.txt", STREAMLIT_SECRETS_FILES=str(secrets))
    for path in ("", "live", "models"):
        page.goto(f"{app.url}/{path}")
        expect(page.get_by_role("alert")).to_contain_text("its secrets.toml, which", timeout=60_000)
        expect(page.get_by_test_id("stFileUploader")).to_have_count(0)
        expect(page.locator("iframe")).to_have_count(0)
    app.stop()
    log = app.log.read_text()
    assert "Traceback" not in log
    assert CLIENT_SECRET not in log
