"""Names to addresses as this host turns them, and what its name servers' answers are worth."""
