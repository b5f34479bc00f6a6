"""Send requests to URLs that users choose, safely and within limits."""
