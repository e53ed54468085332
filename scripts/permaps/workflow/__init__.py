"""What holds the jobs together: config, errors, logs, digests of code, the terminal."""
