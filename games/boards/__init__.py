"""Board games, on bitboards."""
