"""How long everything takes, beside other tools, and how that grows: docs/benchmarks.md."""
