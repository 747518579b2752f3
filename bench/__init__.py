"""Named measurements of the product: one JSON object each, with ratios taken inside one interleaved run.

    python -m bench SCENARIO [--rounds N] [--seconds S] [--out FILE]
    python -m bench all

Nothing here asserts a time: the figures are held against the goals of docs/develop/performance.md and printed. The
product never imports this package.
"""
