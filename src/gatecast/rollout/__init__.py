"""Who feeds the next input: the data, the network itself, or now one and now the other. Knows nothing of training."""

from gatecast.rollout.feeding import Continuation, free_run, mixed_inputs, teacher_forced
from gatecast.rollout.growth import Trial, error_growth

__all__ = ["Continuation", "Trial", "error_growth", "free_run", "mixed_inputs", "teacher_forced"]
