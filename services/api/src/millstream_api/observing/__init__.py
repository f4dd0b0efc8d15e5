"""What the API tells about itself: metrics, traces."""
