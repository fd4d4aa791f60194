"""What each dashboard shows: rows of panels. Plain data; dashboards.py makes Grafana's JSON of it."""

from __future__ import annotations

from panels import RATE, Panel, Row, quantiles, slow

OVERVIEW = (
    Row(
        "Now",
        (
            Panel("Complete", {"": "min(stock_auditor_complete)"}, "bool_yes_no", "stat", 1, True, "Kafka, S3 and Snowflake hold the same offsets."),
            Panel("Doubled records", {"": "sum(stock_auditor_doubled_offsets)"}, "none", "stat", 1, help="Has to be 0, always."),
            Panel("Missing records", {"": "sum(stock_auditor_missing_offsets)"}, "none", "stat", 1),
            Panel("Market open", {"{{calendar}}": "stock_producer_market_open"}, "bool_yes_no", "stat"),
            Panel(
                "Last quote fetched",
                {"": "time() - max(stock_producer_last_fetch_timestamp_seconds)"},
                "s",
                "stat",
                help="Grows while the market is closed.",
            ),
            Panel("Services up", {"": 'count(up{job!~"prometheus|alertmanager"} == 1)'}, "none", "stat", 5, True),
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
            Panel("Refusals a minute", {"{{kind}}": f"60 * sum by (kind) (rate(stock_producer_refusals_total{RATE}))"}, "none"),
        ),
    ),
)

SERVICES = (
    Row(
        "Producer",
        (
            Panel("Calls a minute", {"{{outcome}}": f"60 * sum by (outcome) (rate(stock_producer_calls_total{RATE}) > 0)"}, "none"),
            Panel("Time of a call", quantiles("stock_producer_fetch_seconds"), "s"),
            Panel("Outbox", {"messages": "sum(stock_producer_outbox_messages)"}, "none"),
            Panel("Seconds between two turns of a symbol", {"": "max(stock_producer_interval_seconds)"}, "s"),
        ),
    ),
    Row(
        "S3 sink",
        (
            Panel("Records in Kafka that are not on S3", {"{{topic}}": "sum by (topic) (stock_s3_sink_lag_records)"}, "none"),
            Panel(
                "Objects a minute, by why they were cut", {"{{reason}}": f"60 * sum by (reason) (rate(stock_s3_sink_objects_total{RATE}))"}, "none"
            ),
            Panel("Time of a put", quantiles("stock_s3_sink_put_seconds"), "s"),
            Panel("Buffered JSON", {"{{instance}}": "stock_s3_sink_buffered_bytes"}, "bytes"),
        ),
    ),
    Row(
        "Loader",
        (
            Panel("Objects that wait", {"{{topic}}": "sum by (topic) (stock_sf_loader_waiting_files)"}, "none"),
            Panel("Cycles a minute", {"{{outcome}}": f"60 * sum by (outcome) (rate(stock_sf_loader_cycles_total{RATE}))"}, "none"),
            Panel("Time of a transaction", quantiles("stock_sf_loader_transaction_seconds"), "s"),
            Panel("Warehouse time, share of the clock", {"": f"sum(rate(stock_sf_loader_warehouse_seconds_total{RATE}))"}, "percentunit"),
        ),
    ),
    Row(
        "Auditor",
        (
            Panel("Findings", {"{{kind}}": "sum by (kind) (stock_auditor_findings)"}, "none"),
            Panel("Time of an audit", quantiles("stock_auditor_comparison_seconds", "stage"), "s"),
            Panel("Age of the last comparison", {"{{stage}}": "time() - (stock_auditor_last_comparison_timestamp_seconds > 0)"}, "s"),
        ),
    ),
    Row(
        "Dashboard",
        (
            Panel("Open tabs", {"": "sum(stock_dashboard_viewers)"}, "none"),
            Panel("From fetch to page", quantiles("stock_dashboard_live_lag_seconds"), "s"),
            Panel("Warehouse queries a minute", {"{{outcome}}": f"60 * sum by (outcome) (rate(stock_dashboard_queries_total{RATE}))"}, "none"),
            Panel("Page scripts that failed", {"": "sum(stock_dashboard_script_errors_total)"}, "none", "stat", 1),
        ),
    ),
    Row(
        "Processes",
        (
            Panel("Memory", {"{{job}}": 'process_resident_memory_bytes{job!~"prometheus|alertmanager"}'}, "bytes"),
            Panel("Share of the memory limit", {"{{job}}": "process_resident_memory_bytes / stock_memory_limit_bytes"}, "percentunit"),
            Panel("CPU", {"{{job}}": f'rate(process_cpu_seconds_total{{job!~"prometheus|alertmanager"}}{RATE})'}, "percentunit", help="Of one core."),
            Panel("Alive", {"{{job}}": "min by (job) (stock_heartbeat_healthy)"}, "bool_yes_no"),
        ),
    ),
)

BUSINESS = (
    Row(
        "Symbols",
        (
            Panel("Symbols", {"{{state}}": "sum by (state) (stock_producer_symbols)"}, "none", "stat"),
            Panel("Markets", {"{{calendar}}": "stock_producer_market_open"}, "bool_on_off", "stat"),
            Panel("Records in Snowflake", {"{{topic}}": "sum by (topic) (stock_auditor_snowflake_offsets)"}, "none", "stat"),
            Panel(
                "Resent quotes",
                {"": "sum(stock_auditor_resent_events)"},
                "none",
                "stat",
                help="Sent twice by a producer that was killed; the views show them once.",
            ),
        ),
    ),
    Row(
        "Quotes",
        (
            Panel("Quotes a minute", {"{{endpoint}}": f"60 * sum by (endpoint) (rate(stock_producer_quotes_total{RATE}))"}, "none"),
            Panel("Quotes of the last hour", {"": "sum(increase(stock_producer_quotes_total[1h]))"}, "none", "stat"),
            Panel("Symbols that a bulk answer left out", {"": "sum(increase(stock_producer_symbols_missing_total[1h]))"}, "none", "stat"),
        ),
    ),
    Row(
        "Alerts",
        (
            Panel("Alerts an hour", {"{{rule}}": "sum by (rule) (increase(stock_producer_alerts_total[1h]))"}, "none"),
            Panel("Alerts of the last day", {"{{rule}}": "sum by (rule) (increase(stock_producer_alerts_total[24h]))"}, "none", "stat"),
            Panel("Dead letters", {"": "sum(stock_auditor_dead_letters)"}, "none", "stat", 1),
        ),
    ),
)

DASHBOARDS = {"overview": ("Overview", OVERVIEW), "services": ("Services", SERVICES), "business": ("Symbols and alerts", BUSINESS)}
"""File name → title and rows."""
