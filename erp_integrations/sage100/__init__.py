"""Everything about Sage 100 Contractor: its lists, the import file, the rules. Pure Python, no Django.

Nothing outside knows Sage's columns, and all come in by the doors that pyproject.toml names: another accounting program
would stand beside this folder with the same ones.
"""
