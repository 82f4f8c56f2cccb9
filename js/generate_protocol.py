"""Write ``src/protocol.ts`` from ``s3upload_widget/protocol.py``; ``--check`` only compares.

Python's definition is the only one: TypeScript gets its names, types, units and comments
from here, so that a message that one side misspells does not compile on the other.
"""

from __future__ import annotations

import ast
import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from s3upload_widget import accept, errors, protocol, results
from s3upload_widget.s3.errors import CODES, GATEWAY_STATUSES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

TARGET: Final = Path(__file__).parent / "src" / "protocol.ts"
COMMAND: Final = "make protocol"
HEADER: Final = f"// Generated from s3upload_widget/protocol.py by `{COMMAND}`. Do not edit.\n"
BASES: Final = {"Message", "Record"}
"""They add no fields to the classes that derive from them."""
SCALARS: Final = {"str": "string", "int": "number", "float": "number", "bool": "boolean"}
WIDTH: Final = 100


def generate() -> str:
    """Return the whole text of ``protocol.ts``."""
    basics = [*_module(results, only_aliases=True), _error_codes(), *_module(accept), *_s3_errors()]
    return "\n".join([HEADER, *basics, *_module(protocol), _calls(), _speeds(), _obstacles()])


def _module(module: ModuleType, *, only_aliases: bool = False) -> Iterator[str]:
    """Every definition of ``module`` that has a place in TypeScript, in its order."""
    for node, doc in _documented(ast.parse(inspect.getsource(module)).body):
        match node:
            case ast.ClassDef(name=name) if not only_aliases and _is_struct(module, name):
                yield _interface(node, getattr(module, name))
            case ast.AnnAssign(target=ast.Name(id=name), annotation=ast.Name(id="TypeAlias")):
                yield _alias(name, node.value, doc)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Subscript()):
                yield _alias(name, node.value, doc)
            case ast.AnnAssign(target=ast.Name(id=name), annotation=ast.Name(id="Final")) if (
                not only_aliases
            ):
                yield f"{_comment(doc)}export const {name} = {_json(getattr(module, name))};\n"
            case ast.AnnAssign(
                target=ast.Name(id=name),
                annotation=ast.Subscript(
                    value=ast.Name(id="Final"),
                    slice=ast.Subscript(value=ast.Name(id="tuple")) as annotation,
                ),
            ):
                items = "".join(f"  {_json(item)},\n" for item in getattr(module, name))
                head = f"export const {name}: {_type(annotation)} = ["
                yield f"{_comment(doc)}{head}\n{items}];\n"


def _documented(body: list[ast.stmt]) -> Iterator[tuple[ast.stmt, str]]:
    """Each statement with the docstring that follows it, ``""`` where none does."""
    for node, following in zip(body, [*body[1:], ast.Pass()], strict=True):
        match following:
            case ast.Expr(value=ast.Constant(value=str(doc))):
                yield node, doc
            case _:
                yield node, ""


def _is_struct(module: ModuleType, name: str) -> bool:
    return name not in BASES and issubclass(getattr(module, name), msgspec.Struct)


def _interface(node: ast.ClassDef, cls: type[msgspec.Struct]) -> str:
    info: Any = msgspec.inspect.type_info(cls)
    if any(not field.required for field in info.fields):
        message = f"{cls.__name__}: a field with a default has no meaning in a message"
        raise TypeError(message)
    lines = [f'  readonly kind: "{info.tag}";\n'] if info.tag else []
    for field, doc in _documented(node.body):
        match field:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                # Only the classes of `errors` give codes, though `str` is all that msgspec needs.
                type_ = "ErrorCode" if name == "code" else _type(annotation)
                lines.append(f"{_comment(doc, '  ')}  readonly {name}: {type_};\n")
    doc = ast.get_docstring(node) or ""
    return f"{_comment(doc)}export interface {cls.__name__} {{\n{''.join(lines)}}}\n"


def _alias(name: str, value: ast.expr | None, doc: str) -> str:
    if value is None:
        message = f"{name} is declared without a type"
        raise TypeError(message)
    return f"{_comment(doc)}{_union(name, _type(value).split(' | '))}"


def _union(name: str, members: list[str]) -> str:
    line = f"export type {name} = {' | '.join(members)};\n"
    if len(line) <= WIDTH:
        return line
    return f"export type {name} =\n" + "\n".join(f"  | {member}" for member in members) + ";\n"


def _type(node: ast.expr) -> str:
    """Return a Python type expression in TypeScript's words."""
    match node:
        case ast.Name(id=name):
            return SCALARS.get(name, name)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return f"{_type(left)} | {_type(right)}"
        case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[first, *_])):
            return _type(first)
        case ast.Subscript(value=ast.Name(id="Literal"), slice=ast.Tuple(elts=values)):
            return " | ".join(_literal(value) for value in values)
        case ast.Subscript(value=ast.Name(id="Literal"), slice=value):
            return _literal(value)
        case (
            ast.Subscript(value=ast.Name(id="list"), slice=item)
            | ast.Subscript(
                value=ast.Name(id="tuple"), slice=ast.Tuple(elts=[item, ast.Constant()])
            )
        ):
            return (
                f"readonly ({_type(item)})[]" if "|" in _type(item) else f"readonly {_type(item)}[]"
            )
        case ast.Subscript(value=ast.Name(id="dict"), slice=ast.Tuple(elts=[key, value])):
            return f"Readonly<Record<{_type(key)}, {_type(value)}>>"
        case _:
            message = f"no TypeScript for {ast.unparse(node)}"
            raise TypeError(message)


def _literal(node: ast.expr) -> str:
    return _json(ast.literal_eval(node))


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _error_codes() -> str:
    codes = [f'"{cls.code}"' for cls in errors.all_errors()]
    return _comment("What went wrong: the codes of `s3upload_widget.errors`.") + _union(
        "ErrorCode", codes
    )


def _s3_errors() -> Iterator[str]:
    lines = [f'  {code}: "{cls.code}",\n' for code, cls in CODES.items()]
    doc = "What S3's error codes mean, as far as the code alone tells."
    head = "export const S3_ERRORS: Readonly<Record<string, ErrorCode>> = {\n"
    yield f"{_comment(doc)}{head}{''.join(lines)}}};\n"
    doc = "Of a gateway that gets no answer from S3, or is overloaded: S3's own errors have a code."
    lines = [f"  {status},\n" for status in GATEWAY_STATUSES]
    head = "export const GATEWAY_STATUSES: readonly number[] = [\n"
    yield f"{_comment(doc)}{head}{''.join(lines)}];\n"


def _calls() -> str:
    """Return the map from a request's kind to its type and to its possible replies."""
    lines = []
    for request, kind in protocol.KINDS.items():
        reply = " | ".join(cls.__name__ for cls in kind.replies)
        lines.append(
            f"  readonly {_tag(request)}: {{ request: {request.__name__}; reply: {reply} }};\n"
        )
    doc = "The request and the possible replies of each kind, besides `Failed`."
    return f"{_comment(doc)}export interface Calls {{\n{''.join(lines)}}}\n"


def _speeds() -> str:
    lines = [f'  {_tag(request)}: "{kind.speed}",\n' for request, kind in protocol.KINDS.items()]
    doc = "How long each kind of request takes to be answered."
    head = "export const SPEEDS: Readonly<Record<keyof Calls, Speed>> = {\n"
    return f"{_comment(doc)}{head}{''.join(lines)}}};\n"


def _obstacles() -> str:
    lines = [
        f"  {cause}: {{ waits: {_json(handling.waits)}, relay: {_json(handling.relay)} }},\n"
        for cause, handling in protocol.OBSTACLES.items()
    ]
    doc = (
        "Whether files wait where they meet an obstacle, and whether the kernel gets parts through."
    )
    fields = "{ readonly waits: boolean; readonly relay: Relay }"
    head = f"export const OBSTACLES: Readonly<Record<Obstacle, {fields}>> = {{\n"
    return f"{_comment(doc)}{head}{''.join(lines)}}};\n"


def _tag(message: type[protocol.Message]) -> str:
    info: Any = msgspec.inspect.type_info(message)
    return str(info.tag)


def _comment(doc: str, indent: str = "") -> str:
    lines = inspect.cleandoc(doc).replace("``", "`").replace("*/", "* /").splitlines()
    match lines:
        case []:
            return ""
        case [line]:
            return f"{indent}/** {line} */\n"
        case _:
            inner = "".join(f"{indent} * {line}".rstrip() + "\n" for line in lines)
            return f"{indent}/**\n{inner}{indent} */\n"


def main() -> int:
    """Write the file, or say with ``--check`` whether it is current."""
    text = generate()
    if "--check" not in sys.argv[1:]:
        TARGET.write_text(text, encoding="utf-8")
        return 0
    if TARGET.is_file() and TARGET.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write(f"js/src/protocol.ts is stale; run `{COMMAND}`\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
