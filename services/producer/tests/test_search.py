from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from support.look_alike import look_alike
from support.process import once

from stock_producer.commands import other_currencies
from stock_producer.vendor.alphavantage.search import matches
from stock_producer.vendor.kinds import Refusal


def test_a_search_is_one_call(environment: dict[str, str], tmp_path: Path) -> None:
    with look_alike(MARKET_PLAN="free") as market:
        variables = {
            name: value
            for name, value in environment.items()
            if not name.startswith(("ALPHA_VANTAGE_", "SYMBOLS"))
        }
        variables |= {"ALPHA_VANTAGE_URL": market.url, "ALPHA_VANTAGE_API_KEY": "any"}
        shown = once(variables, "symbols", "search", "tesco")
        assert (shown.returncode, shown.stdout.split()[:2]) == (0, ["TSCO.LON", "Tesco"]), shown.stderr
        assert market.answered() == 1
        refused = once(variables | {"ALPHA_VANTAGE_API_KEY": "invalid"}, "symbols", "search", "tesco")
        assert (refused.returncode, "Check ALPHA_VANTAGE_API_KEY" in refused.stderr) == (1, True)


def test_a_hostile_answer_moves_no_cursor(environment: dict[str, str]) -> None:
    class Hostile(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(
                {"bestMatches": [{"1. symbol": "\x1b[2J\nIBM", "2. name": "\u202e" + "x" * 9999}]}
            )
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body.encode())

    with HTTPServer(("127.0.0.1", 0), Hostile) as server:
        threading.Thread(target=server.handle_request).start()
        url = f"http://127.0.0.1:{server.server_port}/query"
        shown = once(environment | {"ALPHA_VANTAGE_URL": url}, "symbols", "search", "tesco")
    assert (shown.returncode, shown.stderr) == (0, "")
    (line,) = shown.stdout.splitlines()
    assert line.startswith("\\u001b[2J\\nIBM  \\u202exxx")
    assert len(line) < 400


def test_nothing_found() -> None:
    assert matches(b'{"bestMatches": []}') == []
    with pytest.raises(Refusal):
        matches(b"{}")


@pytest.mark.parametrize(
    ("symbol", "currency", "stated"),
    [
        ("TSCO.LON", "GBX", []),
        ("IBM", "", []),
        ("PETR4.SAO", "BRL", []),
        (
            "ABCD.LON",
            "USD",
            ["ABCD.LON trades in USD, and its records would say GBX, as its exchange does."],
        ),
    ],
)
def test_a_listing_in_another_currency_than_its_exchanges_is_named(
    symbol: str, currency: str, stated: list[str]
) -> None:
    row = {"1. symbol": symbol, "8. currency": currency}
    assert other_currencies(matches(json.dumps({"bestMatches": [row]}).encode())) == stated
