"""A correction model of our own, small enough to ship: its format, its words, and how its repairs are judged."""
