"""Chromium with a fresh profile for each test; its pages may log no error."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.pages import WAIT_MILLISECONDS, sign_in
from tests.people import Person
from tests.servers import Server

CHROMIUM = Path("/usr/bin/chromium")
QUIET = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
]
# A violation of the Content-Security-Policy is a console error in every case.
TELL_VIOLATIONS = """document.addEventListener("securitypolicyviolation",
    (e) => console.error(`CSP: ${e.violatedDirective} blocked ${e.blockedURI || e.sample}`))"""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    assert CHROMIUM.exists(), f"{CHROMIUM} is missing: apt-get install chromium"
    # Playwright leaves an event loop running in this thread; the ORM must not mind afterwards.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        expect.set_options(timeout=WAIT_MILLISECONDS)
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture
def browser_errors() -> list[str]:
    """What went wrong in the browser; a test that provokes an error checks this list and clears it."""
    return []


@pytest.fixture
def context(browser: Browser, server: Server, browser_errors: list[str]) -> Iterator[BrowserContext]:
    """A fresh browser profile; its pages may not break the CSP, throw, or log an error."""
    context = browser.new_context(base_url=server.url)
    context.set_default_timeout(WAIT_MILLISECONDS)
    context.add_init_script(TELL_VIOLATIONS)
    context.on("weberror", lambda error: browser_errors.append(f"{error.page and error.page.url}: {error.error}"))
    context.on(
        "console",
        lambda message: message.type == "error" and browser_errors.append(f"{message.location}: {message.text}"),
    )
    yield context
    context.close()
    assert browser_errors == []


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def browser_without_scripts(browser: Browser, server: Server) -> Iterator[Callable[[Person], Page]]:
    """Opens a page that runs no scripts, signed in as a person."""
    context = browser.new_context(base_url=server.url, java_script_enabled=False)
    context.set_default_timeout(WAIT_MILLISECONDS)

    def open_page(person: Person) -> Page:
        sign_in(context, person)
        return context.new_page()

    yield open_page
    context.close()
