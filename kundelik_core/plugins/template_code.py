"""Write the code of templates so that it does less for the same output.

Contexts are mostly plain mappings, and Jinja looks for an attribute of each before it asks for the
key. What stands together in a template is handed on together: each piece goes through the
generators of all templates around it.
"""

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame, optimizeconst
from typing_extensions import override

__all__ = ["JoiningGenerator", "KeyFirstGenerator"]


class KeyFirstGenerator(CodeGenerator):
    """Asks a plain mapping for its key at once; what a mapping has itself is found as before."""

    @optimizeconst
    @override
    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:
        if hasattr(dict, node.attr):
            super().visit_Getattr(node, frame)
            return
        self.write("(_o[")
        self.write(f"{node.attr!r}] if type(_o := ")
        self.visit(node.node, frame)
        self.write(
            f") is dict and {node.attr!r} in _o else environment.getattr(_o, {node.attr!r}))"
        )


class JoiningGenerator(KeyFirstGenerator):
    """Yields text and values that stand beside each other as one piece.

    A loop's rounds stay apart, so that who counts the pieces can stop one that makes too many.
    """

    @override
    def visit_Output(self, node: nodes.Output, frame: Frame) -> None:
        if len(node.nodes) < 2 or frame.buffer is not None or frame.require_output_check:
            super().visit_Output(node, frame)
            return
        self.buffer(frame)
        gathered = frame.buffer
        super().visit_Output(node, frame)
        frame.buffer = None
        self.writeline(f"yield concat({gathered})", node)
