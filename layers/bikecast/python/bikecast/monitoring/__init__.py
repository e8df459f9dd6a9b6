"""The monitor: windows of scored rows against a reference; judged, stored and acted on."""
