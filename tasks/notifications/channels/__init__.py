"""Ways to deliver a notification: one module for each channel."""
