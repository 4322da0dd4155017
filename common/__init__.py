"""What ingress, workers and operator tools agree on."""

__version__ = "0.1.0"
