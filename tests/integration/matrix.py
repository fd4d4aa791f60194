"""Service → the metrics that it must expose. Counters end in `_total`.

A service without a row must expose what the table in its README lists.
"""

from __future__ import annotations

import re

from stock_stack.registry import REPOSITORY

COMMON = ("stock_heartbeat_healthy",)

MATRIX: dict[str, tuple[str, ...]] = {
    "producer": (
        "stock_producer_calls_total",
        "stock_producer_refusals_total",
        "stock_producer_quota_used_calls",
        "stock_producer_quota_limit_calls",
        "stock_producer_quota_left_calls",
        "stock_producer_quotes_total",
        "stock_producer_alerts_total",
        "stock_producer_outbox_messages",
        "stock_producer_outbox_oldest_age_seconds",
        "stock_producer_delivered_total",
        "stock_producer_fetch_seconds_count",
        "stock_producer_kafka_up",
        "stock_producer_market_open",
        "stock_producer_last_fetch_timestamp_seconds",
    ),
    "s3-sink": (
        "stock_s3_sink_records_consumed_total",
        "stock_s3_sink_rows_total",
        "stock_s3_sink_objects_total",
        "stock_s3_sink_records_rejected_total",
        "stock_s3_sink_offsets_lost_total",
        "stock_s3_sink_lag_records",
        "stock_s3_sink_oldest_record_age_seconds",
        "stock_s3_sink_put_seconds_count",
        "stock_s3_sink_last_put_timestamp_seconds",
    ),
    "sf-loader": (
        "stock_sf_loader_files_total",
        "stock_sf_loader_rows_total",
        "stock_sf_loader_cycles_total",
        "stock_sf_loader_transaction_seconds_count",
        "stock_sf_loader_quarantined_files",
        "stock_sf_loader_waiting_files",
        "stock_sf_loader_gap_chains",
        "stock_sf_loader_foreign_objects",
        "stock_sf_loader_lag_seconds",
        "stock_sf_loader_partition_lag_seconds",
        "stock_sf_loader_warehouse_seconds_total",
        "stock_sf_loader_last_success_timestamp_seconds",
        "stock_sf_loader_last_load_timestamp_seconds",
    ),
    "dashboard": (
        "stock_dashboard_live_messages_total",
        "stock_dashboard_live_refused_total",
        "stock_dashboard_live_connected",
        "stock_dashboard_live_lag_seconds_count",
        "stock_dashboard_queries_total",
        "stock_dashboard_query_seconds_count",
        "stock_dashboard_viewers",
        "stock_dashboard_script_errors_total",
    ),
    "auditor": (
        "stock_auditor_complete",
        "stock_auditor_missing_offsets",
        "stock_auditor_doubled_offsets",
        "stock_auditor_resent_events",
        "stock_auditor_lost_offsets",
        "stock_auditor_rejected_offsets",
        "stock_auditor_in_flight_offsets",
        "stock_auditor_findings",
        "stock_auditor_dead_letters",
        "stock_auditor_last_comparison_timestamp_seconds",
        "stock_auditor_comparison_seconds_count",
        "stock_auditor_failures_total",
    ),
}


def missing(service: str, exposed: set[str]) -> set[str]:
    """The metrics that the service must expose and does not."""
    if service in MATRIX:
        return {*COMMON, *MATRIX[service]} - exposed
    text = (REPOSITORY / "services" / service / "README.md").read_text()
    listed = set(re.findall(rf"\bstock_{service.replace('-', '_')}_[a-z0-9_]+", text))
    # A histogram is exposed by its parts.
    return {*COMMON, *(name for name in listed if f"{name}_count" not in exposed)} - exposed
