"""fatebias: which gene knock-downs bias cell fate, on which day, and how sure we are.

Rooms, each importing only from those before it: errors, settings, screen, effects, model, svi,
posterior, export, qc, fit, simulate, __main__.
"""

__version__ = "0.1.0"
