"""How a simulated motor moves: profiles with limits of speed and acceleration, exact at any time. Pure.

Positions are in increments, speeds in increments per second, accelerations per second squared.
"""

from __future__ import annotations

import math

from attrs import frozen

from taktora.time import NANOS_PER_SECOND, Nanos

__all__ = ["Goal", "MoveTo", "Profile", "Run", "Track", "plan"]


@frozen
class MoveTo:
    """Go there and stand."""

    target: float
    speed: float
    """Not faster than this on the way."""
    acceleration: float
    deceleration: float


@frozen
class Run:
    """Turn at that speed; 0: stop."""

    speed: float
    acceleration: float
    deceleration: float


@frozen
class Track:
    """Be where somebody else's profile says, cycle by cycle."""

    target: float
    speed: float
    """But not faster than this."""


Goal = MoveTo | Run | Track


@frozen
class Profile:
    """Position and speed as functions of time: phases of constant acceleration, and then ``end``."""

    position: float
    velocity: float
    phases: tuple[tuple[float, float], ...] = ()
    """Seconds, and acceleration in them."""
    end: float | None = None
    """Where it stands after the last phase; ``None``: it goes on at the speed that it has then."""

    def at(self, elapsed: Nanos) -> tuple[float, float]:
        """Position and speed so long after its begin."""
        left = elapsed / NANOS_PER_SECOND
        position, velocity = self.position, self.velocity
        for duration, acceleration in self.phases:
            time = min(left, duration)
            position += velocity * time + acceleration * time * time / 2
            velocity += acceleration * time
            left -= time
            if time < duration:
                return position, velocity
        if self.end is not None:
            return self.end, 0.0
        return position + velocity * left, velocity


def plan(position: float, velocity: float, goal: MoveTo | Run) -> Profile:
    """The fastest way to the goal that its limits allow."""
    if isinstance(goal, Run):
        return Profile(position, velocity, _to_speed(velocity, goal))
    if goal.speed <= 0:
        stop = Run(0, goal.acceleration, goal.deceleration)
        return Profile(position, velocity, _to_speed(velocity, stop))
    phases = []
    at = position
    to_stop = velocity * abs(velocity) / (2 * goal.deceleration)
    distance = goal.target - at
    if velocity * distance < 0 or abs(to_stop) > abs(
        distance
    ):  # it cannot but stop elsewhere first
        phases.append((abs(velocity) / goal.deceleration, -_sign(velocity) * goal.deceleration))
        distance, speed = distance - to_stop, 0.0
    else:
        speed = abs(velocity)
    way = _sign(distance)
    phases += [(time, way * rate) for time, rate in _to_stand(abs(distance), speed, goal)]
    return Profile(position, velocity, tuple(phases), goal.target)


def _to_speed(velocity: float, goal: Run) -> tuple[tuple[float, float], ...]:
    wanted = goal.speed
    if velocity * wanted < 0:  # by way of 0
        return (
            (abs(velocity) / goal.deceleration, -_sign(velocity) * goal.deceleration),
            (abs(wanted) / goal.acceleration, _sign(wanted) * goal.acceleration),
        )
    rate = goal.acceleration if abs(wanted) > abs(velocity) else goal.deceleration
    change = wanted - velocity
    return ((abs(change) / rate, _sign(change) * rate),) if change else ()


def _to_stand(distance: float, speed: float, goal: MoveTo) -> list[tuple[float, float]]:
    """From ``speed``, at which one can still stop in ``distance``, to 0 there; all of it forwards."""
    up, down = goal.acceleration, goal.deceleration
    if speed > goal.speed:
        first, peak = (speed - goal.speed) / down, goal.speed
        rate = -down
        used = speed * speed / (2 * down)
    else:
        reach = distance + speed * speed / (2 * up)
        peak = min(goal.speed, math.sqrt(reach * 2 * up * down / (up + down)))
        first, rate = max(0.0, peak - speed) / up, up
        used = (peak * peak - speed * speed) / (2 * up) + peak * peak / (2 * down)
    cruise = max(0.0, distance - used) / peak if peak > 0 else 0.0
    return [(first, rate), (cruise, 0.0), (peak / down, -down)]


def _sign(value: float) -> float:
    return math.copysign(1.0, value) if value else 0.0
