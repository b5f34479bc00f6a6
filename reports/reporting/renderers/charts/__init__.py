"""Draw the charts of a result as SVG."""
