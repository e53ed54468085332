"""What people look at and read: figures, tables, pages, sentences."""
