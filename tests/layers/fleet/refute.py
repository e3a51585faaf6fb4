"""How a property is tried on an implementation that it must refute: many examples, no shrinking, nothing kept."""

from hypothesis import Phase, settings

REFUTE = settings(
    max_examples=2000, database=None, report_multiple_bugs=False, print_blob=False, phases=[Phase.generate]
)
