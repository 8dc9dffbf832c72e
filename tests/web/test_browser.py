"""The pages in a real browser: live, stale, lost, empty, themes, phone width.

Skipped where there is no Chromium, except under CI=true.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from andon.settings import Settings
from andon.store import postgres
from andon.store.postgres import Connection
from tests.web import plant
from tests.web.conftest import Served

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not CHROMIUM.exists() and os.environ.get("CI") != "true",
        reason=f"{CHROMIUM} is missing: pages are not tested in a browser",
    ),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield made
        made.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that fails its test on any script error or refused resource."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    made = context.new_page()
    problems: list[str] = []
    made.on("pageerror", lambda error: problems.append(str(error)))
    made.on(
        "console",
        lambda message: (
            problems.append(message.text) if "Content Security Policy" in message.text else None
        ),
    )
    yield made
    context.close()
    assert problems == []


def test_a_tile_changes_within_a_second(page: Page, served: Served, conn: Connection) -> None:
    """Commit and NOTIFY, and the tile shows it; nothing is reloaded."""
    plant.machine(conn, "M001", datetime.now(UTC))
    page.goto(served.url)
    tile = page.locator('.tile[data-id="M001"]')
    expect(tile.locator(".word")).to_have_text("Running")
    page.wait_for_timeout(800)
    begun = time.monotonic()
    postgres.execute(
        conn, "UPDATE carry SET state = 'ERROR', interval_start = now() WHERE machine_id = 'M001'"
    )
    plant.commit(conn)
    expect(tile.locator(".word")).to_have_text("Error", timeout=1000)
    assert time.monotonic() - begun < 1.0
    expect(tile).to_have_attribute("data-state", "ERROR")
    expect(page.locator('.state-filter[data-filter="ERROR"] .n')).to_have_text("1")


def test_empty_then_the_first_machine(page: Page, served: Served, conn: Connection) -> None:
    """The empty page becomes the board by itself, with exactly one tile."""
    page.goto(served.url)
    expect(page.locator("#empty")).to_be_visible()
    expect(page.locator("#cmd-shell")).to_contain_text("mosquitto_pub")
    page.wait_for_timeout(800)
    plant.machine(conn, "M001", datetime.now(UTC), ideal_us=None)
    expect(page.locator(".tiles .tile")).to_have_count(1, timeout=2000)
    expect(page.locator("#empty")).to_be_hidden()
    expect(page.locator(".tiles .tile .note")).to_have_text("ideal rate not set")


def test_copy_button(page: Page, served: Served) -> None:
    """The command is copied whole and the button says so."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(served.url)
    expect(page.locator('[data-copy="cmd-shell"]')).to_have_text("Copy")
    page.locator('[data-copy="cmd-shell"]').click()
    expect(page.locator('[data-copy="cmd-shell"]')).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("mosquitto_pub")


def test_stale(page: Page, served: Served, conn: Connection) -> None:
    """The engine has stopped: the tiles say stale, the banner since when; then it is back."""
    past = datetime.now(UTC) - timedelta(minutes=7)
    plant.machine(conn, "M001", past)
    postgres.execute(conn, "UPDATE progress SET updated_at = %s", (past,))
    plant.engine_file(served.state_dir, past)
    page.goto(served.url)
    expect(page.locator("#engine-away")).to_be_visible()
    expect(page.locator("#engine-away span")).to_contain_text("since ")
    expect(page.locator(".tiles .stale-tag").first).to_be_visible()
    plant.engine_file(served.state_dir, datetime.now(UTC))
    plant.commit(conn)
    expect(page.locator("#engine-away")).to_be_hidden(timeout=8000)
    expect(page.locator(".tiles .stale-tag").first).to_be_hidden()


def test_lost_connection(page: Page, settings: Settings, conn: Connection, port: int) -> None:
    """The server is killed: a banner says since when; a new one, and the page goes on by itself."""
    plant.machine(conn, "M001", datetime.now(UTC))
    with dashboard(settings, port):
        page.goto(f"http://127.0.0.1:{port}")
        expect(page.locator(".tiles .tile")).to_have_count(1)
        page.wait_for_timeout(500)
    expect(page.locator("#offline")).to_be_visible(timeout=15_000)
    expect(page.locator("#offline span")).to_contain_text("stood still since ")
    expect(page.locator(".tiles .stale-tag").first).to_be_visible()
    with dashboard(settings, port):
        expect(page.locator("#offline")).to_be_hidden(timeout=20_000)


@pytest.fixture
def port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def dashboard(settings: Settings, port: int) -> Iterator[None]:
    """`andon web` in a process of its own, killed at the end."""
    environment = {**os.environ, **settings.environment(), "ANDON_WEB__PORT": str(port)}
    command = [sys.executable, "-m", "andon.cli.main", "web"]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
                break
            time.sleep(0.2)
        yield
    finally:
        process.kill()
        process.wait()


def test_themes(page: Page, served: Served, conn: Connection) -> None:
    """The system's theme, until the button chooses one; it is remembered."""
    plant.machine(conn, "M001", datetime.now(UTC))
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    page.emulate_media(color_scheme="dark")
    page.goto(served.url)
    dark = page.evaluate(ground)
    page.emulate_media(color_scheme="light")
    light = page.evaluate(ground)
    assert dark != light
    page.locator("#theme").click()
    page.locator("#theme").click()
    assert page.evaluate(ground) == dark
    page.reload()
    assert page.evaluate(ground) == dark


@pytest.mark.parametrize("path", ["/", "/machines/M001", "/nothing"])
def test_phone_width(page: Page, served: Served, conn: Connection, path: str) -> None:
    """390 px: nothing scrolls sideways."""
    plant.machine(conn, "M001", datetime.now(UTC))
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(served.url + path)
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_empty_page_at_phone_width(page: Page, served: Served) -> None:
    """The commands wrap."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(served.url)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_machine_page_by_keyboard(page: Page, served: Served, conn: Connection) -> None:
    """The timeline is one tab stop; arrow keys read out exact intervals."""
    now = datetime.now(UTC)
    plant.machine(conn, "M001", now)
    start = plant.minute(now) - timedelta(minutes=10)
    middle = start + timedelta(minutes=4, microseconds=123_000)
    postgres.execute(
        conn,
        'INSERT INTO state_interval (machine_id, start, "end", prev_end, state, state_raw, repair,'
        " revision, computed_at) VALUES"
        " ('M001', %s, %s, NULL, 'ERROR', 'Störung', false, 0, now()),"
        " ('M001', %s, NULL, %s, 'RUNNING', 'RUNNING', false, 0, now())",
        (start, middle, middle, middle),
    )
    page.goto(f"{served.url}/machines/M001?hours=1")
    page.locator("#timeline").focus()
    page.keyboard.press("Home")
    readout = page.locator("#timeline-at")
    expect(readout).to_contain_text("Error")
    expect(readout).to_contain_text("4 m 00 s")
    expect(readout).to_contain_text("Störung")
    expect(readout).to_contain_text(".123")
