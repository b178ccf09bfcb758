"""What a browser shows: recordings with their stems, to be heard and compared."""
