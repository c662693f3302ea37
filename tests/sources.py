"""Sources: a tree of Python files as values: who imports what and where, how long things are.

Knows the syntax, and nothing of what is allowed.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

PACKAGE = "pubsub_tasks"

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Import:
    """One imported name.

    Attributes:
        target: all that is named: `os.environ`, `pubsub_tasks.wire.records.Record`.
        module: the module that gets loaded: `os`, `pubsub_tasks.wire.records`.
        line: where, in the file.
        within: the function around it, or `TYPE_CHECKING`, or None at the top of a module.
    """

    target: str
    module: str
    line: int
    within: str | None

    def of(self, name: str) -> bool:
        """Whether `name`, or a part of it, is what gets imported."""
        return f"{self.target}.".startswith(f"{name}.")


@dataclass(frozen=True)
class Module:
    """One file; `path` is relative to the root of the tree, with slashes."""

    path: str
    text: str
    known: frozenset[str] = field(repr=False)

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @property
    def name(self) -> str:
        return module_name(self.path)

    @property
    def length(self) -> int:
        return len(self.text.splitlines())

    @cached_property
    def functions(self) -> list[Function]:
        return [node for node in ast.walk(self.tree) if isinstance(node, Function)]

    @cached_property
    def calls(self) -> list[tuple[str, int]]:
        """The dotted name of all that is called, and the line."""
        return [
            (ast.unparse(node.func), node.lineno)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Call)
        ]

    @cached_property
    def imports(self) -> list[Import]:
        return list(self._imports_below(self.tree, None))

    @cached_property
    def public_names(self) -> list[str]:
        """What the module itself binds at its top, without `__all__` and what begins with an underscore."""
        bound = [name for node in self.tree.body for name in _bound_by(node)]
        return sorted({name for name in bound if not name.startswith("_")})

    @cached_property
    def exported(self) -> list[str] | None:
        """`__all__`, or None where there is none."""
        for node in self.tree.body:
            if isinstance(node, ast.Assign) and _bound_by(node) == ["__all__"]:
                return list(ast.literal_eval(node.value))
        return None

    def _imports_below(self, node: ast.AST, within: str | None) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            yield from self._imported_by(child, within)
            yield from self._imports_below(child, _place(child) or within)

    def _imported_by(self, node: ast.AST, within: str | None) -> Iterator[Import]:
        match node:
            case ast.Import(names=names):
                for alias in names:
                    yield Import(alias.name, alias.name, node.lineno, within)
            case ast.ImportFrom(names=names):
                for alias in names:
                    yield self._from(self._source(node), alias.name, node.lineno, within)
            # An import in the clothes of a call is an import.
            case ast.Call(func=called, args=[ast.Constant(value=str(name)), *_]):
                if ast.unparse(called).split(".")[-1] in ("import_module", "__import__"):
                    yield Import(name, name, node.lineno, within)

    def _from(self, source: str, name: str, line: int, within: str | None) -> Import:
        target = f"{source}.{name}"
        return Import(target, target if target in self.known else source, line, within)

    def _source(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        here = self.path.removesuffix(".py").split("/")[: -node.level]
        return ".".join([*here, *([node.module] if node.module else [])])


class House:
    """The tree below a root: all Python files, and the package's own among them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        files = {
            path.relative_to(root).as_posix(): path
            for folder in (PACKAGE, "tests", "examples")
            for path in sorted((root / folder).rglob("*.py"))
        }
        known = frozenset(module_name(path) for path in files)
        self.files = [Module(path, file.read_text(encoding="utf-8"), known) for path, file in files.items()]

    @cached_property
    def package(self) -> list[Module]:
        return [module for module in self.files if module.path.startswith(f"{PACKAGE}/")]


def module_name(path: str) -> str:
    """`pubsub_tasks/cli/__init__.py` is `pubsub_tasks.cli`."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _place(node: ast.AST) -> str | None:
    if isinstance(node, Function):
        return f"{node.name}()"
    if isinstance(node, ast.If) and ast.unparse(node.test).split(".")[-1] == "TYPE_CHECKING":
        return "TYPE_CHECKING"
    return None


def _bound_by(node: ast.stmt) -> list[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return [alias.asname or alias.name for alias in names]
        case ast.Assign(targets=targets):
            return [target.id for target in targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []
