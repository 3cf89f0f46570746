from erp_integrations.pairing.kinds import COMMITMENTS, COST_CODES, COST_TYPES, JOBS, VENDORS
from erp_integrations.pairing.lines import LINES
from erp_integrations.pairing.pairs import Entry, Match, Pair, Standing

PAIRS: dict[str, Pair] = {pair.slug: pair for pair in (VENDORS, JOBS, COST_CODES, COST_TYPES, COMMITMENTS, LINES)}

__all__ = ["COST_TYPES", "JOBS", "LINES", "PAIRS", "VENDORS", "Entry", "Match", "Pair", "Standing"]
