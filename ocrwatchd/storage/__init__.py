"""What lasts: ledger, work folder, outbox, retention."""
