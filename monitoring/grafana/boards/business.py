"""Quotes, alerts and the vendor's calls."""

from __future__ import annotations

from panels import RATE, Panel, Row

BUSINESS = (
    Row(
        "Symbols",
        (
            Panel("Symbols", {"{{state}}": "sum by (state) (stock_producer_symbols)"}, "none", "stat"),
            Panel("Markets", {"{{calendar}}": "stock_producer_market_open"}, "bool_on_off", "stat"),
            Panel(
                "Records in Snowflake",
                {"{{topic}}": "sum by (topic) (stock_auditor_snowflake_offsets)"},
                "none",
                "stat",
            ),
            Panel(
                "Resent quotes",
                {"": "sum(stock_auditor_resent_events)"},
                "none",
                "stat",
                help="Sent twice by a producer that was killed. The views show them once.",
            ),
        ),
    ),
    Row(
        "Quotes",
        (
            Panel(
                "Quotes a minute",
                {"{{endpoint}}": f"60 * sum by (endpoint) (rate(stock_producer_quotes_total{RATE}))"},
                "none",
            ),
            Panel(
                "Quotes of the last hour",
                {"": "sum(increase(stock_producer_quotes_total[1h]))"},
                "none",
                "stat",
            ),
            Panel(
                "Symbols that a bulk answer left out",
                {"": "sum(increase(stock_producer_symbols_missing_total[1h]))"},
                "none",
                "stat",
            ),
        ),
    ),
    Row(
        "Alerts",
        (
            Panel(
                "Alerts an hour",
                {"{{rule}}": "sum by (rule) (increase(stock_producer_alerts_total[1h]))"},
                "none",
            ),
            Panel(
                "Alerts of the last day",
                {"{{rule}}": "sum by (rule) (increase(stock_producer_alerts_total[24h]))"},
                "none",
                "stat",
            ),
            Panel("Dead letters", {"": "sum(stock_auditor_dead_letters)"}, "none", "stat", 1),
        ),
    ),
)
