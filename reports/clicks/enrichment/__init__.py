"""What is derived from a click: browser, bot, country, language, referrer, campaign, visitor."""
