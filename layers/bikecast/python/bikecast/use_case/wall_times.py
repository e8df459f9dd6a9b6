"""Patterns of wall time as text, for documents of APIs: what fits is a real calendar date."""

CLOCK = r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?"


def day_pattern(*, years: str, leap_years: str) -> str:
    """Return the pattern of a day.

    Args:
        years: Pattern of every year, four digits.
        leap_years: Pattern of those with a 29th of February.
    """
    return (
        rf"(?:{years})-(?:"
        r"(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])"
        r"|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)"
        r"|02-(?:0[1-9]|1\d|2[0-8]))"
        rf"|(?:{leap_years})-02-29"
    )
