"""What jobs need around their work: config, errors, logs, records, digests of the code."""
