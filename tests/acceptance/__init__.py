"""What a user relies on, held against an independent reference."""
