"""Which column each box is in: behind everything that leads to it, cycles opened first."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["back_links", "columns"]

Pair = tuple[int, int]


def back_links(count: int, pairs: Sequence[Pair]) -> set[Pair]:
    """The pairs that lead back to where one came from: without them there is no cycle.

    Walks from what nothing leads to, then from the rest, in order.
    """
    after = _after(count, pairs)
    led_to = {target for _, target in pairs}
    todo, walking, done = 0, 1, 2
    state = [todo] * count
    back: set[Pair] = set()
    for root in sorted(range(count), key=lambda box: box in led_to):
        if state[root] != todo:
            continue
        state[root] = walking
        path = [(root, iter(after[root]))]
        while path:  # a loop, not a recursion: a chain may be longer than the stack
            box, following = path[-1]
            target = next(following, None)
            if target is None:
                state[box] = done
                path.pop()
            elif state[target] == walking:
                back.add((box, target))
            elif state[target] == todo:
                state[target] = walking
                path.append((target, iter(after[target])))
    return back


def columns(count: int, forward: Sequence[Pair]) -> list[int]:
    """The longest path to each box; what nothing leads to moves next to what it leads to.

    ``forward`` has no cycle.
    """
    after = _after(count, forward)
    waiting = [0] * count
    for _, target in forward:
        waiting[target] += 1
    first = [box for box in range(count) if waiting[box] == 0]
    column = [0] * count
    ready = list(first)
    while ready:
        box = ready.pop()
        for target in after[box]:
            column[target] = max(column[target], column[box] + 1)
            waiting[target] -= 1
            if waiting[target] == 0:
                ready.append(target)
    for box in first:
        if after[box]:
            column[box] = min(column[target] for target in after[box]) - 1
    return column


def _after(count: int, pairs: Sequence[Pair]) -> list[list[int]]:
    after: list[list[int]] = [[] for _ in range(count)]
    for source, target in pairs:
        after[source].append(target)
    return after
