"""Files and folders that survive crashes and hostile neighbours."""
