"""Grafana as code: dashboards, data sources and alert rules, for Docker and for Amazon Managed Grafana."""
