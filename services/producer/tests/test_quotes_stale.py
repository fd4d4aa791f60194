"""QuotesStale over the free plan's month. monitoring/check.sh runs the real rule on the file by promtool."""

from __future__ import annotations

from datetime import timedelta

from support import month


def test_the_rules_test_has_what_a_producer_exports() -> None:
    assert month.FILE.read_text(encoding="utf-8") == month.text(), f"write it again: {month.__doc__}"


def test_a_silent_vendor_is_noticed_within_a_day_and_an_hour_of_the_close() -> None:
    days = (month.SILENT_FROM - month.BEGIN).days + month.AFTERWARDS
    numbers = month.dues(month.lived(month.Silent, days), days)
    close = month.SILENT_FROM - month.BEGIN + timedelta(hours=9)
    assert close < month.fires_at(numbers) <= close + timedelta(hours=25)
