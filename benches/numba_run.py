"""Runs a Python program with each of its functions compiled by Numba: `numba_run.py PROGRAM ARGUMENTS...`."""
import ast
import sys

import numba


def main():
    path = sys.argv[1]
    sys.argv = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        tree = ast.parse(file.read(), path)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            node.decorator_list.append(ast.Name("njit", ast.Load()))
    exec(compile(ast.fix_missing_locations(tree), path, "exec"), {"njit": numba.njit, "__name__": "__main__"})


main()
