"""Statistics of a map, as functions on arrays: t, F, G, TFCE, cluster size and mass."""
