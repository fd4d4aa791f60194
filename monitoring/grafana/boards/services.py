"""What each service does and holds."""

from __future__ import annotations

from panels import RATE, Panel, Row, quantiles

SERVICES = (
    Row(
        "Producer",
        (
            Panel(
                "Calls a minute",
                {"{{outcome}}": f"60 * sum by (outcome) (rate(stock_producer_calls_total{RATE}) > 0)"},
                "none",
            ),
            Panel("Time of a call", quantiles("stock_producer_fetch_seconds"), "s"),
            Panel("Outbox", {"messages": "sum(stock_producer_outbox_messages)"}, "none"),
            Panel("Seconds between two turns of a symbol", {"": "max(stock_producer_interval_seconds)"}, "s"),
        ),
    ),
    Row(
        "S3 sink",
        (
            Panel(
                "Records in Kafka that are not on S3",
                {"{{topic}}": "sum by (topic) (stock_s3_sink_lag_records)"},
                "none",
            ),
            Panel(
                "Objects a minute, by why they were cut",
                {"{{reason}}": f"60 * sum by (reason) (rate(stock_s3_sink_objects_total{RATE}))"},
                "none",
            ),
            Panel("Time of a put", quantiles("stock_s3_sink_put_seconds"), "s"),
            Panel("Buffered JSON", {"{{instance}}": "stock_s3_sink_buffered_bytes"}, "bytes"),
        ),
    ),
    Row(
        "Loader",
        (
            Panel(
                "Objects that wait", {"{{topic}}": "sum by (topic) (stock_sf_loader_waiting_files)"}, "none"
            ),
            Panel(
                "Cycles a minute",
                {"{{outcome}}": f"60 * sum by (outcome) (rate(stock_sf_loader_cycles_total{RATE}))"},
                "none",
            ),
            Panel("Time of a transaction", quantiles("stock_sf_loader_transaction_seconds"), "s"),
            Panel(
                "Warehouse time, share of the clock",
                {"": f"sum(rate(stock_sf_loader_warehouse_seconds_total{RATE}))"},
                "percentunit",
            ),
        ),
    ),
    Row(
        "Auditor",
        (
            Panel("Findings", {"{{kind}}": "sum by (kind) (stock_auditor_findings)"}, "none"),
            Panel("Time of an audit", quantiles("stock_auditor_comparison_seconds", "stage"), "s"),
            Panel(
                "Age of the last comparison",
                {"{{stage}}": "time() - (stock_auditor_last_comparison_timestamp_seconds > 0)"},
                "s",
            ),
        ),
    ),
    Row(
        "Dashboard",
        (
            Panel("Open tabs", {"": "sum(stock_dashboard_viewers)"}, "none"),
            Panel("From fetch to page", quantiles("stock_dashboard_live_lag_seconds"), "s"),
            Panel(
                "Warehouse queries a minute",
                {"{{outcome}}": f"60 * sum by (outcome) (rate(stock_dashboard_queries_total{RATE}))"},
                "none",
            ),
            Panel(
                "Page scripts that failed",
                {"": "sum(stock_dashboard_script_errors_total)"},
                "none",
                "stat",
                1,
            ),
        ),
    ),
    Row(
        "Processes",
        (
            Panel(
                "Memory",
                {"{{job}}": 'process_resident_memory_bytes{job!~"prometheus|alertmanager"}'},
                "bytes",
            ),
            Panel(
                "Share of the memory limit",
                {"{{job}}": "process_resident_memory_bytes / stock_memory_limit_bytes"},
                "percentunit",
            ),
            Panel(
                "CPU",
                {"{{job}}": f'rate(process_cpu_seconds_total{{job!~"prometheus|alertmanager"}}{RATE})'},
                "percentunit",
                help="Of one core.",
            ),
            Panel("Alive", {"{{job}}": "min by (job) (stock_heartbeat_healthy)"}, "bool_yes_no"),
        ),
    ),
)
