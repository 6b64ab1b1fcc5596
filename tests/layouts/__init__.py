"""Pages of many layouts, made from their structure, so that the order of their text is known."""
