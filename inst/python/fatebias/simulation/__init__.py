"""Simulated screens with their truth: the benchmark screens, and any other size.

For everything that needs a known answer: tests, benchmarks, the demo, and a user who asks what a planned screen
could find. Labels and effects come in kinds that the model is right for and kinds that it is not. `simulate` draws a
screen in memory, `simulate_to` writes one as a user's files; the same arguments give the same screen.
"""

from .arguments import ARGUMENTS, Arguments
from .draw import Simulation, simulate
from .write import simulate_to

__all__ = ["ARGUMENTS", "Arguments", "Simulation", "simulate", "simulate_to"]
