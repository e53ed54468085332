"""Relabellings, the nulls they give, and the p values that come of them."""
