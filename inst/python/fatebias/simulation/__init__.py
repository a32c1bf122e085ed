"""Simulated screens with their truth: the benchmark screens, and any other size.

`simulate` draws a screen, `simulate_to` writes one. The same arguments give the same screen.
"""

from .arguments import ARGUMENTS, Arguments
from .draw import Simulation, simulate
from .write import simulate_to

__all__ = ["ARGUMENTS", "Arguments", "Simulation", "simulate", "simulate_to"]
