"""Tables as they come: files, ids, queries, and which values count."""
