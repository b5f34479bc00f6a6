"""The numbers that owners see: clicks and views by time, by link and by what is known of the visitors."""
