"""Numbers and tables of the page."""


def ms(seconds):
    """Milliseconds with three figures."""
    return three(1000 * seconds)


def three(value):
    """A number with three figures."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def times(spread):
    """A quotient, with the lowest and highest of the repeats."""
    median, low, high = map(three, spread)
    return f"{median} ({low} to {high})"


def table(header, rows):
    """The lines of a table."""
    return "\n".join("| " + " | ".join(row) + " |" for row in (header, ["---"] * len(header), *rows))
