"""Every numbered rule of ``spec/`` is claimed by a test, and no test claims a rule that is not."""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent
SPEC = TESTS.parent / "spec"
RULE = re.compile(r"^- \*\*([A-Z]+-\d+)\*\* (\S.*)$", re.MULTILINE)
LOOKS_LIKE_A_RULE = re.compile(r"^\s*[-*]\s+\**([A-Z]{2,}-\d+)\b", re.MULTILINE)


def stated(folder: Path = SPEC) -> list[tuple[str, str]]:
    """Every rule id with the file that states it."""
    return [
        (found[1], path.name)
        for path in sorted(folder.glob("**/*.md"))
        for found in RULE.finditer(path.read_text())
    ]


def claims_in(source: str) -> Iterator[str]:
    """The rule ids in every ``pytest.mark.rule("...")`` of a test file."""
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "rule"
            and ast.unparse(node.func.value).endswith("mark")
        ):
            for argument in node.args:
                value = argument.value if isinstance(argument, ast.Starred) else argument
                yield from (
                    ast.literal_eval(value) if value is not argument else [ast.literal_eval(value)]
                )


def claimed() -> dict[str, set[str]]:
    """Every claimed rule id with the files that claim it."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted(TESTS.rglob("test_*.py")):
        for rule_id in claims_in(path.read_text()):
            found[rule_id].add(str(path.relative_to(TESTS)))
    return found


def test_there_are_rules():
    assert len(stated()) > 40


def test_every_rule_has_one_number_and_every_number_one_rule():
    twice = {rule_id for rule_id, n in Counter(rule_id for rule_id, _ in stated()).items() if n > 1}
    assert not twice, f"stated more than once: {sorted(twice)}"


def test_every_line_that_looks_like_a_rule_is_written_as_one():
    known = {rule_id for rule_id, _ in stated()}
    for path in sorted(SPEC.glob("**/*.md")):
        for found in LOOKS_LIKE_A_RULE.finditer(path.read_text()):
            assert found[1] in known, f"{path.name}: {found[0]!r} is not '- **{found[1]}** text'"


def test_every_rule_is_claimed_by_a_test():
    proven = claimed()
    open_rules = [f"{rule_id} ({name})" for rule_id, name in stated() if rule_id not in proven]
    assert not open_rules, f"no test claims {', '.join(open_rules)}"


def test_no_test_claims_a_rule_that_is_not_stated():
    known = {rule_id for rule_id, _ in stated()}
    unknown = {
        rule_id: sorted(files) for rule_id, files in claimed().items() if rule_id not in known
    }
    assert not unknown, f"claimed, but not in spec/: {unknown}"


def test_claims_are_found_on_functions_classes_and_pytestmark():
    source = """
pytestmark = [pytest.mark.rule("A-1", "A-2")]
Machine.TestCase.pytestmark = [pytest.mark.rule(*["A-3"])]
@pytest.mark.rule("A-4")
class TestIt:
    @pytest.mark.rule("A-5")
    def test_it(self): ...
    @rule("not a marker")
    def step(self): ...
"""
    assert sorted(claims_in(source)) == ["A-1", "A-2", "A-3", "A-4", "A-5"]


def test_every_test_that_the_acceptance_list_names_exists():
    named = set(re.findall(r"`(test_\w+)`", (SPEC / "acceptance.md").read_text()))
    defined = {
        node.name
        for path in TESTS.rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
    }
    assert len(named) > 20
    assert named - defined == set()
