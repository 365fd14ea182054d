"""The slow, obvious judge of `npusim.schedule`: every piece run by hand, one event at a time.

An engine takes its tasks in order and keeps a task from its first piece to its last. A piece starts when
its engine is free, all `after` tasks have ended, and the producer pieces it needs have ended: with equal
counts piece i needs piece i; with unequal counts (n producer pieces, m own) it needs the first
ceil((i+1)*n/m). `short_last` shortens the last piece of a task; `buffers` lets a producer run ahead of its
consumer by so many pieces only (back-pressure).
"""

from fractions import Fraction


def run(queue, pieces, after, streams, time, short_last=None, buffers=None):
    """Start and end of every task, exact fractions. `time`: whole task; `short_last[i]`: length of the
    last piece as a share of the others (1 = equal pieces)."""
    count = len(queue)
    durations = []
    for i in range(count):
        share = Fraction(1) if short_last is None else Fraction(short_last[i])
        unit = Fraction(time[i]) / (pieces[i] - 1 + share)
        durations.append([unit] * (pieces[i] - 1) + [unit * share])
    consumers = [[t for t in range(count) if i in streams[t]] for i in range(count)]
    order: dict[int, list[tuple[int, int]]] = {}
    for i in range(count):
        order.setdefault(queue[i], []).extend((i, k) for k in range(pieces[i]))
    done: dict[tuple[int, int], Fraction] = {}
    begun: dict[tuple[int, int], Fraction] = {}
    clock = {q: Fraction(0) for q in order}
    cursor = {q: 0 for q in order}
    remaining = sum(pieces)
    while remaining:
        progressed = False
        for q, row in order.items():
            while cursor[q] < len(row):
                i, k = row[cursor[q]]
                waits = [(p, pieces[p] - 1) for p in after[i]]
                waits += [(p, -(-(k + 1) * pieces[p] // pieces[i]) - 1) for p in streams[i]]
                if buffers is not None:  # the piece `buffers` earlier must have been picked up
                    waits_begun = [
                        (c, k - buffers) for c in consumers[i] if k >= buffers and pieces[c] == pieces[i]
                    ]
                else:
                    waits_begun = []
                if any(w not in done for w in waits) or any(w not in begun for w in waits_begun):
                    break
                start = max([clock[q], *(done[w] for w in waits), *(begun[w] for w in waits_begun)])
                begun[i, k], done[i, k] = start, start + durations[i][k]
                clock[q] = done[i, k]
                cursor[q] += 1
                remaining -= 1
                progressed = True
        if not progressed:
            raise RuntimeError("deadlock: back-pressure against the order of a queue")
    return [begun[i, 0] for i in range(count)], [done[i, pieces[i] - 1] for i in range(count)]
