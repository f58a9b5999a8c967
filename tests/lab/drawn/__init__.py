"""Stories that nobody chose: faults drawn at random, each with its truth computed beside it.

Every module draws faults of one kind, out of a `random.Random` alone, and says how the truth
follows from the fault; `catalog.draw` makes a story of one. What a perfect observer on the edge
node can say is taken from the rules of ../shared/facts/identifiability.md and docs/design.md.
"""
