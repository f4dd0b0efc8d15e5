"""What a worker tells about itself: liveness, metrics, traces."""
