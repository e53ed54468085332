"""Whether maps and masks can be used, and who stays."""
