"""The reference in docs/ is what the code is."""

from __future__ import annotations

import pytest
from reference import HEADER, PAGES, REFERENCE


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_what_the_code_says(name: str) -> None:
    assert (REFERENCE / name).read_text() == HEADER + PAGES[name](), "make reference writes it again"
