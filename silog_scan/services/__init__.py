"""One function for each thing a person or a station can do; each is handed an open transaction."""
