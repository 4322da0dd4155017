"""What ingress, workers and operator tools agree on."""
