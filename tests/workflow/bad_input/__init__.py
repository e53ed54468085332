"""Bad input: what can be wrong, how it is run, and the page that says what Permaps answers."""
