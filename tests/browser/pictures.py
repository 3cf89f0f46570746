"""`python -m tests.browser.pictures [address]`: draws the README's pictures anew, from a demo that was just started."""

import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import CHROMIUM

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "pictures"
SIZE = {"width": 1440, "height": 900}


def signed_in(browser: Browser, address: str, email: str) -> Page:
    page = browser.new_context(base_url=address, viewport=SIZE, color_scheme="light").new_page()
    page.goto("/accounts/login/")
    with page.expect_navigation():
        page.locator(f'form:has(input[value="{email}"]) button').click()
    return page


def first(page: Page, pattern: str) -> str:
    """The first address on the page that ends like this."""
    return next(link for link in links(page) if link.split("?")[0].endswith(pattern))


def links(page: Page) -> list[str]:
    return page.locator("a[href]").evaluate_all("found => found.map(each => each.getAttribute('href'))")


def draw(page: Page, address: str, name: str) -> None:
    page.goto(address)
    shoot(page, name)


def shoot(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.screenshot(path=FOLDER / f"{name}.png")
    print(f"{name}: {page.url}")


def main(address: str = "http://127.0.0.1:8000") -> None:
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        dana, lee, sam = (
            signed_in(browser, address, email)
            for email in ("dana@cascade.example", "lee@acme.example", "sam@cascade.example")
        )
        draw(dana, first(dana, "/review/"), "review")
        draw(dana, "/p/riverside/periods/5/", "board")
        if invited := [link for link in links(lee) if link.startswith("/invitations/")]:
            lee.goto(invited[0])
            with lee.expect_navigation():
                lee.get_by_role("button", name="We will bill").click()
        lee.goto("/bills/")
        lee.goto(first(lee, "/enter/"))
        for cell, amount in zip(lee.locator('input[name^="work-"]').all(), ("12,400.00", "3,250.50"), strict=False):
            cell.fill(amount)
            cell.press("Enter")
        shoot(lee, "bill")
        draw(sam, "/c/cascade/erp/queue/", "queue")
        sam.goto("/c/cascade/erp/batches/")
        draw(sam, first(sam, "/erp/batches/2/"), "file")
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
