"""The monitor: windows of scored hours against a season-aware reference, judged, stored and acted on."""
