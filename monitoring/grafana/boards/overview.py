"""The overview: is everything complete, fresh and fast."""

from __future__ import annotations

from panels import RATE, Panel, Row, slow

OVERVIEW = (
    Row(
        "Now",
        (
            Panel(
                "Complete",
                {"": "min(stock_auditor_complete)"},
                "bool_yes_no",
                "stat",
                1,
                True,
                "Kafka, S3 and Snowflake hold the same offsets.",
            ),
            Panel(
                "Doubled records",
                {"": "sum(stock_auditor_doubled_offsets)"},
                "none",
                "stat",
                1,
                help="Has to be 0, always.",
            ),
            Panel("Missing records", {"": "sum(stock_auditor_missing_offsets)"}, "none", "stat", 1),
            Panel("Market open", {"{{calendar}}": "stock_producer_market_open"}, "bool_yes_no", "stat"),
            Panel(
                "Last quote fetched",
                {"": "time() - max(stock_producer_last_fetch_timestamp_seconds)"},
                "s",
                "stat",
                help="Grows while the market is closed.",
            ),
            Panel(
                "Services up", {"": 'count(up{job!~"prometheus|alertmanager"} == 1)'}, "none", "stat", 5, True
            ),
        ),
    ),
    Row(
        "Freshness: age of the oldest record that waits at each stage",
        (
            Panel(
                "Waiting",
                {
                    "outbox, for Kafka": "max(stock_producer_outbox_oldest_age_seconds)",
                    "sink, for S3": "max(stock_s3_sink_oldest_record_age_seconds)",
                    "objects, for Snowflake": "max(stock_sf_loader_lag_seconds)",
                },
                "s",
            ),
            Panel(
                "Latency of each stage, 95 %",
                {
                    "fetch": slow("stock_producer_fetch_seconds"),
                    "delivery to Kafka": slow("stock_producer_delivery_seconds"),
                    "put on S3": slow("stock_s3_sink_put_seconds"),
                    "load transaction": slow("stock_sf_loader_transaction_seconds"),
                    "seen on the page": slow("stock_dashboard_live_lag_seconds"),
                },
                "s",
            ),
        ),
    ),
    Row(
        "Throughput and completeness",
        (
            Panel(
                "Records a second",
                {
                    "into Kafka": f"sum(rate(stock_producer_delivered_total{RATE}))",
                    "onto S3": f"sum(rate(stock_s3_sink_rows_total{RATE}))",
                    "into Snowflake": f"sum(rate(stock_sf_loader_rows_total{RATE}))",
                },
                "cps",
            ),
            Panel(
                "On their way",
                {"to {{to}}": "sum by (to) (stock_auditor_in_flight_offsets)"},
                "none",
                help="Offsets that the next stage does not hold yet.",
            ),
            Panel(
                "Explained absences",
                {
                    "dead-lettered": "sum(stock_auditor_rejected_offsets)",
                    "lost to retention": "sum(stock_auditor_lost_offsets)",
                    "holes": "sum(stock_auditor_hole_offsets)",
                    "quarantined objects": "sum(stock_auditor_quarantined_objects)",
                },
                "none",
            ),
        ),
    ),
    Row(
        "Quota of the API",
        (
            Panel("Calls used", {"in the running {{window}}": "stock_producer_quota_used_calls"}, "none"),
            Panel(
                "Share of the limit",
                {"{{window}}": "stock_producer_quota_used_calls / stock_producer_quota_limit_calls"},
                "percentunit",
                help="0 where the plan has no limit.",
            ),
            Panel(
                "Refusals a minute",
                {"{{kind}}": f"60 * sum by (kind) (rate(stock_producer_refusals_total{RATE}))"},
                "none",
            ),
        ),
    ),
)
