"""Relabellings, null distributions and the p values that come from them."""
