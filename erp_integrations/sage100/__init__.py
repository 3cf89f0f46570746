"""Everything about Sage 100 Contractor: its lists, the import file, the rules. Pure Python, no Django."""
