"""Muscle: threads, WaitSet, timers and pool that obey the scheduler's commands."""
