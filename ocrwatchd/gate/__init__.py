"""Is an edit a repair of a reading error? Functions without side effects."""
