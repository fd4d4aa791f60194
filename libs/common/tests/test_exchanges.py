import pytest

from stock_common import exchanges
from stock_common.exchanges import EXCHANGES, US, UTC_MARKET, Exchange


@pytest.mark.parametrize(
    ("symbol", "calendar", "zone"),
    [
        ("AAPL", "XNYS", "America/New_York"),
        ("BRK.B", "XNYS", "America/New_York"),
        ("BRK-B", "XNYS", "America/New_York"),
        ("TSCO.LON", "XLON", "Europe/London"),
        ("SHOP.TRT", "XTSE", "America/Toronto"),
        ("CTS.TRV", "XTSE", "America/Toronto"),
        ("MBG.DEX", "XETR", "Europe/Berlin"),
        ("RELIANCE.BSE", "XBOM", "Asia/Kolkata"),
        ("600104.SHH", "XSHG", "Asia/Shanghai"),
        ("000002.SHZ", "XSHG", "Asia/Shanghai"),
        ("LON", "XNYS", "America/New_York"),
        ("XYZ.WS", "XNYS", "America/New_York"),
        ("MBG.FRK", "unknown", "UTC"),
        ("PETR4.SAO", "unknown", "UTC"),
        ("0700.HKG", "unknown", "UTC"),
        ("600104.1", "unknown", "UTC"),
    ],
)
def test_exchange_of_a_symbol(symbol: str, calendar: str, zone: str) -> None:
    found = exchanges.of(symbol)
    assert (found.calendar, str(found.zone)) == (calendar, zone)


def test_a_calendar_leads_to_its_exchange() -> None:
    assert [exchanges.by_calendar(each.calendar) for each in EXCHANGES] == list(EXCHANGES)
    assert exchanges.by_calendar("24/7") is UTC_MARKET
    assert exchanges.by_calendar("unknown") is exchanges.UNKNOWN
    assert exchanges.by_calendar("XTKS") is UTC_MARKET


def test_calendars_names_and_suffixes_are_each_used_once() -> None:
    suffixes = [suffix for each in EXCHANGES for suffix in each.suffixes]
    assert len(set(suffixes)) == len(suffixes)
    assert (
        len({each.calendar for each in EXCHANGES}) == len({each.name for each in EXCHANGES}) == len(EXCHANGES)
    )


def test_an_exchange_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        US.calendar = "XLON"  # type: ignore[misc]
    assert hash(US) == hash(Exchange("XNYS", "New York", US.zone, currency=US.currency))
