"""``python -m benchmarks``: run the cases, print a table of each, and on what machine it was taken."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks import report
from benchmarks.cases import all_cases
from benchmarks.harness import run_case
from benchmarks.machine import describe

QUICK_ROUNDS = 2
QUICK_SHARE = 0.1


def _arguments(names: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10, help="rounds per case (default: 10)")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=names, help="only these cases")
    parser.add_argument("--list", action="store_true", help="name the cases and stop")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the results here")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="a tenth of the work, two rounds: shows that it runs, measures nothing",
    )
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error("--rounds must be at least 1")
    return arguments


def main() -> int:
    """Returns 1 if a variant broke while it ran; one that is not installed is no failure."""
    cases = {case.name: case for case in all_cases()}
    arguments = _arguments(list(cases))
    if arguments.list:
        for case in cases.values():
            print(f"{case.name}: {case.title}")
            print(f"    {', '.join(variant.name for variant in case.variants)}")
        return 0
    machine = describe()
    rounds = QUICK_ROUNDS if arguments.quick else arguments.rounds
    results = [
        run_case(
            cases[name],
            rounds=rounds,
            share=QUICK_SHARE if arguments.quick else 1.0,
            progress=lambda line: print(line, file=sys.stderr, flush=True),
        )
        for name in arguments.only or cases
    ]
    for result in results:
        print(f"\n{report.table(result)}")
    print(f"\n{rounds} rounds; {machine}")
    if arguments.json is not None:
        arguments.json.write_text(report.as_json(machine, rounds, results) + "\n")
    return 1 if any(result.failed for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
