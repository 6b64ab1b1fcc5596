"""What all processes share; it imports no other room."""
