"""Links within the README and the manual lead somewhere."""

from pathlib import Path

import pytest

from tests.manual.pages import MANUAL, PAGES, ROOT, anchors, links


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_internal_link_leads_to_a_page_and_a_heading(page: Path) -> None:
    lost = [link for link in links(page) if not link.startswith("https://") and not leads(page, link)]

    assert not lost


def leads(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    return target.is_file() and (not anchor or anchor in anchors(target))


@pytest.mark.parametrize("page", PAGES[1:], ids=lambda page: page.name)
def test_pages_link_to_pages_only_as_the_package_has_nothing_else(page: Path) -> None:
    outside = [link for link in links(page) if "/" in link and not link.startswith("https://")]

    assert not outside


def test_the_readme_links_to_every_page() -> None:
    linked = {link.partition("#")[0] for link in links(ROOT / "README.md")}

    assert {str(path.relative_to(ROOT)) for path in MANUAL.glob("*.md")} <= linked
