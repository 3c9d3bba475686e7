"""Finds statements that do not name their school, or that a sharded database would refuse.

Each query level is read as a graph: a node for every relation of a FROM clause, and an edge where a
condition lets one node's school_id follow from another's. Every tenant table must be reachable from
a bind or a literal. Conditions below OR and NOT say nothing; an outer join passes the school
only to the side that it may fill with NULLs.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pglast
from pglast import ast
from pglast.enums import A_Expr_Kind, BoolExprType, JoinType

OFF = "tenant-lint: off"  # a comment that hides a statement: tests of the row security need it
SYSTEM_SCHEMAS = {"pg_catalog", "information_schema"}
DDL = ("Create", "Alter", "Drop", "Index", "Grant", "Comment")
BOUND = "$"


@dataclass(slots=True)
class Relation:
    """One name in a FROM clause."""

    node: str
    tenant: str = ""  # the table's name when its rows belong to schools
    carries: bool = False  # a derived table whose school_id column comes from a bound one


@dataclass(slots=True)
class Scope:
    """One query level: what its names mean, and the level around it."""

    parent: Scope | None
    ctes: dict[str, bool]
    relations: dict[str, Relation] = field(default_factory=dict)
    using: bool = False

    def find(self, alias: str) -> Relation | None:
        """The relation behind an alias, looked up outwards."""
        scope: Scope | None = self
        while scope is not None:
            if alias in scope.relations:
                return scope.relations[alias]
            scope = scope.parent
        return None

    def unqualified(self) -> list[Relation]:
        """What a bare `school_id` means: the one relation that has it, or all merged by USING."""
        scope: Scope | None = self
        while scope is not None:
            having = [item for item in scope.relations.values() if item.tenant or item.carries]
            if having:
                return having if len(having) == 1 or scope.using else []
            scope = scope.parent
        return []


def _names_jit(call: ast.FuncCall) -> bool:
    first = call.args[0] if call.args else None
    return isinstance(first, ast.A_Const) and getattr(first.val, "sval", "") == "jit"


class Linter:
    """Reads one message to the database, which may hold several statements."""

    def __init__(self, tenant_tables: Iterable[str]) -> None:
        self.tables = frozenset(tenant_tables)
        self.names = frozenset(name.rpartition(".")[2] for name in self.tables)
        self.problems: list[str] = []
        self.edges: set[tuple[str, str]] = set()
        self.required: list[tuple[str, str]] = []
        self.numbers = itertools.count()

    def run(self, sql: str) -> list[str]:
        """All problems of a message, each once, in the order of the text."""
        statements = [raw.stmt for raw in pglast.parse_sql(sql)]
        if len(statements) > 1 and any(type(item).__name__.startswith(DDL) for item in statements):
            self.problems.append("several statements with DDL in one message")
        for statement in statements:
            self.visit(statement, Scope(None, {}))
        reached = self._reached()
        self.problems += [text for node, text in self.required if node not in reached]
        return list(dict.fromkeys(self.problems))

    def _reached(self) -> set[str]:
        reached, fresh = {BOUND}, {BOUND}
        while fresh:
            fresh = {to for start, to in self.edges if start in fresh} - reached
            reached |= fresh
        return reached

    def tenant(self, table: ast.RangeVar, ctes: dict[str, bool]) -> str:
        """The qualified name if rows of this table belong to schools, else nothing."""
        if table.schemaname is None:
            if table.relname in ctes or table.relname not in self.names:
                return ""
            return str(table.relname)
        name = f"{table.schemaname}.{table.relname}"
        bare = table.relname in self.tables and table.schemaname not in SYSTEM_SCHEMAS
        return name if name in self.tables or bare else ""

    # ---------------------------------------------------------------- walking
    def visit(self, node: Any, scope: Scope) -> None:
        """Handles statements that matter and walks through everything else."""
        if isinstance(node, tuple | list):
            for item in node:
                self.visit(item, scope)
            return
        if not isinstance(node, ast.Node):
            return
        handler = getattr(self, f"on_{type(node).__name__}", None)
        if handler is None:
            self.children(node, scope)
        else:
            handler(node, scope)

    def children(self, node: ast.Node, scope: Scope, *, without: tuple[str, ...] = ()) -> None:
        for name in node:
            if name not in without:
                self.visit(getattr(node, name), scope)

    def level(self, node: Any, scope: Scope, relations: Any) -> Scope:
        """Opens a query level: its WITH clause, then the names of its FROM clause."""
        inner = Scope(scope, dict(scope.ctes))
        clause: Any = getattr(node, "withClause", None)
        for cte in clause.ctes if clause else ():
            if clause.recursive:
                inner.ctes[cte.ctename] = carries_school(cte.ctequery, self, inner.ctes)
            self.visit(cte.ctequery, Scope(scope, dict(inner.ctes)))
            inner.ctes[cte.ctename] = carries_school(cte.ctequery, self, inner.ctes)
        for item in relations:
            self.name(item, inner)
        return inner

    def name(self, item: Any, scope: Scope) -> list[Relation]:
        """Enters one FROM item into the scope and gives the relations below it."""
        if isinstance(item, ast.RangeVar):
            tenant = self.tenant(item, scope.ctes)
            relation = self._relation(tenant)
            known = item.schemaname is None and scope.ctes.get(item.relname, False)
            alias = item.alias.aliasname if item.alias else item.relname
            if tenant:
                text = f"{tenant} {alias}" if alias != item.relname else tenant
                self.required.append((relation.node, f"{text}: no school_id = $n"))
            elif known:
                self._carry(relation)
            scope.relations[alias] = relation
            return [relation]
        if isinstance(item, ast.JoinExpr):
            return self._join(item, scope)
        relation = self._relation("")
        if isinstance(item, ast.RangeSubselect):
            self.visit(item.subquery, scope)
            if carries_school(item.subquery, self, scope.ctes):
                self._carry(relation)
        else:
            self.visit(item, scope)
        alias = getattr(item, "alias", None)
        if alias is not None:
            scope.relations[alias.aliasname] = relation
        return [relation]

    def _relation(self, tenant: str) -> Relation:
        return Relation(f"r{next(self.numbers)}", tenant)

    def _carry(self, relation: Relation) -> None:
        relation.carries = True
        self.edges.add((BOUND, relation.node))

    def _join(self, join: ast.JoinExpr, scope: Scope) -> list[Relation]:
        left, right = self.name(join.larg, scope), self.name(join.rarg, scope)
        if join.isNatural:
            self.problems.append("NATURAL JOIN: name the columns")
        to_left = join.jointype in {JoinType.JOIN_INNER, JoinType.JOIN_RIGHT}
        to_right = join.jointype in {JoinType.JOIN_INNER, JoinType.JOIN_LEFT}
        fillable = {item.node for item in (left if to_left else [])}
        fillable |= {item.node for item in (right if to_right else [])}
        if any(column.sval == "school_id" for column in join.usingClause or ()):
            scope.using = True
            self._link(left, right, fillable)
            self._link(right, left, fillable)
        self.condition(join.quals, scope, fillable)
        self.visit(join.quals, scope)
        return left + right

    # ---------------------------------------------------------------- conditions
    def condition(self, node: Any, scope: Scope, targets: set[str]) -> None:
        """Notes which school_id follows from what, as far as the condition must hold."""
        if isinstance(node, ast.BoolExpr) and node.boolop == BoolExprType.AND_EXPR:
            for part in node.args:
                self.condition(part, scope, targets)
        elif (
            isinstance(node, ast.A_Expr)
            and node.kind == A_Expr_Kind.AEXPR_OP
            and node.name[-1].sval == "="
        ):
            for one, other in pairs(node.lexpr, node.rexpr):
                left, right = school_column(one, scope), school_column(other, scope)
                if is_bound(other):
                    self.edges |= {(BOUND, item.node) for item in left if item.node in targets}
                elif is_bound(one):
                    self.edges |= {(BOUND, item.node) for item in right if item.node in targets}
                else:
                    self._link(left, right, targets)
                    self._link(right, left, targets)

    def _link(self, start: list[Relation], to: list[Relation], targets: set[str]) -> None:
        for one, other in itertools.product(start, to):
            if other.node in targets:
                self.edges.add((one.node, other.node))

    def where(self, node: Any, scope: Scope) -> None:
        """A WHERE clause holds for every relation of its own level."""
        own = {relation.node for relation in scope.relations.values()}
        self.condition(node, scope, own)
        self.visit(node, scope)

    # ---------------------------------------------------------------- statements
    def on_SelectStmt(self, node: ast.SelectStmt, scope: Scope) -> None:
        inner = self.level(node, scope, node.fromClause or ())
        self.where(node.whereClause, inner)
        self.children(node, inner, without=("withClause", "fromClause", "whereClause"))

    def on_UpdateStmt(self, node: ast.UpdateStmt, scope: Scope) -> None:
        inner = self.level(node, scope, (node.relation, *(node.fromClause or ())))
        if self.tenant(node.relation, scope.ctes) and names_school(node.targetList):
            self.problems.append("update sets school_id")
        self.where(node.whereClause, inner)
        skipped = ("withClause", "relation", "fromClause", "whereClause")
        self.children(node, inner, without=skipped)

    def on_DeleteStmt(self, node: ast.DeleteStmt, scope: Scope) -> None:
        inner = self.level(node, scope, (node.relation, *(node.usingClause or ())))
        self.where(node.whereClause, inner)
        skipped = ("withClause", "relation", "usingClause", "whereClause")
        self.children(node, inner, without=skipped)

    def on_InsertStmt(self, node: ast.InsertStmt, scope: Scope) -> None:
        inner = self.level(node, scope, ())
        tenant = self.tenant(node.relation, scope.ctes)
        source = node.selectStmt
        if tenant:
            if not names_school(node.cols or ()):
                self.problems.append(f"insert into {tenant} does not name school_id")
            self._on_conflict(node.onConflictClause)
            returning = getattr(node, "returningClause", None) or getattr(
                node, "returningList", None
            )
            if returning and source is not None and any(tables(source.fromClause)):
                self.problems.append("insert .. select from a table .. returning")
        self.visit(source, inner)
        # The row that is written and the one in its way are of the school that is written.
        alias = node.relation.alias
        target = Relation(f"r{next(self.numbers)}", tenant)
        inner.relations[alias.aliasname if alias else node.relation.relname] = target
        self.edges.add((BOUND, target.node))
        self.children(node, inner, without=("withClause", "relation", "selectStmt"))

    def _on_conflict(self, clause: Any) -> None:
        if clause is None:
            return
        if names_school(clause.targetList or ()):
            self.problems.append("update sets school_id")
        infer = clause.infer
        if infer is not None and infer.indexElems and not names_school(infer.indexElems):
            self.problems.append("on conflict without school_id")

    def on_MergeStmt(self, *_: object) -> None:
        self.problems.append("MERGE")

    def on_TruncateStmt(self, *_: object) -> None:
        self.problems.append("TRUNCATE")

    def on_CreateTrigStmt(self, *_: object) -> None:
        self.problems.append("CREATE TRIGGER")

    def on_NotifyStmt(self, *_: object) -> None:
        self.problems.append("NOTIFY in a school's transaction: only on the jobs source")

    def on_ListenStmt(self, *_: object) -> None:
        self.problems.append("LISTEN on a school's connection: only on the jobs source")

    def on_VariableSetStmt(self, node: ast.VariableSetStmt, _: Scope) -> None:
        if (node.name or "").startswith("app.") and not node.is_local:
            self.problems.append("SET without LOCAL")

    def on_GroupingSet(self, *_: object) -> None:
        self.problems.append("ROLLUP, CUBE or GROUPING SETS")

    def on_FuncCall(self, node: ast.FuncCall, scope: Scope) -> None:
        name = node.funcname[-1].sval
        # asyncpg itself turns jit off by set_config() while it looks types up.
        if name == "set_config" and not _names_jit(node):
            self.problems.append("set_config() is not propagated: use SET LOCAL")
        elif name.startswith(("pg_advisory", "pg_try_advisory")):
            self.problems.append("an advisory lock holds on one node only")
        elif name == "pg_notify":
            self.problems.append("pg_notify() in a school's transaction: only on the jobs source")
        self.children(node, scope)


def pairs(left: Any, right: Any) -> Iterator[tuple[Any, Any]]:
    """The single comparisons behind `a = b` and `(a, b) = (c, d)`."""
    if isinstance(left, ast.RowExpr) and isinstance(right, ast.RowExpr):
        yield from zip(left.args, right.args, strict=True)
    else:
        yield left, right


def is_bound(node: Any) -> bool:
    """Whether an expression is a bind or a literal, casts aside."""
    while isinstance(node, ast.TypeCast):
        node = node.arg
    return isinstance(node, ast.ParamRef) or (isinstance(node, ast.A_Const) and not node.isnull)


def school_column(node: Any, scope: Scope) -> list[Relation]:
    """The relations whose school_id an expression is; none if it is something else."""
    if not isinstance(node, ast.ColumnRef):
        return []
    last = node.fields[-1]
    if not isinstance(last, ast.String) or last.sval != "school_id":
        return []
    if len(node.fields) == 1:
        return scope.unqualified()
    found = scope.find(node.fields[-2].sval)
    return [found] if found else []


def names_school(targets: Iterable[Any]) -> bool:
    """Whether a list of columns holds school_id."""
    return any(getattr(target, "name", None) == "school_id" for target in targets)


def tables(items: Any) -> Iterator[ast.RangeVar]:
    """The tables of a FROM clause, joins included."""
    for item in items or ():
        if isinstance(item, ast.RangeVar):
            yield item
        elif isinstance(item, ast.JoinExpr):
            yield from tables((item.larg, item.rarg))


def carries_school(query: Any, linter: Linter, ctes: dict[str, bool]) -> bool:
    """Whether a query gives out a school_id column of rows whose school is bound."""
    if isinstance(query, ast.SelectStmt):
        if query.larg is not None:
            sides = (query.larg, query.rarg)
            return all(carries_school(side, linter, ctes) for side in sides)
        outputs = query.targetList
        sources = list(tables(query.fromClause))
    else:
        clause = getattr(query, "returningClause", None)
        outputs = clause.exprs if clause else getattr(query, "returningList", None)
        sources = [query.relation]
    if not any(linter.tenant(table, ctes) or ctes.get(table.relname) for table in sources):
        return False
    for target in outputs or ():
        if target.name not in {None, "school_id"} or not isinstance(target.val, ast.ColumnRef):
            continue
        last = target.val.fields[-1]
        if isinstance(last, ast.A_Star) or last.sval == "school_id":
            return True
    return False


def lint(sql: str, tenant_tables: Iterable[str]) -> list[str]:
    """Finds what is wrong with one message to the database; an empty list is good.

    Args:
        sql: the text as sent, one statement or several.
        tenant_tables: names of the tables with a school_id, bare or as schema.table.
    """
    if OFF in sql:
        return []
    return Linter(tenant_tables).run(sql)
