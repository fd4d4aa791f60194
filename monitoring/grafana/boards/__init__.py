"""The rows of panels of each dashboard. Plain data, of which dashboards.py makes Grafana's JSON."""
