"""A correction model of our own, small enough to ship: its format, and in ``train`` how it is made."""
